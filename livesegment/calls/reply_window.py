"""Round trips that are judged together."""

from statistics import fmean


class ReplyWindow:
    """Collects round trips and gives their mean without the extremes.

    A median would not see that a few of many wait.

    Args:
        size: How many are judged together.
        settling: Replies to leave out before, until the endpoint has come to rest.

    Attributes:
        peak: The most requests that were under way.
    """

    def __init__(self, size: int, settling: int) -> None:
        self.peak = 0
        self._size = size
        self._settling = settling
        self._round_trips_s: list[float] = []

    def __len__(self) -> int:
        return len(self._round_trips_s)

    def add(self, round_trip_s: float, in_flight: int) -> bool:
        """Take in a reply and tell whether the window is full."""
        self.peak = max(self.peak, in_flight)
        if self._settling > 0:
            self._settling -= 1
            return False
        self._round_trips_s.append(round_trip_s)
        return len(self._round_trips_s) >= self._size

    def round_trip_s(self) -> float:
        """Return the mean without the lowest and highest eighth, one each where there are five."""
        count = len(self._round_trips_s)
        cut = max(count // 8, int(count > 4))
        return fmean(sorted(self._round_trips_s)[cut : count - cut])
