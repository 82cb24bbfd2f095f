"""Where masks arrive and the newest frame's mask wins."""

import threading
from dataclasses import dataclass

from livesegment.mask import Mask


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


class MaskBoard:
    """Holds the mask of the newest frame that has one; answers may come out of order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: ArrivedMask | None = None

    def post(self, arrived: ArrivedMask) -> bool:
        """Offer a mask; False when a newer frame's mask is here already and this one is stale."""
        with self._lock:
            newest = self._newest
            if newest is not None and arrived.mask.frame_index <= newest.mask.frame_index:
                return False
            self._newest = arrived
            return True

    def newest(self) -> ArrivedMask | None:
        """Return the newest frame's mask; None before the first one."""
        with self._lock:
            return self._newest
