"""How a late mask meets a newer picture: the place of alignment in the live loop."""

from typing import Protocol

from livesegment.frame import Frame
from livesegment.mask import Mask


class Alignment(Protocol):
    """Carries a mask to the newest frame shown. Used by one thread."""

    def observe(self, frame: Frame) -> None:
        """See every frame that is shown, in order."""

    def align(self, mask: Mask) -> Mask | None:
        """Return the mask for the newest observed frame; None when it is of no use there."""


class Paste:
    """Draws the newest mask where it was."""

    def __init__(self) -> None:
        self._frame_size: tuple[int, int] | None = None

    def observe(self, frame: Frame) -> None:
        """Remember the size of the picture."""
        self._frame_size = frame.frame_size

    def align(self, mask: Mask) -> Mask | None:
        """Return the mask itself; None after the picture's size has changed."""
        return mask if mask.frame_size == self._frame_size else None
