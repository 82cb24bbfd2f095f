"""Whether a cell looks like the objects around it or like the ground, as the mask's frame has them.

Source: the local matching of Voigtlaender et al., FEELVOS, CVPR 2019, with colours in place of
learned features.
"""

from itertools import product
from typing import cast

import cv2
import numpy as np

from livesegment.frame import Image
from livesegment.motion.raster import Bytes, Flags, Floats

_REACHES = (1, 2, 3, 4, 6, 8, 12, 16, 24)
_FARTHEST = _REACHES[-1]
_STEPS = (
    (0, 0),
    *((x * far, y * far) for far in _REACHES for x, y in product((-1, 0, 1), repeat=2) if x or y),
)
"""Cells (x, y) away: close by nearly all, farther off fewer."""

_NONE = 255
_LEAST = 4  # difference that counts as none


def matches(picture: Image, older: Image, objects: Flags) -> tuple[Floats, Floats]:
    """Return how much better each cell fits the objects around it than the ground around it.

    What it fits best of either counts, up to 24 cells away in eight directions. So objects are
    still told where their motion was lost.

    Args:
        picture: BGR uint8 (rows, columns, 3).
        older: That of the mask's frame, moved here by the motion.
        objects: Which of its cells are the objects', bool (rows, columns).

    Returns:
        -1 (the ground) to 1 (the objects), float32 (rows, columns): by the cells alone, and by
        what is within a cell of them.
    """
    differences = _Differences(picture, older)
    not_objects = _padded(np.where(objects, np.uint8(0), np.uint8(_NONE)))
    not_ground = cv2.bitwise_not(not_objects)
    rows, columns = objects.shape
    # Of cells and of squares, the least difference to the objects and to the ground.
    least = np.full((2, 2, rows, columns), _NONE, np.uint8)
    square = np.empty((rows, columns), np.uint8)
    counted = np.empty_like(square)
    (to_objects, to_ground), (square_to_objects, square_to_ground) = least
    # Written out: at this size calls take as long as what they do.
    for x, y in _STEPS:
        top, left = y + _FARTHEST, x + _FARTHEST
        no_object = not_objects[top : top + rows, left : left + columns]
        no_ground = not_ground[top : top + rows, left : left + columns]
        alone = differences.at(x, y)
        cv2.min(to_objects, cv2.max(alone, no_object, counted), to_objects)
        cv2.min(to_ground, cv2.max(alone, no_ground, counted), to_ground)
        cv2.blur(alone, (3, 3), square, borderType=cv2.BORDER_REPLICATE)
        cv2.min(square_to_objects, cv2.max(square, no_object, counted), square_to_objects)
        cv2.min(square_to_ground, cv2.max(square, no_ground, counted), square_to_ground)
    cells, squares = least.astype(np.float32)
    return likeness(cells[0], cells[1], _LEAST), likeness(squares[0], squares[1], _LEAST)


class _Differences:
    """How much a picture differs from another one moved: the largest difference of the channels."""

    def __init__(self, picture: Image, older: Image) -> None:
        self._rows, self._columns = picture.shape[:2]
        # The channels side by side, so that one call subtracts all three.
        self._pitch = self._columns + 2 * _FARTHEST
        self._width = 2 * self._pitch + self._columns
        self._now = np.zeros((self._rows, self._width), np.uint8)
        for part, channel in zip(self._parts(self._now), cv2.split(picture), strict=True):
            part[:] = channel
        self._then = cv2.hconcat([_padded(cast(Bytes, channel)) for channel in cv2.split(older)])
        self._all = np.empty_like(self._now)
        self._blue, self._green, self._red = self._parts(self._all)
        self._worst = np.empty((self._rows, self._columns), np.uint8)

    def at(self, x: int, y: int) -> Bytes:
        """Return the differences to the other picture's cells (x, y) away, until asked again."""
        top, left = y + _FARTHEST, x + _FARTHEST
        then = self._then[top : top + self._rows, left : left + self._width]
        cv2.absdiff(self._now, then, self._all)
        cv2.max(self._blue, self._green, self._worst)
        cv2.max(self._worst, self._red, self._worst)
        return self._worst

    def _parts(self, side_by_side: Bytes) -> list[Bytes]:
        begins = (place * self._pitch for place in range(3))
        return [side_by_side[:, begin : begin + self._columns] for begin in begins]


def _padded(plane: Bytes) -> Bytes:
    sides = (_FARTHEST,) * 4
    return cast(Bytes, cv2.copyMakeBorder(plane, *sides, cv2.BORDER_REPLICATE))


def likeness(to_objects: Floats, to_ground: Floats, least: float) -> Floats:
    """Return -1 (the ground's) to 1 (the objects'), float32 (rows, columns).

    Args:
        to_objects: How far each cell is from the objects, by whatever measure.
        to_ground: The same of the ground.
        least: What of that counts as none.
    """
    return np.asarray((to_ground - to_objects) / (to_ground + to_objects + least), np.float32)
