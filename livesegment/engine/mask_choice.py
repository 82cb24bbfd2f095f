"""Which mask goes on a frame, moved to where its objects are, and how far it is trusted."""

from dataclasses import dataclass
from typing import Protocol

from livesegment.engine.alignment import Alignment
from livesegment.engine.mask_board import ArrivedMask, MaskBoard
from livesegment.frame import Frame
from livesegment.mask import Mask

_FADING_SHARE = 1 / 3


class Smoothing(Protocol):
    """Calms masks from frame to frame."""

    def smooth(self, frame: Frame, mask: Mask, age_s: float = 0.0) -> Mask:
        """Return the mask to draw on the newest frame; its own frame is older by `age_s`."""


@dataclass(frozen=True, slots=True, eq=False)
class ChosenMask:
    """What to draw on one frame.

    Attributes:
        mask: Of the frame's size and moved to it; None: nothing is to be drawn.
        arrived: The mask as it came; None: there is none.
        strength: 1 for a mask that is trusted, falling to 0 for one that is about to go.
        age_s: How much older than the frame the mask's own frame is.
    """

    mask: Mask | None = None
    arrived: ArrivedMask | None = None
    strength: float = 1.0
    age_s: float = 0.0


class MaskChoice:
    """Chooses the mask for each frame shown. Used by one thread.

    Args:
        board: Where masks arrive.
        alignment: Carries a mask to the newest frame.
        ttl_s: Age from which a mask is not trusted at all; it fades over the last third of that.
        smoothing: Calms masks from frame to frame; None: they are drawn as they are.
    """

    def __init__(
        self,
        board: MaskBoard,
        alignment: Alignment,
        ttl_s: float = float("inf"),
        smoothing: Smoothing | None = None,
    ) -> None:
        self._board = board
        self._alignment = alignment
        self._ttl_s = ttl_s
        self._smoothing = smoothing

    def choose(self, frame: Frame) -> ChosenMask:
        """Return the mask for the next frame; every frame shown is given once, in order."""
        self._alignment.observe(frame)
        return self.choose_again(frame)

    def has_newer(self, frame: Frame, chosen: ChosenMask) -> bool:
        """Tell whether a newer mask than the one chosen has arrived for the frame given last."""
        return self._board.newest(up_to=frame.index) is not chosen.arrived

    def choose_again(self, frame: Frame) -> ChosenMask:
        """Return the mask for the frame given last, with what has arrived since."""
        arrived = self._board.newest(up_to=frame.index)
        if arrived is None:
            return ChosenMask()
        age_s = max(0.0, frame.captured_at_s - arrived.captured_at_s)
        strength = self._strength(age_s)
        mask = self._alignment.align(arrived.mask) if strength > 0 else None
        if mask is not None and self._smoothing is not None:
            mask = self._smoothing.smooth(frame, mask, age_s)
        return ChosenMask(mask, arrived, strength, age_s)

    def _strength(self, age_s: float) -> float:
        if self._ttl_s == float("inf"):
            return 1.0
        return min(1.0, max(0.0, (self._ttl_s - age_s) / (self._ttl_s * _FADING_SHARE)))
