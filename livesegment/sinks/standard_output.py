"""Standard output, as the place that a video is written to."""

import errno
import math
import os
import select
import sys
import time
from contextlib import suppress

from livesegment.errors import OptionsError, OutputNotWritable
from livesegment.resource import Resource

STANDARD_OUTPUT_NAME = "standard output"
_STDOUT, _STDERR = 1, 2
_GONE = frozenset((errno.EPIPE, errno.EINVAL))  # as Windows calls a pipe that nobody reads

_GRACE_S = 1.0
_LOOKS_EVERY_S = 0.5
_PIPE_BYTES = 4096


class StandardOutput(Resource):
    """Takes standard output for a video: whatever else is written there goes to standard error.

    Args:
        option: What asks for it, as the sentence says that a terminal is no place for it.

    Raises:
        OptionsError: If standard output is a terminal.
        OutputNotWritable: If it is closed.
    """

    def __init__(self, option: str) -> None:
        self._errno: int | None = None
        self._waits_until_s = math.inf
        try:
            self._file = os.dup(_STDOUT)
        except OSError:
            raise OutputNotWritable("the video cannot be written: stdout is closed") from None
        if os.isatty(self._file):
            os.close(self._file)
            raise OptionsError(
                f"{option} writes a video to stdout, for another program: ... | ffplay -"
            )
        self._has_ended = False
        if sys.stdout is not None:
            sys.stdout.flush()
        os.dup2(_STDERR, _STDOUT)
        if sys.platform == "win32":
            import msvcrt

            msvcrt.setmode(self._file, os.O_BINARY)

    @property
    def is_broken(self) -> bool:
        """Whether something could not be written."""
        return self._errno is not None

    @property
    def is_unread(self) -> bool:
        """Whether that was because nobody reads it any more."""
        return self._errno in _GONE

    def stop(self) -> None:
        """Wait for whoever reads no longer than a second. From any thread."""
        self._waits_until_s = time.monotonic() + _GRACE_S

    def write(self, data: bytes) -> int:
        """Write all of it, waiting for whoever reads.

        Raises:
            OSError: If it cannot be written.
        """
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._file, rest[: self._room()]) :]
        except OSError as error:
            self._errno = error.errno
            raise
        return len(data)

    def _room(self) -> int:
        """Wait until something may be written, and return how much without waiting."""
        if sys.platform == "win32":  # its pipes cannot be waited for
            return _PIPE_BYTES
        while not select.select([], [self._file], [], _LOOKS_EVERY_S)[1]:
            if time.monotonic() > self._waits_until_s:
                raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        return select.PIPE_BUF

    def close(self, *, is_in_use: bool = False) -> None:
        """Give standard output back. May be called twice.

        Args:
            is_in_use: Whether a thread is still writing, and keeps the file.
        """
        if self._has_ended:
            return
        self._has_ended = True
        with suppress(OSError, ValueError, AttributeError):  # it is closed
            sys.stdout.flush()
        os.dup2(self._file, _STDOUT)
        if not is_in_use:
            os.close(self._file)
