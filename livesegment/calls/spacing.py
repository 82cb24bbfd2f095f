"""Requests spread evenly over the time that an answer takes."""

import time
from collections.abc import Callable

_NEW_SHARE = 0.2  # of the latest round trip in the running mean
_OF_EVEN = 0.9  # a little closer than even, so that a request that came back is not kept waiting


class EvenSpacing:
    """Keeps requests in flight from bunching. Used under its limiter's lock.

    Eight requests free at once would take eight frames in a row and then none until the first
    answer; spread over the round trip, the newest mask is at most an eighth of it older than it
    need be.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._round_trip_s = 0.0
        self._next_s = -float("inf")

    def note(self, round_trip_s: float) -> None:
        """Take in how long an answer took."""
        share = _NEW_SHARE if self._round_trip_s else 1.0
        self._round_trip_s += share * (round_trip_s - self._round_trip_s)

    def hold_s(self) -> float:
        """Return the seconds until the next request is to go; 0: now."""
        return max(0.0, self._next_s - self._clock())

    def went(self, requests: int) -> None:
        """Note that a request goes now.

        Args:
            requests: How many may be in flight; with one there is nothing to spread.
        """
        if requests == 1:
            self._next_s = -float("inf")
            return
        due_s = max(self._clock(), self._next_s)
        self._next_s = due_s + _OF_EVEN * self._round_trip_s / requests
