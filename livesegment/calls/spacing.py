"""How long answers take, and requests spread evenly over that time."""

from math import inf

_NEW_SHARE = 0.2  # of the latest round trip in the running mean
_OF_EVEN = 0.9  # a little closer than even, so that a request that came back is not kept waiting


class Spacing:
    """Keeps the running mean of round trips, and says when the next request is to go.

    Where only the newest frame counts, requests do not go as soon as they may: eight that are free
    at once would take eight frames in a row, and then none until the first answer. Used under its
    limiter's lock.

    Args:
        is_even: Whether requests are spread at all; else each may go at once.

    Attributes:
        round_trip_s: The running mean, in seconds; 0 before the first answer.
    """

    def __init__(self, *, is_even: bool) -> None:
        self.round_trip_s = 0.0
        self._is_even = is_even
        self._next_s = -inf

    def hold_s(self, now_s: float) -> float:
        """Return the seconds until the next request is to go; 0 or less: now."""
        return self._next_s - now_s

    def went(self, now_s: float, limit: int) -> None:
        """Take in that a request goes, where so many may be under way at once."""
        if not self._is_even:
            return
        # With one request there is nothing to spread.
        spacing_s = _OF_EVEN * self.round_trip_s / limit if limit > 1 else 0.0
        self._next_s = max(now_s, self._next_s) + spacing_s

    def answered(self, now_s: float, round_trip_s: float) -> None:
        """Take in how long an answer took; one that came soon lets the next request go earlier."""
        share = _NEW_SHARE if self.round_trip_s else 1.0
        self.round_trip_s += share * (round_trip_s - self.round_trip_s)
        self._next_s = min(self._next_s, now_s + self.round_trip_s)
