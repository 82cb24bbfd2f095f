"""Writes a run's pictures to standard output, as a video that another program reads."""

import errno
import os
import sys
from contextlib import suppress
from fractions import Fraction
from typing import BinaryIO, cast

from livesegment.errors import OptionsError, OutputNotWritable, SinkError
from livesegment.output import LiveRun
from livesegment.sinks.published_stream import MPEGTS_OPTIONS, PublishedStream

_NAME = "standard output"
_STDOUT, _STDERR = 1, 2
_GONE = frozenset((errno.EPIPE, errno.EINVAL))  # as Windows calls a pipe that nobody reads


class StreamToStdout(PublishedStream):
    """Writes MPEG-TS to standard output, until nobody reads it: that ends the run.

    Meanwhile whatever else is written there, by anybody in this process, goes to standard error.

    Args:
        fps: Nominal frames per second.

    Raises:
        OptionsError: If standard output is a terminal.
        OutputNotWritable: If it is closed.
    """

    def __init__(self, *, fps: Fraction | float | None = None) -> None:
        super().__init__(_NAME, "mpegts", MPEGTS_OPTIONS, fps, is_session=False)
        self._live: LiveRun | None = None
        self._failure: OutputNotWritable | None = None
        self._errno: int | None = None
        try:
            self._file = os.dup(_STDOUT)
        except OSError:
            raise OutputNotWritable("the video cannot be written: stdout is closed") from None
        if os.isatty(self._file):
            os.close(self._file)
            raise OptionsError(
                "--publish - writes a video to stdout, for another program: ... | ffplay -"
            )
        self._has_ended = False
        if sys.stdout is not None:
            sys.stdout.flush()
        os.dup2(_STDERR, _STDOUT)
        if sys.platform == "win32":
            import msvcrt

            msvcrt.setmode(self._file, os.O_BINARY)

    def on_start(self, run: LiveRun) -> None:
        """Get to know whom to end."""
        self._live = run

    def on_tick(self) -> None:
        """End the run if what is written cannot be, but for a reader who has gone.

        Raises:
            OutputNotWritable: Why not.
        """
        if self._failure is not None:
            raise self._failure

    def is_ready(self) -> bool:
        """Tell whether somebody may still read it."""
        return self._errno is None

    def begin(self) -> BinaryIO:
        """Return standard output as it was."""
        return cast(BinaryIO, self)

    def end(self) -> None:
        """Leave it as it is."""

    def write(self, data: bytes) -> int:
        """Write all of it, waiting for whoever reads."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            self._errno = error.errno
            raise
        return len(data)

    def on_sent(self) -> None:
        """Count a picture."""
        if self._live is not None:
            self._live.metrics.count("frames_published")

    def on_broken(self, error: SinkError) -> None:
        """End the run."""
        if self._errno not in _GONE:
            self._failure = OutputNotWritable(str(error))
        elif self._live is not None:
            self._live.stop()

    def close(self) -> None:
        """End the video, and give standard output back. May be called twice."""
        super().close()
        if self._has_ended:
            return
        self._has_ended = True
        with suppress(OSError, ValueError, AttributeError):  # it is closed
            sys.stdout.flush()
        os.dup2(self._file, _STDOUT)
        if self._thread is None or not self._thread.is_alive():  # else it is being written to
            os.close(self._file)
