"""Small files that say they are huge, or are something else than their name says."""

import io
import json
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
from PIL import Image

_HUGE = (30_000, 30_000)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


@cache
def _zeros() -> bytes:
    return zlib.compress(bytes(400 * 2**20), 1)


def _png(size: tuple[int, int], *more: bytes, colour: int = 2) -> bytes:
    head = struct.pack(">IIBBBBB", *size, 8, colour, 0, 0, 0)
    pixels = _chunk(b"IDAT", _zeros()) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + b"".join(more) + pixels


def _second_head(small: tuple[int, int], large: tuple[int, int]) -> bytes:
    return _png(small, _chunk(b"IHDR", struct.pack(">IIBBBBB", *large, 8, 2, 0, 0, 0)))


def _image(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, kind)
    return file.getvalue()


def _jpeg() -> bytes:
    content = bytearray(_image("JPEG"))
    struct.pack_into(">HH", content, content.index(b"\xff\xc0") + 5, 65_500, 65_500)
    return bytes(content)


def _gif(screen: int, picture: int) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", screen, screen, 0x80, 0, 0) + bytes(6)
    one = b"," + struct.pack("<HHHHB", 0, 0, picture, picture, 0) + b"\x02\x02\x4c\x01\0"
    return head + one * 3 + b";"


def _bmp(width: int, height: int) -> bytes:
    content = bytearray(_image("BMP"))
    struct.pack_into("<ii", content, 18, width, height)
    return bytes(content)


def _webp() -> bytes:
    canvas = (2**24 - 1).to_bytes(3, "little")
    head = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + canvas + canvas
    content = b"WEBP" + head + _image("WEBP")[12:]
    return b"RIFF" + struct.pack("<I", len(content)) + content


def _tiff() -> bytes:
    tags = ((256, 60_000), (257, 60_000), (258, 8), (259, 1), (262, 1), (273, 8), (278, 60_000))
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    entries += struct.pack("<HHII", 279, 4, 1, 2**32 - 1)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 8) + entries + bytes(4)


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("clip.mp4", bytes(50 * 2**20))
    return file.getvalue()


def _video(
    size: tuple[int, int], *, kind: str, codec: str, pixels: str, tags: dict[str, str] | None = None
) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"film.{kind}"
        with av.open(str(path), "w") as container:
            container.metadata.update(tags or {})
            stream = container.add_stream(codec, rate=30)
            stream.width, stream.height, stream.pix_fmt = *size, pixels
            stream.time_base = Fraction(1, 30)
            for index in range(3):
                frame = av.VideoFrame(*size, pixels)
                for plane in frame.planes:
                    plane.update(bytes(plane.buffer_size))
                frame.pts, frame.time_base = index, Fraction(1, 30)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path.read_bytes()


def _masks(tag: str, size: tuple[int, int] = (96, 64), pixels: str = "gray") -> Callable[[], bytes]:
    tags = {"CLASS_MAP": tag}
    return lambda: _video(size, kind="mkv", codec="ffv1", pixels=pixels, tags=tags)


_NAMES = '{"0": "background", "1": "person"}'
_LIST = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
_OTHERS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a text": lambda: b"What is this?\n" * 50,
    "a page": lambda: b"<!DOCTYPE html><html></html>",
    "a list": lambda: _LIST.encode(),
    "another list": lambda: b"ffconcat version 1.0\nfile /etc/passwd\n",
    "an archive": _zip,
    "noise": lambda: np.random.default_rng(1).bytes(20_000),
}
_BOMBS: dict[str, dict[str, Callable[[], bytes]]] = {
    "mp4": {
        **_OTHERS,
        "a huge picture": lambda: _video(
            (12_000, 12_000), kind="mp4", codec="mjpeg", pixels="yuvj420p"
        ),
    },
    "mkv": {"huge": lambda: _video((14_000, 14_000), kind="mkv", codec="ffv1", pixels="gray")},
    "gif": {"a huge screen": lambda: _gif(65_535, 8), "a huge picture": lambda: _gif(8, 65_535)},
    "apng": {"huge": lambda: _png(_HUGE)},
    "png": {
        **_OTHERS,
        "huge": lambda: _png(_HUGE),
        "a profile": lambda: _png((8, 8), _chunk(b"iCCP", b"name\0\0" + _zeros())),
        "a text within": lambda: _png((8, 8), _chunk(b"zTXt", b"name\0\0" + _zeros())),
        "a larger head": lambda: _second_head((8, 8), _HUGE),
        "a smaller head": lambda: _second_head(_HUGE, (8, 8)),
    },
    "jpeg": {"huge": _jpeg},
    "bmp": {"huge": lambda: _bmp(2**31 - 1, 2**31 - 1), "upside down": lambda: _bmp(9, -(2**31))},
    "webp": {"huge": _webp},
    "tiff": {"huge": _tiff},
    "folder": _OTHERS,
    "masks": {
        **_OTHERS,
        "no map": _masks(""),
        "a list for a map": _masks("[]"),
        "numbers for names": _masks('{"0": 1, "1": [2]}'),
        "no number": _masks('{"x": "y"}'),
        "any number": _masks(f'{{"{"9" * 5000}": "y"}}'),
        "half a character": _masks('{"0": "\\ud800", "1": "a\\nb"}'),
        "nested": _masks("[" * 30_000),
        "many": _masks(json.dumps(dict.fromkeys(range(100000), "x"))),
        "long": _masks(json.dumps({1: "x" * 5_000_000})),
        "colours": _masks(_NAMES, pixels="bgr0"),
        "16 bits": _masks(_NAMES, pixels="gray16le"),
        "planes": _masks(_NAMES, pixels="yuv420p"),
        "huge": _masks(_NAMES, (14_000, 14_000)),
    },
    "http file": _OTHERS,
    "mjpeg": {"a huge picture": lambda: b"--cut\r\nContent-Type: image/jpeg\r\n\r\n" + _jpeg()},
    "hls": {"a list of itself": lambda: _LIST.replace("file:///etc/passwd", "list.m3u8").encode()},
}


def write_bombs(kind: str, folder: Path) -> list[Path]:
    """Write the bombs of a kind of files; each file is called what it is.

    In a process of its own: the memory of a command counts as no less than that of who starts it.
    """
    folder.mkdir()
    subprocess.run([sys.executable, __file__, kind, str(folder)], check=True)
    return sorted(folder.iterdir())


if __name__ == "__main__":
    for name, make in _BOMBS.get(sys.argv[1], {}).items():
        (Path(sys.argv[2]) / name).write_bytes(make())
