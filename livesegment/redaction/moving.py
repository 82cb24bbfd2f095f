"""Where a class was lately, in the pictures of a camera that moves."""

from typing import cast

import cv2
import numpy as np

from livesegment.frame import Frame
from livesegment.motion.explained import ASTRAY
from livesegment.motion.raster import Floats, pick
from livesegment.motion.since import SeenPictures
from livesegment.redaction.recent import LINGERS_S, Cells

_GROWS_A_SECOND = 0.05  # of the picture's longer side: the motion's errors add up
_ASTRAY_AROUND = np.ones((2 * int(ASTRAY) + 1,) * 2, np.uint8)


class MovingCells:
    """Carries along where a class was in the last second, from each picture to the next.

    It costs nothing until there is something to carry: the camera has moved.

    Args:
        seen: Has seen every picture that this one is told of.
    """

    def __init__(self, seen: SeenPictures) -> None:
        self._seen = seen
        self._index, self._at_s = -1, 0.0
        self._owed = 0.0  # cells by which it is to grow, a part of one
        self._said_s: Floats | None = None  # when each cell was last of the class

    @property
    def is_moving(self) -> bool:
        """Whether the camera has moved lately, and where a class was is carried along."""
        return self._said_s is not None

    def follow(self, frame: Frame) -> None:
        """See the next picture, or the newest one again."""
        if self._said_s is None or frame.index == self._index:
            return
        moved = self._seen.moved_since(self._index)
        is_lost = moved is None or moved.shape[:2] != self._said_s.shape
        if moved is None or is_lost:
            self._said_s = None
            return
        self._owed += _GROWS_A_SECOND * max(moved.shape) * max(0.0, frame.pts_s - self._at_s)
        reach, self._owed = int(self._owed), self._owed % 1
        around = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
        self._said_s = cast(Floats, cv2.dilate(pick(self._said_s, moved), around))
        self._index, self._at_s = frame.index, frame.pts_s
        if self._said_s.max() < frame.pts_s - LINGERS_S:
            self._said_s = None

    def add(self, frame: Frame, at_s: float, cells: Cells) -> None:
        """Take where a class is in the picture seen last.

        Args:
            frame: The picture.
            at_s: Media time of the picture that it was said of.
            cells: Where it is.
        """
        if self._said_s is None:
            self._said_s = np.full(cells.shape, -np.inf, np.float32)
            self._index, self._at_s = frame.index, frame.pts_s
        np.maximum(self._said_s, np.where(cells, np.float32(at_s), -np.inf), out=self._said_s)

    def at(self, frame: Frame) -> Cells:
        """Return where the class was lately, in the picture seen last."""
        assert self._said_s is not None
        lately = (self._said_s >= frame.pts_s - LINGERS_S).astype(np.uint8) * np.uint8(255)
        return cast(Cells, cv2.dilate(lately, _ASTRAY_AROUND))
