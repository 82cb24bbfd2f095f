"""Pictures that come in bursts, given out at their own times."""

import threading
import time

_LATE_S = 0.5


class MediaPace:
    """Holds each picture until its time, counted from the first one.

    Pictures that come late move all later ones: after a stall they follow at their own distances
    again, instead of rushing by.

    Args:
        stopping: Ends every wait.
    """

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._offset_s: float | None = None

    def hold(self, pts_s: float) -> None:
        """Wait until the picture of this media time is due."""
        now_s = time.monotonic()
        if self._offset_s is None or now_s > self._offset_s + pts_s + _LATE_S:
            self._offset_s = now_s - pts_s
        wait_s = self._offset_s + pts_s - now_s
        if wait_s > 0:
            self._stopping.wait(wait_s)
