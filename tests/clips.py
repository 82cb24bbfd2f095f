"""Small videos, images and a web server, made where a test needs them."""

import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np

WIDTH, HEIGHT = 96, 64


def level(index: int) -> int:
    """Return the brightness of frame `index`: one can tell frames apart after compression."""
    return 30 + index % 20 * 10


def picture(index: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> np.ndarray:
    """Return a grey BGR picture with a red upper left and a blue lower right quarter."""
    width, height = size
    image = np.full((height, width, 3), level(index), np.uint8)
    image[: height // 2, : width // 2] = (20, 20, 220)
    image[height // 2 :, width // 2 :] = (220, 20, 20)
    return image


def shows(image: np.ndarray, index: int) -> bool:
    """Tell whether a decoded image is frame `index`, by its grey upper right quarter."""
    height, width = image.shape[:2]
    quarter = image[4 : height // 2 - 4, width // 2 + 4 : width - 4]
    return abs(float(quarter.mean()) - level(index)) < 4


def write_video(
    path: Path,
    times: int | Sequence[int] = 60,
    *,
    rate: int = 30,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    size: tuple[int, int] = (WIDTH, HEIGHT),
    muxer: dict[str, str] | None = None,
    coder: dict[str, str] | None = None,
    sound_s: float = 0.0,
    noisy: bool = False,
) -> Path:
    """Write a video whose frames stand at `times`, in units of 1 / rate seconds.

    Args:
        path: Its suffix decides the container.
        times: Number of frames, or the time of each.
        rate: Units a second.
        codec: Encoder; libx264 makes B-frames.
        pixels: Pixel format.
        size: (width, height).
        muxer: Options of the container.
        coder: Further options of the encoder.
        sound_s: Length of a tone.
        noisy: Add noise, which makes a file large enough to cut.
    """
    noise = np.random.default_rng(3)
    with av.open(str(path), "w", options=muxer or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        stream.time_base = Fraction(1, rate)
        if codec == "libx264":
            stream.options = {"g": "10", "bf": "2", "preset": "veryfast"}
        else:
            stream.bit_rate = 4_000_000
        stream.options = {**stream.options, **(coder or {})}
        sound = container.add_stream("aac", rate=44100) if sound_s else None
        for index, time in enumerate(range(times) if isinstance(times, int) else times):
            image = picture(index, size)
            if noisy:
                image[-16:] = noise.integers(0, 256, image[-16:].shape, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, "bgr24")
            frame.pts, frame.time_base = time, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            samples = np.zeros((1, round(44100 * sound_s)), np.float32)
            tone = av.AudioFrame.from_ndarray(samples, "fltp", "mono")
            tone.sample_rate, tone.pts = 44100, 0
            container.mux(sound.encode(tone))
            container.mux(sound.encode())
    return path


def cut(path: Path, share: float) -> Path:
    """Keep only the first part of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def turn(path: Path, degrees: int, *, mirrored: bool = False) -> Path:
    """Write into an MP4 that it is to be shown turned clockwise, as phones do.

    Args:
        path: The file.
        degrees: By so many.
        mirrored: Exchange left and right before that, as cameras that face their user do.
    """
    a, b, c, d = {
        0: (1, 0, 0, 1),
        90: (0, 1, -1, 0),
        180: (-1, 0, 0, -1),
        270: (0, -1, 1, 0),
    }[degrees]
    if mirrored:
        a, b = -a, -b
    matrix = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    content = path.read_bytes()
    at = content.index(b"tkhd") + 44  # the matrix in a track header, ISO/IEC 14496-12
    path.write_bytes(content[:at] + matrix + content[at + len(matrix) :])
    return path


def damage_packet(path: Path, number: int) -> Path:
    """Overwrite one packet of a video."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        at, size = packets[number].pos, packets[number].size
    content = bytearray(path.read_bytes())
    content[at : at + size] = b"\xff" * size
    path.write_bytes(content)
    return path


@contextmanager
def serve_folder(folder: Path) -> Iterator[str]:
    """Serve a folder over HTTP; yields the address."""
    with serve_handler(partial(_QuietFiles, directory=str(folder))) as (url, _):
        yield url


@contextmanager
def serve_camera(jpegs: Sequence[bytes], release: threading.Event) -> Iterator[str]:
    """Serve pictures as a network camera does, then fall silent until `release` is set."""

    class Camera(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=cut")
            self.end_headers()
            for jpeg in jpegs:
                head = f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
            release.wait(20)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with serve_handler(Camera) as (url, _):
        try:
            yield url
        finally:
            release.set()


class _QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass

    def copyfile(self, source: object, outputfile: object) -> None:
        with suppress(ConnectionError):  # the reader may hang up whenever it likes
            super().copyfile(source, outputfile)  # type: ignore[type-var]


@contextmanager
def serve_handler(
    handler: Callable[..., BaseHTTPRequestHandler],
) -> Iterator[tuple[str, ThreadingHTTPServer]]:
    """Serve what a handler answers; yields the address and the server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
