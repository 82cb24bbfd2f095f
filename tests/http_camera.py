"""A camera over HTTP for tests, MJPEG or HLS, in a process that can be killed.

    python tests/http_camera.py PORT mjpeg|hls FOLDER [--size 320x240] [--fps 15]

It serves /cam (MJPEG) or /cam.m3u8 on 127.0.0.1:PORT and prints `ready PORT` once it does; port 0
is any free one. HLS is written into the folder. Its pictures tell when they were made, as those of
rtsp_server.py.
"""

import argparse
import threading
import time
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from clock import MODULUS, stamp


def pictures(width: int, height: int, fps: int) -> Iterator[np.ndarray]:
    """Yield a picture at a time, for ever."""
    due_s = time.monotonic()
    while True:
        pixels = stamp(width, height, time.time_ns() // 1_000_000 % MODULUS)
        yield np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
        # One that was frozen does not make up for it.
        due_s = max(due_s + 1 / fps, time.monotonic())
        time.sleep(max(0.0, due_s - time.monotonic()))


class Mjpeg(BaseHTTPRequestHandler):
    """Sends one JPEG after another."""

    shape: tuple[int, int, int]

    def do_GET(self) -> None:
        import cv2  # here, because each kind is started often and needs only one of the two

        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=cut")
        self.end_headers()
        for picture in pictures(*self.shape):
            jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
            head = f"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            self.wfile.write(head.encode() + jpeg + b"\r\n")


def write_hls(folder: Path, width: int, height: int, fps: int) -> None:
    """Write segments of half a second, for ever."""
    import av

    options = {"hls_time": "0.5", "hls_list_size": "4", "hls_flags": "delete_segments"}
    with av.open(str(folder / "cam.m3u8"), "w", format="hls", options=options) as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"g": str(fps // 2), "preset": "ultrafast", "tune": "zerolatency"}
        for index, picture in enumerate(pictures(width, height, fps)):
            frame = av.VideoFrame.from_ndarray(picture, "bgr24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            container.mux(stream.encode(frame))


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("kind", choices=("mjpeg", "hls"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", default="320x240")
    parser.add_argument("--fps", type=int, default=15)
    arguments = parser.parse_args()
    width, height = map(int, arguments.size.split("x"))
    shape = (width, height, arguments.fps)
    if arguments.kind == "hls":
        folder = arguments.folder
        threading.Thread(target=write_hls, args=(folder, *shape), daemon=True).start()
        handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
        while not (folder / "cam.m3u8").exists():
            time.sleep(0.05)
    else:
        handler = type("Camera", (Mjpeg,), {"shape": shape})
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), handler)
    print("ready", server.server_port, flush=True)
    server.serve_forever()


main()
