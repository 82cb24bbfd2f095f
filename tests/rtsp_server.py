"""An RTSP camera for tests: a real server whose pictures tell when they were made.

Run by the system's Python, which has the bindings of GStreamer. It imports nothing of ours:

    /usr/bin/python3 tests/rtsp_server.py PORT [--size 320x240] [--fps 15] [--user NAME:PASSWORD]

It serves rtsp://127.0.0.1:PORT/cam and prints `ready` once it listens. Port 0 takes a free one.
The rows of blocks at the top are the clock, see `stamp` and `tests/clock.py`; below them a block
moves, so that no two pictures are alike.
"""

import argparse
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

BITS = 32


def stamp(width: int, height: int, milliseconds: int) -> bytes:
    """Return a BGR picture whose upper quarter shows the time, the lowest bit at the left."""
    side = width // BITS
    row = b"".join(
        (b"\xff" if milliseconds >> bit & 1 else b"\x00") * 3 * side for bit in range(BITS)
    ).ljust(3 * width, b"\x80")
    left = milliseconds // 10 % (width - side)
    moving = (b"\x60\x90\x40" * left + b"\x20\x30\xe0" * side).ljust(3 * width, b"\x50")
    return row * (height // 4) + moving * (height - height // 4)


class Camera(GstRtspServer.RTSPMediaFactory):
    """One encoder for all who watch, which runs while anybody does."""

    def __init__(self, width: int, height: int, fps: int) -> None:
        super().__init__()
        self.size, self.fps = (width, height), fps
        self.set_launch(
            f"( appsrc name=source is-live=true do-timestamp=true format=time"
            f" caps=video/x-raw,format=BGR,width={width},height={height},framerate={fps}/1"
            f" ! queue max-size-buffers=1 leaky=downstream ! videoconvert"
            f" ! x264enc tune=zerolatency threads=1 speed-preset=ultrafast key-int-max={fps}"
            f" bitrate=2000 ! rtph264pay name=pay0 config-interval=-1 )"
        )
        self.set_shared(True)

    def feed(self, media: GstRtspServer.RTSPMedia) -> None:
        source = media.get_element().get_child_by_name("source")

        def push() -> bool:
            picture = stamp(*self.size, time.time_ns() // 1_000_000 % 2**BITS)
            return source.emit("push-buffer", Gst.Buffer.new_wrapped(picture)) == Gst.FlowReturn.OK

        GLib.timeout_add(1000 // self.fps, push)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--size", default="320x240")
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--user", help="NAME:PASSWORD that a client has to give")
    arguments = parser.parse_args()
    Gst.init(None)
    width, height = map(int, arguments.size.split("x"))
    camera = Camera(width, height, arguments.fps)
    camera.connect("media-configure", lambda factory, media: factory.feed(media))
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(arguments.port))
    server.get_mount_points().add_factory("/cam", camera)
    if server.attach(None) == 0:
        raise SystemExit("cannot listen")
    print("ready", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
