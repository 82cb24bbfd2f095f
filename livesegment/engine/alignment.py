"""How a late mask meets a newer picture: the place of alignment in the live loop."""

from collections.abc import Callable, Mapping
from typing import Protocol

import cv2
import numpy as np

from livesegment.controls import Align, ControlPanel
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


class ChosenAlignment:
    """The alignment that the viewer wants at the moment; only that one sees the frames.

    One that is chosen begins anew: it has not seen the frames since it was left.

    Args:
        panel: Says which one.
        makers: Make the alignments, when they are first wanted; two with one maker are the same.
    """

    def __init__(
        self, panel: ControlPanel, makers: Mapping[Align, Callable[[], Alignment]]
    ) -> None:
        self._panel = panel
        self._makers = makers
        self._maker = makers[panel.snapshot().align]
        self._current = self._maker()

    def observe(self, frame: Frame) -> None:
        """See every frame that is shown; here a new choice takes effect."""
        maker = self._makers[self._panel.snapshot().align]
        if maker is not self._maker:
            self._maker, self._current = maker, maker()
        self._current.observe(frame)

    def align(self, mask: Mask) -> Mask | None:
        """Return the mask for the newest observed frame; None when it is of no use there."""
        return self._current.align(mask)
