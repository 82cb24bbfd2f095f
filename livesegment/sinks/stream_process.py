"""Sends one video to an address: a program of its own, started by `stream_to_address`.

PyAV keeps Python's lock while it opens an output, so that in a process with a picture everything
would wait for a server that answers late; and what hangs in a network is ended with its process.

The first line of standard input is an order, in JSON: the address, which is in no command line that
others could read, how to send there, and how long a server may take to connect (`open_s`) and to go
on reading (`write_s`) before it counts as hanging. H.264 in NUT follows, until the end. Standard
output gets `{"connected": true}`, or `{"failed": WHY}` without the address.
"""

import faulthandler
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from typing import Any

import av
import av.error
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.video.stream import VideoStream

from livesegment.address import tcp_place, why_unreachable

_PROBE_S = 1.5
# What came in has to go out at once: nothing is looked at ahead, no parser waits for the next.
_AT_ONCE = {"probesize": "32", "analyzeduration": "1", "fpsprobesize": "0", "fflags": "noparse"}


class _Input:
    """Standard input, of which each read returns what has come."""

    def read(self, size: int) -> bytes:
        assert isinstance(sys.stdin.buffer, BufferedReader)
        return sys.stdin.buffer.read1(size)


def main() -> None:
    """Send until the video ends or cannot be sent."""
    order = json.loads(sys.stdin.buffer.readline())
    try:
        source = av.open(_Input(), "r", format="nut", options=_AT_ONCE, buffer_size=4096)
    except av.FFmpegError:  # no picture came, and none will
        return
    try:
        _send(source, order)
    except (av.FFmpegError, OSError, ValueError) as error:
        _say(failed=_reason(error, order["url"]))


def _send(source: InputContainer, order: dict[str, Any]) -> None:
    [video] = source.streams.video
    with _ended_after(order["open_s"]):
        target = av.open(
            order["url"], "w", format=order["container"], container_options=order["options"]
        )
        stream = target.add_stream_from_template(video)
        target.start_encoding()  # here the connection is made
    _say(connected=True)
    for packet in _packets(source, repeats_headers=order["container"] == "mpegts"):
        packet.stream = stream
        with _ended_after(order["write_s"]):
            target.mux(packet)
    with _ended_after(order["write_s"]), suppress(av.FFmpegError, OSError):
        target.close()


def _packets(
    source: InputContainer, *, repeats_headers: bool
) -> Iterator["av.Packet[VideoStream]"]:
    """Yield what comes; where there is no header for all, each keyframe has what decoders need."""
    [video] = source.streams.video
    headers = BitStreamFilterContext("dump_extra", video) if repeats_headers else None
    for packet in source.demux(video):
        if packet.size:
            packet.dts = packet.pts  # no picture is sent before an earlier one
            yield from [packet] if headers is None else headers.filter(packet)


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """End the process if what is done takes longer; no thread could while Python is locked."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def _say(**what: Any) -> None:
    with suppress(OSError):  # whoever asked has gone
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


def _reason(error: Exception, url: str) -> str:
    """Return what went wrong in words without the address, which FFmpeg adds to its text."""
    place = tcp_place(url)
    # FFmpeg says of a name that nobody has that input or output failed.
    refusal = None if place is None else why_unreachable(*place, _PROBE_S)
    return refusal or getattr(error, "strerror", None) or "it takes no video"


if __name__ == "__main__":
    main()
