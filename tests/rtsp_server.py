"""An RTSP camera for tests: a real server whose pictures tell when they were made.

Run by the system's Python, which has the bindings of GStreamer:

    /usr/bin/python3 tests/rtsp_server.py PORT [--size 320x240] [--fps 15] [--footage FILE]

It serves rtsp://127.0.0.1:PORT/cam and prints `ready PORT` once it listens; port 0 is any free one.
FILE has other pictures, BGR one after the other, that are shown again and again.
"""

import argparse
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import gi
from clock import MODULUS, stamp

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

# One thread: slices of several would be lost on the way, and frames of several come late.
PIPELINE = (
    "( appsrc name=source is-live=true do-timestamp=true format=time"
    " caps=video/x-raw,format=BGR,width={width},height={height},framerate={fps}/1"
    " ! queue max-size-buffers=1 leaky=downstream ! videoconvert"
    " ! x264enc tune=zerolatency threads=1 speed-preset=ultrafast key-int-max={fps} bitrate=2000"
    " ! rtph264pay name=pay0 config-interval=-1 )"
)


def stamps(width: int, height: int) -> Iterator[bytes]:
    """Yield pictures that tell when they were made."""
    while True:
        yield stamp(width, height, time.time_ns() // 1_000_000 % MODULUS)


def footage(path: Path, width: int, height: int) -> Iterator[bytes]:
    """Yield the pictures of a file, again and again."""
    size = 3 * width * height
    content = path.read_bytes()
    return itertools.cycle(content[at : at + size] for at in range(0, len(content), size))


def feed(media: GstRtspServer.RTSPMedia, pictures: Iterator[bytes], fps: int) -> None:
    """Push pictures into a pipeline for as long as somebody watches."""
    source = media.get_element().get_child_by_name("source")

    def push() -> bool:
        buffer = Gst.Buffer.new_wrapped(next(pictures))
        return source.emit("push-buffer", buffer) == Gst.FlowReturn.OK

    GLib.timeout_add(1000 // fps, push)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port")
    parser.add_argument("--size", default="320x240")
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--footage", type=Path)
    arguments = parser.parse_args()
    Gst.init(None)
    width, height = map(int, arguments.size.split("x"))
    pictures = stamps(width, height)
    if arguments.footage is not None:
        pictures = footage(arguments.footage, width, height)
    camera = GstRtspServer.RTSPMediaFactory()
    camera.set_launch(PIPELINE.format(width=width, height=height, fps=arguments.fps))
    camera.set_shared(True)
    camera.connect("media-configure", lambda _, media: feed(media, pictures, arguments.fps))
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(arguments.port)
    server.get_mount_points().add_factory("/cam", camera)
    if server.attach(None) == 0:
        raise SystemExit("cannot listen")
    print("ready", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
