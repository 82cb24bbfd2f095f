"""Which class a pixel beside a border belongs to, by the colours of both around it."""

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.mask import ClassIds
from livesegment.motion.raster import Bytes, Floats, blur, shrink

_CELL = 4  # pixels a side, of which colours are counted together
_AROUND = 3  # cells on each side
_LEAST_SHARE = 5  # of 255
_SHARE_COUNTS = 3.0
_NOISE = 300.0  # variance, summed over the channels, that every class has at least
_MOST_DOUBT = -20.0
_CROSS = np.ones((3, 3), np.uint8)


def settled(class_ids: ClassIds, then: Image, now: Image) -> ClassIds:
    """Return class ids in which borders lie where the colours change.

    Motion that is estimated across a border belongs to one of its sides, and carries the border
    along by a pixel or two too much. So each pixel next to one takes the class that explains it
    best: how much of the pixels around has that class already, and how near its colour is to those
    that the class had close by. The time it takes follows the areas of the classes that occur.

    Args:
        class_ids: As carried, uint8 (H, W).
        then: Their picture, carried along the same motion, BGR uint8 (H, W, 3).
        now: The picture that they are carried to.
    """
    height, width = class_ids.shape
    near = cv2.compare(cv2.dilate(class_ids, _CROSS), cv2.erode(class_ids, _CROSS), cv2.CMP_NE)
    if not near.any():
        return class_ids
    squared = np.square(then, dtype=np.float32)
    squares = cast(Floats, cv2.transform(squared, np.ones((1, 3), np.float32)))
    best = np.full((height, width), -np.inf, np.float32)
    out = class_ids.copy()
    for class_id in np.bincount(class_ids[near > 0]).nonzero()[0].tolist():
        own = (class_ids == class_id).view(np.uint8) * np.uint8(255)
        rows, columns = _whole_cells(cv2.boundingRect(own), height, width)
        part = np.s_[rows, columns]
        own = own[part]
        share = cast(Bytes, cv2.GaussianBlur(own, (5, 5), 1.0))
        at = np.flatnonzero((share >= _LEAST_SHARE) & (near[part] > 0))
        fit = _fit(own, then[part], squares[part], now[part], at)
        fit += np.float32(_SHARE_COUNTS) * np.log(share.ravel()[at] / np.float32(255))
        y, x = np.divmod(at, own.shape[1])
        place = (y + rows.start) * width + x + columns.start
        better = place[fit > best.ravel()[place]]
        best.ravel()[place] = np.maximum(best.ravel()[place], fit)
        out.ravel()[better] = class_id
    return out


def _whole_cells(box: Sequence[int], height: int, width: int) -> tuple[slice, slice]:
    """Return the rows and columns of a box (x, y, width, height) and of what it may spread to.

    They are whole cells, but at the picture's end: means over parts of pixels take long.
    """
    x, y, across, down = box

    def reach(begin: int, length: int, most: int) -> slice:
        end = -(-(begin + length + 2) // _CELL) * _CELL
        return slice(max(0, begin - 2) // _CELL * _CELL, min(most, end))

    return reach(y, down, height), reach(x, across, width)


def _fit(own: Bytes, then: Image, squares: Floats, now: Image, at: npt.NDArray[np.intp]) -> Floats:
    """Return the log-likelihood of some pixels' colours in a class, float32 (N,).

    Args:
        own: 255 where the class is, uint8 (h, w).
        then: The picture that its colours are counted in, (h, w, 3).
        squares: Sums of the squares of that over the channels, float32 (h, w).
        now: The picture whose pixels are asked about.
        at: Which pixels, as places in (h, w) counted row by row.
    """
    rows, columns = (-(-side // _CELL) for side in own.shape)
    size = columns, rows
    count = blur(shrink(own, size).astype(np.float32) / np.float32(255), _AROUND)
    masked = cv2.bitwise_and(then, then, mask=own)
    sums = blur(shrink(cast(Bytes, masked), size).astype(np.float32), _AROUND)
    of_squares = blur(shrink(cast(Floats, cv2.copyTo(squares, own)), size), _AROUND)
    y, x = np.divmod(at, own.shape[1])
    cell = (y * rows // own.shape[0]) * columns + x * columns // own.shape[1]
    counted = np.maximum(count.ravel()[cell], np.float32(1e-3))
    mean = sums.reshape(-1, 3)[cell] / counted[:, None]
    spread = of_squares.ravel()[cell] / counted - np.einsum("ij,ij->i", mean, mean)
    variance = np.maximum(spread, 0) + np.float32(_NOISE)
    off = now[y, x].astype(np.float32) - mean
    distance = np.einsum("ij,ij->i", off, off)
    fit = -distance / (2 * variance) - np.float32(1.5) * np.log(variance)
    return cast(Floats, np.maximum(fit, np.float32(_MOST_DOUBT)))
