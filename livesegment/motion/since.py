"""Where a picture differs from one that was seen before it."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from livesegment.downscale import cell_means
from livesegment.frame import Frame, Image
from livesegment.motion.explained import Explained, MotionChain
from livesegment.motion.raster import Bytes, Floats, worst_channel

_CELLS_ACROSS = 320
_MOST_FRAMES = 256
# Of the mean over 3x3 cells, in grey levels of the channel that differs most. A codec's key
# pictures change a still one by less; a person in clothes of the wall's colour differs by more.
_LEAST_LEVEL = 6.0
_MOST_LEVEL = 12.0
# The median difference of noise, the largest of three channels, is 1.3 standard deviations.
_NOISE_FACTOR = 5.0
_AROUND = (3, 3)
# Of a picture that differs more than this nothing is known: a cut, a lamp, a camera that moves.
_OTHER_PICTURE_SHARE = 0.5
_MOST_THINGS = 100


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """Where the newest picture differs from an earlier one.

    Attributes:
        cells: 255 in the boxes around what differs, else 0; uint8 (rows, columns). A cell is a
            square of `SeenPictures.cell_side` pixels, from the upper left; the last ones of a row
            or column may be cut off.
        share: How much of the picture differs, 0 to 1.
    """

    cells: Bytes
    share: float


class SeenPictures:
    """Remembers small copies of pictures, 256 at most, and compares the newest one with any.

    Nothing is made allowance for: what a lamp changes has changed. What differs is known by its
    edges, which may be all that differs of a thing, so the box around them counts.
    """

    def __init__(self) -> None:
        self._copies: OrderedDict[int, Image] = OrderedDict()
        self._chain = MotionChain()
        self._frame_size = (0, 0)
        self._noise = 0.0

    def observe(self, frame: Frame) -> None:
        """See the next picture; another size, or a lower index, begins anew.

        The newest picture given again changes nothing.
        """
        newest = next(reversed(self._copies), -1)
        if frame.frame_size != self._frame_size or frame.index < newest:
            self._copies.clear()
            self._chain.clear()
            self._frame_size, self._noise = frame.frame_size, 0.0
        elif frame.index == newest:
            return
        copy = self._copy(frame.image)
        if self._copies:
            last = next(reversed(self._copies.values()))
            self._noise = float(np.median(worst_channel(copy, last)))
        self._copies[frame.index] = copy
        if len(self._copies) > _MOST_FRAMES:
            # The oldest one is that of a mask that may be in use for long.
            _, second, *_ = self._copies
            del self._copies[second]

    def forget_before(self, index: int) -> None:
        """Drop the pictures before an index; they will not be asked about any more."""
        while self._copies and next(iter(self._copies)) < index:
            self._copies.popitem(last=False)

    def since(self, index: int) -> Difference | None:
        """Compare the newest picture with an earlier one.

        Returns:
            None where the earlier one is not remembered, or the two have too little in common.
        """
        earlier = self._copies.get(index)
        if earlier is None:
            return None
        differs = worst_channel(next(reversed(self._copies.values())), earlier)
        level = min(max(_LEAST_LEVEL, _NOISE_FACTOR * self._noise), _MOST_LEVEL)
        _, cells = cv2.threshold(differs, level, 255, cv2.THRESH_BINARY)
        cells = cast(Bytes, cv2.dilate(cells, np.ones((3, 3), np.uint8)))
        boxed = _boxes(cells)
        share = cv2.countNonZero(boxed) / boxed.size
        if share > _OTHER_PICTURE_SHARE:
            return None
        return Difference(boxed, share)

    def explained_since(self, index: int) -> Explained | None:
        """Explain the newest picture by an earlier one, of a camera that moves.

        Returns:
            None where the earlier one is not remembered, lies too far back or explains too little.
        """
        return self._chain.explain(self._copies, index)

    def moved_since(self, index: int) -> Floats | None:
        """Return where each cell was in the picture before, if that is `index`.

        Returns:
            (x, y) in cells, float32 (rows, columns, 2); None: it was another one.
        """
        return self._chain.moved(self._copies, index)

    @property
    def cell_side(self) -> int:
        """Side of a cell in pixels, for the size of the pictures seen last."""
        return max(1, round(max(self._frame_size) / _CELLS_ACROSS))

    def _copy(self, image: Image) -> Image:
        side = self.cell_side
        height, width = image.shape[:2]
        rows, columns = -(-height // side), -(-width // side)
        if (rows * side, columns * side) != (height, width):
            below, right = rows * side - height, columns * side - width
            image = cast(Image, cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE))
        return cast(Image, cv2.blur(cell_means(image, side), _AROUND))


def _boxes(cells: Bytes) -> Bytes:
    """Return the boxes around the connected parts of cells."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(cells)
    boxed = cells.copy()
    if count > _MOST_THINGS:  # noise, rain: of no part can be said where it ends
        boxed[:] = 255
        return boxed
    for x, y, width, height, _ in stats[1:].tolist():
        boxed[y : y + height, x : x + width] = 255
    return boxed
