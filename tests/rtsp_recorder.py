"""An RTSP server for tests that takes recordings, and gives them on as MPEG-TS on its stdout.

Run by the system's Python, which has the bindings of GStreamer:

    /usr/bin/python3 tests/rtsp_recorder.py PORT

It takes rtsp://127.0.0.1:PORT/rec and writes `ready` to its stderr once it listens.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

PIPELINE = "( rtph264depay name=depay0 ! h264parse ! mpegtsmux ! fdsink fd=1 sync=false )"


def main() -> None:
    """Take recordings until killed."""
    Gst.init(None)
    recorder = GstRtspServer.RTSPMediaFactory()
    recorder.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
    recorder.set_launch(PIPELINE)
    recorder.set_latency(0)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[1])
    server.get_mount_points().add_factory("/rec", recorder)
    if server.attach(None) == 0:
        raise SystemExit("cannot listen")
    print("ready", file=sys.stderr, flush=True)
    GLib.MainLoop().run()


main()
