"""Releases the frames of a file at the times at which they were filmed."""

import threading
import time
from collections.abc import Callable


class Pacer:
    """Maps media time to the clock: the first frame is due at once, each other one at its time.

    A reader that falls behind is not made to wait, so it catches up by itself.

    Args:
        stopping: Ends every wait.
        clock: Monotonic seconds.
    """

    def __init__(
        self, stopping: threading.Event, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stopping = stopping
        self._clock = clock
        self._offset_s: float | None = None

    def due_s(self, pts_s: float) -> float:
        """Return the clock time at which a frame of this media time is due."""
        if self._offset_s is None:
            self._offset_s = self._clock() - pts_s
        return self._offset_s + pts_s

    def hold(self, pts_s: float) -> None:
        """Wait until the frame is due."""
        wait_s = self.due_s(pts_s) - self._clock()
        if wait_s > 0:
            self._stopping.wait(wait_s)

    def shift(self, seconds: float) -> None:
        """Make everything due later, after a pause."""
        if self._offset_s is not None:
            self._offset_s += seconds
