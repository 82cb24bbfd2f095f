"""Releases pictures at the times at which they were filmed."""

import threading
import time
from collections.abc import Callable


class Pacer:
    """Maps media time to the clock: the first picture is due at once, each other one at its time.

    A reader that falls behind is not made to wait, so it catches up by itself; a picture that is
    later than `late_s` moves all that follow: after a stall they come at their own distances again,
    instead of rushing by.

    Args:
        stopping: Ends every wait.
        late_s: Seconds after which a picture moves what follows; infinite: none does.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        stopping: threading.Event,
        late_s: float = float("inf"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stopping = stopping
        self._late_s = late_s
        self._clock = clock
        self._offset_s: float | None = None

    def hold(self, pts_s: float) -> None:
        """Wait until the picture of this media time is due."""
        now_s = self._clock()
        if self._offset_s is None or now_s > self._offset_s + pts_s + self._late_s:
            self._offset_s = now_s - pts_s
        wait_s = self._offset_s + pts_s - now_s
        if wait_s > 0:
            self._stopping.wait(wait_s)

    def shift(self, seconds: float) -> None:
        """Make everything due later, after a pause."""
        if self._offset_s is not None:
            self._offset_s += seconds
