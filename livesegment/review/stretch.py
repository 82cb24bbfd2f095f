"""A stretch of a recording as one MP4, copied and not coded again; also a program of its own.

PyAV takes memory that a page's process does without otherwise, and an hour of video some seconds.
Standard input is the order in JSON, written by `Review.write_stretch`: what `write_stretch` takes.
Standard output gets `{"missing": WHY}` or `{"failed": WHY}` where there is none, else nothing.
"""

import json
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error

from livesegment.errors import OutputNotWritable, SourceNotFound, system_words
from livesegment.review.index import Recording

_BASE = Fraction(1, 90_000)
_OPTIONS = {"movflags": "+faststart", "movie_timescale": "90000"}


def write_stretch(
    folder: Path, recordings: Sequence[Recording], from_s: float, to_s: float, output: Path
) -> None:
    """Write what was recorded from one time to another.

    It begins with the keyframe before, which is a second earlier at the most; where nothing was
    recorded in between, the picture stands still. It ends where a picture of another size begins.

    Args:
        folder: Where the recordings are.
        recordings: Those of that time, oldest first.
        from_s: Seconds since 1970.
        to_s: Likewise.
        output: The file to write.

    Raises:
        SourceNotFound: If nothing of that time can be read.
        OutputNotWritable: If there is no room.
    """
    copier = _Copier(output)
    try:
        for each in recordings:
            if not copier.add(folder / each.name, each.began_s, from_s, to_s):
                break
    finally:
        copier.close()
    if copier.is_empty:
        raise SourceNotFound("nothing was recorded then, or it is kept no more")


def main() -> None:
    """Write the stretch that is ordered."""
    order = json.load(sys.stdin)
    recordings = [Recording(**each) for each in order["recordings"]]
    span = (order["from_s"], order["to_s"])
    try:
        write_stretch(Path(order["folder"]), recordings, *span, Path(order["output"]))
    except SourceNotFound as error:
        print(json.dumps({"missing": str(error)}))  # noqa: T201 - it is read by who ordered it
    except OutputNotWritable as error:
        print(json.dumps({"failed": str(error)}))  # noqa: T201


class _Copier:
    def __init__(self, output: Path) -> None:
        self._name = output
        self._output: Any = None
        self._stream: Any = None
        self._head: tuple[Any, ...] = ()
        self._zero_s: float | None = None  # on the clock, of the first picture
        self._next = 0  # the earliest time to decode another picture, in ticks
        self.is_empty = True

    def add(self, path: Path, began_s: float, from_s: float, to_s: float) -> bool:
        """Copy what is wanted of a file; tell whether more may come."""
        try:
            with av.open(f"file:{path}") as container:
                stream = container.streams.video[0]
                if not self._takes(stream):
                    return False
                wanted_s = max(0.0, from_s - began_s)
                if wanted_s:
                    _seek(container, stream, wanted_s)
                for packet in container.demux(stream):
                    if packet.pts is None or packet.dts is None:
                        continue  # the end
                    at_s = float(packet.pts * packet.time_base)
                    if at_s >= to_s - began_s:
                        return False
                    self._put(packet, began_s)
        except (av.FFmpegError, IndexError):
            return True  # it went meanwhile, or is damaged from here on: the next may be whole
        return True

    def close(self) -> None:
        if self._output is None:
            return
        try:
            self._output.close()
        except (av.FFmpegError, OSError) as error:
            raise _refused(error) from error

    def _takes(self, stream: Any) -> bool:
        context = stream.codec_context
        head = (context.name, context.extradata, context.width, context.height)
        if self._output is None:
            self._output = av.open(
                f"file:{self._name}", "w", format="mp4", container_options=_OPTIONS
            )
            self._stream = self._output.add_stream_from_template(stream)
            self._stream.time_base = _BASE
            self._head = head
        return self._head == head

    def _put(self, packet: Any, began_s: float) -> None:
        """Write a picture of a file that began at a time, after those of the files before."""
        shown_s = began_s + float(packet.pts * packet.time_base)
        if self._zero_s is None:
            if not packet.is_keyframe:
                return
            self._zero_s = shown_s
        scale = packet.time_base / _BASE
        wait = round((packet.pts - packet.dts) * scale)
        self._next = max(self._next, round((shown_s - self._zero_s) / _BASE) - wait)
        lasts = round((packet.duration or 0) * scale)
        packet.stream, packet.time_base = self._stream, _BASE
        packet.dts, packet.pts, packet.duration = self._next, self._next + wait, lasts
        self._next += 1
        try:
            self._output.mux(packet)
        except (av.FFmpegError, OSError) as error:
            raise _refused(error) from error
        self.is_empty = False


def _seek(container: Any, stream: Any, at_s: float) -> None:
    """Go to the keyframe before a time."""
    container.seek(int(at_s / stream.time_base), stream=stream, backward=True)


def _refused(error: Exception) -> OutputNotWritable:
    reason = system_words(error) if isinstance(error, OSError) else str(error)
    return OutputNotWritable(f"the stretch cannot be written: {reason}")


if __name__ == "__main__":
    main()
