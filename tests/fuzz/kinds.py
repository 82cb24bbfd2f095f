"""The kinds of files and servers that media.py spoils, whole, and the command that gets each."""

import io
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from clips import picture, write_video
from PIL import Image

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.sinks.base import Annotated
from livesegment.sinks.mask_file import MaskFileSink

ANNOTATE = ("annotate", "{file}", "-o", "out.mp4", "--every", "4")
LIVE = ("live", "{file}", "--no-window", "--stats", "stats.json")


@dataclass(frozen=True)
class Kind:
    """One kind of file, or of server, and the command that gets it.

    Attributes:
        name: The file's, spoiled.
        command: What the program is given, `{file}` for the file.
        beside: Whole files that stand beside it.
        serves: How it is sent in place of being a file; None: it is one.
        ends_after_s: When a command that would go on for ever is told to end; None: it ends.
    """

    name: str
    command: tuple[str, ...] = ANNOTATE
    beside: tuple[str, ...] = ()
    serves: str | None = None
    ends_after_s: float | None = None


KINDS = {
    "mp4": Kind("clip.mp4"),
    "fragments": Kind("parts.mp4"),
    "mkv": Kind("clip.mkv"),
    "avi": Kind("clip.avi"),
    "ts": Kind("clip.ts"),
    "flv": Kind("clip.flv"),
    "gif": Kind("film.gif"),
    "apng": Kind("film.apng"),
    "webp": Kind("film.webp", ("predict", "{file}", "--save", "out.jpg")),
    "png": Kind("one.png", ("predict", "{file}", "--save", "out.jpg")),
    "palette": Kind("palette.png", ("predict", "{file}")),
    "jpeg": Kind("one.jpg", ("predict", "{file}", "--save", "out.jpg")),
    "bmp": Kind("one.bmp", ("predict", "{file}")),
    "tiff": Kind("one.tif", ("predict", "{file}")),
    "folder": Kind("folder/1.png", ("annotate", "folder", "-o", "out/"), ("folder/2.jpg",)),
    "masks": Kind(
        "masks.mkv",
        ("annotate", "clip.mp4", "-o", "out.mp4", "--masks-from", "{file}"),
        ("clip.mp4",),
    ),
    "journal": Kind(
        ".livesegment/out.mp4.journal",
        ("annotate", "clip.mp4", "-o", "out.mp4", "--every", "4"),
        ("clip.mp4",),
    ),
    "loop": Kind("clip.mp4", (*LIVE, "--loop"), ends_after_s=1.5),
    "http file": Kind("clip.mp4", LIVE, serves="file", ends_after_s=2.5),
    "mjpeg": Kind("camera.mjpg", LIVE, serves="camera", ends_after_s=2.5),
    "hls": Kind("list.m3u8", LIVE, serves="file", ends_after_s=2.5),
    "rtsp": Kind("answers.rtsp", LIVE, serves="rtsp", ends_after_s=2.5),
}


def write_whole(folder: Path) -> None:
    """Write one whole file of each name that a kind has."""
    size = (96, 64)
    (folder / "folder").mkdir(parents=True)
    write_video(folder / "clip.mp4", 12, sound_s=0.3)
    fragments = {"movflags": "frag_keyframe+empty_moov"}
    write_video(folder / "parts.mp4", 12, muxer=fragments)
    write_video(folder / "clip.mkv", 12)
    write_video(folder / "clip.avi", 12, codec="mpeg4")
    write_video(folder / "clip.ts", 12, codec="mpeg2video")
    write_video(folder / "clip.flv", 12)
    pictures = [Image.fromarray(picture(index)[:, :, ::-1]) for index in range(6)]
    for name, kind in (("film.gif", "GIF"), ("film.apng", "PNG"), ("film.webp", "WEBP")):
        more = {"save_all": True, "append_images": pictures[1:], "duration": 40}
        pictures[0].save(folder / name, kind, **more)
    for name in ("one.png", "one.jpg", "one.bmp", "one.tif", "folder/1.png", "folder/2.jpg"):
        pictures[0].save(folder / name)
    pictures[0].quantize(7).save(folder / "palette.png")
    with MaskFileSink(folder / "masks.mkv", class_map={0: "background", 1: "person"}) as sink:
        for index in range(12):
            image = np.zeros((*size[::-1], 3), np.uint8)
            frame = Frame(image, index, index / 30, 0.0)
            ids = np.full(size[::-1], index % 2, np.uint8)
            mask = Mask(ids, {0: "background", 1: "person"}, index)
            sink.write(Annotated(frame, mask, image))
        sink.commit()
    subprocess.run(
        [sys.executable, "-m", "livesegment", *("annotate", "clip.mp4", "-o", "out.mp4")],
        cwd=folder,
        check=True,
        stderr=subprocess.DEVNULL,
    )
    (folder / "camera.mjpg").write_bytes(_mjpeg(pictures))
    (folder / "list.m3u8").write_text(_PLAYLIST)
    (folder / "answers.rtsp").write_bytes(_RTSP)


def _mjpeg(pictures: list[Image.Image]) -> bytes:
    parts = []
    for each in pictures * 3:
        file = io.BytesIO()
        each.save(file, "JPEG")
        jpeg = file.getvalue()
        head = f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        parts.append(head.encode() + jpeg + b"\r\n")
    return b"".join(parts)


_PLAYLIST = """#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:1
#EXT-X-MEDIA-SEQUENCE:0
#EXTINF:0.4,
clip.ts
#EXT-X-ENDLIST
"""
_SDP = "v=0\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:1\r\n"
_RTSP = (
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n"
    b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Length: "
    + f"{len(_SDP)}\r\n\r\n{_SDP}".encode()
    + b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nSession: 7\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n"
    b"RTSP/1.0 200 OK\r\nCSeq: 4\r\nSession: 7\r\n\r\n"
    + b"$\x00\x00\x20\x80\xe0\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01"
    + b"\x65"
    + bytes(15)
)
