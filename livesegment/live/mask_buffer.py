"""Where masks arrive and the newest frame's mask wins."""

import threading
from bisect import insort
from dataclasses import dataclass
from operator import attrgetter

from livesegment.mask import Mask

_MOST_MASKS = 512  # of frames that wait to be shown


@dataclass(frozen=True, slots=True, eq=False)
class ArrivedMask:
    """A mask with its times.

    Attributes:
        mask: The mask, of its frame's size.
        captured_at_s: `Frame.captured_at_s` of its frame.
        round_trip_s: Seconds from asking to the decoded mask.
    """

    mask: Mask
    captured_at_s: float
    round_trip_s: float

    @property
    def frame_index(self) -> int:
        """Number of the frame that the mask belongs to."""
        return self.mask.frame_index


class MaskBuffer:
    """Holds the masks that may still be shown; answers may come out of order.

    Args:
        for_delayed: Frames are shown later than they come, so that a mask older than the newest
            one may still find its own. Otherwise such a mask is stale.
    """

    def __init__(self, *, for_delayed: bool = False) -> None:
        self._for_delayed = for_delayed
        self._lock = threading.Lock()
        self._arrived: list[ArrivedMask] = []
        self._stale_up_to = -1

    def post(self, arrived: ArrivedMask) -> bool:
        """Offer a mask; False when it is stale."""
        with self._lock:
            if arrived.frame_index <= self._stale_up_to:
                return False
            if self._for_delayed:
                insort(self._arrived, arrived, key=attrgetter("frame_index"))
                # Beyond the bound the oldest go: their frames have been shown long since.
                del self._arrived[:-_MOST_MASKS]
            else:
                self._arrived = [arrived]
                self._stale_up_to = arrived.frame_index
            return True

    def forget_before(self, frame_index: int) -> None:
        """Drop the masks of earlier frames, those that are still to come too."""
        with self._lock:
            self._arrived = [each for each in self._arrived if each.frame_index >= frame_index]
            self._stale_up_to = max(self._stale_up_to, frame_index - 1)

    def newest(self, up_to: int | None = None) -> ArrivedMask | None:
        """Return the newest frame's mask; None before the first one.

        Args:
            up_to: Index of the frame to be drawn. Masks of later frames are left for those, and
                what is older than the mask returned is forgotten; None: the newest of all.
        """
        with self._lock:
            if up_to is None or not self._for_delayed:
                return self._arrived[-1] if self._arrived else None
            fitting = sum(each.frame_index <= up_to for each in self._arrived)
            if not fitting:
                return None
            del self._arrived[: fitting - 1]
            self._stale_up_to = self._arrived[0].frame_index
            return self._arrived[0]
