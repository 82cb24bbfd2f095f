"""How a late mask meets a newer picture: the place of alignment in the live loop."""

from typing import Protocol

import cv2
import numpy as np

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion.cut import CutDetector

_SMALL = (160, 90)  # enough to see a cut


class Alignment(Protocol):
    """Carries a mask to the newest frame shown. Used by one thread."""

    def observe(self, frame: Frame) -> None:
        """See every frame that is shown, in order."""

    def align(self, mask: Mask) -> Mask | None:
        """Return the mask for the newest observed frame; None when it is of no use there."""


class Paste:
    """Draws a mask where it was, until the scene changes."""

    def __init__(self) -> None:
        self._cuts = CutDetector()
        self._frame_size: tuple[int, int] | None = None
        self._scene_began = 0

    def observe(self, frame: Frame) -> None:
        """Notice a scene cut and a change of the picture's size."""
        small = cv2.resize(frame.image, _SMALL, interpolation=cv2.INTER_AREA).astype(np.uint8)
        if self._cuts.is_cut(small) or frame.frame_size != self._frame_size:
            self._scene_began = frame.index
            self._frame_size = frame.frame_size

    def align(self, mask: Mask) -> Mask | None:
        """Return the mask itself; None if it is of another scene or size."""
        is_old_scene = mask.frame_index < self._scene_began
        return None if is_old_scene or mask.frame_size != self._frame_size else mask
