"""Requests spread evenly over the time that an answer takes."""

import threading
import time
from collections.abc import Callable

_NEW_SHARE = 0.2  # of the latest round trip in the running mean
_OF_EVEN = 0.9  # a little closer than even, so that a request that came back is not kept waiting


class EvenSpacing:
    """Keeps requests in flight from bunching.

    Eight requests free at once would take eight frames in a row and then none until the first
    answer; spread over the round trip, the newest mask is at most an eighth of it older than it
    need be.

    Args:
        requests: Requests in flight; with one there is nothing to spread.
        clock: Monotonic seconds.
    """

    def __init__(self, requests: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._requests = requests
        self._clock = clock
        self._lock = threading.Lock()
        self._round_trip_s = 0.0
        self._next_s = -float("inf")

    def note(self, round_trip_s: float) -> None:
        """Take in how long an answer took."""
        with self._lock:
            share = _NEW_SHARE if self._round_trip_s else 1.0
            self._round_trip_s += share * (round_trip_s - self._round_trip_s)

    def wait(self, stopping: threading.Event) -> None:
        """Wait for the next moment at which to ask."""
        if self._requests == 1:
            return
        with self._lock:
            now_s = self._clock()
            due_s = max(now_s, self._next_s)
            self._next_s = due_s + _OF_EVEN * self._round_trip_s / self._requests
        stopping.wait(due_s - now_s)
