"""Which class a pixel beside a border belongs to, by the colours of both around it."""

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.mask import ClassIds
from livesegment.motion.blocks import within
from livesegment.motion.raster import Bytes, Floats

_CELL = 8  # pixels a side, of which colours are counted together, with the cells next to it
_SHARE_COUNTS = 3.0
_SHARE_RADIUS = 2
_SHARE_OFFSETS = within(_SHARE_RADIUS)
_SHARE_WEIGHTS = np.exp(-0.5 * np.square(_SHARE_OFFSETS).sum(axis=1))
_SHARE_WEIGHTS = np.rint(256 * _SHARE_WEIGHTS).astype(np.int16)
_LEAST_SHARE = 0.02
_NOISE = 300.0  # variance, summed over the channels, that every class has at least
_MOST_DOUBT = -20.0
_SECOND, _THIRD = 2**17, 2**34  # the second and the third sum in a number; 500 pixels each
_AROUND = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)]
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))

Places = npt.NDArray[np.intp]
"""Pixels, or sums in cells, counted row by row."""


def settled(class_ids: ClassIds, were: ClassIds, then: Image, now: Image) -> ClassIds:
    """Return class ids in which borders lie where the colours change.

    Motion that is estimated across a border belongs to one of its sides, and carries the border
    along by a pixel or two too much. So each pixel next to one is compared with its own class and
    the one that it meets: how much of the pixels around has the class already, and how near the
    colour is to those that the class had close by. Beside what touching every pixel takes, the time
    follows the length of the borders, however many classes there are.

    Args:
        class_ids: As carried, uint8 (H, W).
        were: The classes of what `then` shows, uint8 (h, w).
        then: The picture that they were given for, carried along the motion, BGR uint8 (h, w, 3),
            as large or smaller.
        now: The picture that they are carried to, (H, W, 3).
    """
    width = class_ids.shape[1]
    high, low = cv2.dilate(class_ids, _CROSS), cv2.erode(class_ids, _CROSS)
    at = np.flatnonzero(high != low)
    if at.size == 0:
        return class_ids
    own, highest, lowest = (cast(Bytes, each.ravel()[at]) for each in (class_ids, high, low))
    rival = cast(Bytes, np.where(highest != own, highest, lowest))
    pixels = now.reshape(-1, 3)[at].astype(np.float32)
    y, x = np.divmod(at, width)
    fits = _Colours(were, then, class_ids.shape).fits((own, rival), y, x, pixels)
    shares = _log_shares(class_ids, own, rival, y, x)
    better = fits[1] + shares[1] > fits[0] + shares[0]
    out = class_ids.copy()
    out.ravel()[at[better]] = rival[better]
    return out


def _log_shares(
    class_ids: ClassIds, own: Bytes, rival: Bytes, y: Places, x: Places
) -> tuple[Floats, Floats]:
    """Return how much of the pixels around some has each of two classes, as logarithms."""
    edge = _SHARE_RADIUS
    around = cv2.copyMakeBorder(class_ids, *(edge,) * 4, cv2.BORDER_REPLICATE)
    width = around.shape[1]
    first = (y + edge) * width + x + edge
    has_own, has_rival = np.zeros((2, y.size), np.int16)
    for step, weight in zip(_SHARE_OFFSETS @ np.array([1, width]), _SHARE_WEIGHTS, strict=True):
        there = around.ravel()[first + step]
        has_own += weight * (there == own)
        has_rival += weight * (there == rival)
    most = int(_SHARE_WEIGHTS.sum())
    shares = np.maximum(np.arange(most + 1) / most, _LEAST_SHARE)
    logs = (_SHARE_COUNTS * np.log(shares)).astype(np.float32)
    return logs[has_own], logs[has_rival]


class _Colours:
    """The colours of each class, summed in cells of the picture.

    Several sums lie in one number of 64 bits: counting takes most of the time.
    """

    def __init__(self, were: ClassIds, then: Image, full: tuple[int, ...]) -> None:
        were, then = were[::2], then[::2]  # every second row says as much
        rows, columns = then.shape[:2]
        # One more cell on each side, so that every cell has neighbours.
        cells_down, self._columns = (-(-side // _CELL) + 2 for side in full)
        ids = np.flatnonzero(np.bincount(were.ravel()))
        # The last place stays empty: it is that of classes too thin to be seen in `then`.
        self._count = ids.size + 1
        self._number = np.full(256, ids.size)
        self._number[ids] = np.arange(ids.size)
        y = np.arange(rows) * full[0] // rows
        x = np.arange(columns) * full[1] // columns
        key = (self._cells(y[:, None], x) + self._number[were]).ravel()
        size = cells_down * self._columns * self._count
        blue, green, red = (cast(Bytes, one).ravel().astype(np.float64) for one in cv2.split(then))
        squares = blue * blue + green * green + red * red
        self._sums = [
            np.bincount(key, one, size).astype(np.int64)
            for one in (1 + blue * _SECOND + green * _THIRD, red + squares * _SECOND)
        ]

    def _cells(self, y: Places, x: Places) -> Places:
        """Return the place of the first class's sums in the cells of pixels."""
        cells: Places = (y // _CELL + 1) * self._columns + x // _CELL + 1
        return cells * self._count

    def fits(
        self, classes: tuple[Bytes, Bytes], y: Places, x: Places, pixels: Floats
    ) -> list[Floats]:
        """Return the log-likelihoods of pixels (N, 3) in two classes each, float32 (N,)."""
        cells = self._cells(y, x)
        places = [cells + self._number[each] for each in classes]
        is_asked = np.zeros(self._sums[0].size, bool)
        for each in places:
            is_asked[each] = True
        asked = np.flatnonzero(is_asked)
        which = np.zeros(is_asked.size, np.intp)
        which[asked] = np.arange(asked.size)
        mean, variance, worth = self._near(asked)
        half = np.float32(-0.5) / variance
        fits = []
        for each in places:
            one = which[each]
            off = pixels - mean[one]
            fit = worth[one] + np.einsum("ij,ij->i", off, off) * half[one]
            fits.append(np.maximum(fit, np.float32(_MOST_DOUBT)))
        return fits

    def _near(self, places: Places) -> tuple[Floats, Floats, Floats]:
        """Return of some sums, with the cells around: mean (N, 3), variance, likelihood there."""
        steps = [(row * self._columns + column) * self._count for row, column in _AROUND]
        first, second = (sum(one[places + step] for step in steps) for one in self._sums)
        most = _THIRD // _SECOND - 1
        count, blue = first % _SECOND, first // _SECOND & most
        red, squares = second % _SECOND, second // _SECOND
        counted = np.maximum(count, 1).astype(np.float32)
        mean = np.stack([blue, first // _THIRD, red], axis=1).astype(np.float32) / counted[:, None]
        spread = squares / counted - np.einsum("ij,ij->i", mean, mean)
        variance = (np.maximum(spread, 0) + _NOISE).astype(np.float32)
        worth = np.float32(-1.5) * np.log(variance)
        worth[count == 0] = _MOST_DOUBT
        return mean, variance, worth
