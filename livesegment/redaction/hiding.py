"""Takes what may not be seen out of a picture."""

import math
from collections.abc import Iterator

import cv2
import numpy as np

from livesegment.frame import Image
from livesegment.overlay.selection import Pixels
from livesegment.settings import RedactOptions

# Side of a block as a part of the picture's mean side: 40 px at 720p. A face that fills a tenth of
# the picture's height is two blocks high.
_BLOCK_SHARE = 1 / 24
_LEAST_BLOCK = 8
# What a picture that is blurred whole is made of: light and colours of a room, nobody in it.
_CELLS_ACROSS = 12


class Redaction:
    """Makes pictures of which parts, or all, cannot be seen. The pictures given are not touched.

    `pixelate` leaves the mean colour of square blocks; a block with a single hidden pixel is
    hidden whole. It tells little of one picture, but of something that stays in sight for long, or
    that somebody knows already, it tells more than `black`, which leaves nothing.
    Source: McPherson, Shokri, Shmatikov, Defeating Image Obfuscation with Deep Learning, 2016.

    Args:
        options: How parts are hidden, and what is left of a picture that is hidden whole.
    """

    def __init__(self, options: RedactOptions) -> None:
        self._options = options

    def parts(self, image: Image, cells: Pixels, side: int = 1) -> Image:
        """Return a new picture with parts hidden.

        Args:
            image: BGR uint8 (H, W, 3).
            cells: Not 0 where nothing may be seen, uint8 (rows, columns), for squares of the
                picture, as `any_in_cells` returns them.
            side: Of such a square, in pixels.
        """
        hidden = image.copy()
        if self._options.style == "black":
            for inside in _runs(cells, side, image.shape):
                hidden[inside] = 0
        else:
            _pixelate(hidden, cells, side)
        return hidden

    def whole(self, image: Image) -> Image:
        """Return a new picture in place of one that is hidden whole: black, or a blur of it.

        Args:
            image: BGR uint8 (H, W, 3).
        """
        if self._options.unmasked == "withhold":
            return np.zeros(image.shape, np.uint8)
        return spots(image)


def spots(image: Image) -> Image:
    """Return a new picture of nothing but the light and colours of about a hundred spots.

    Args:
        image: BGR uint8 (H, W, 3).
    """
    height, width = image.shape[:2]
    rows = max(1, round(_CELLS_ACROSS * height / max(height, width)))
    columns = max(1, round(_CELLS_ACROSS * width / max(height, width)))
    few = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
    blurred = cv2.resize(few, (width, height), interpolation=cv2.INTER_LINEAR)
    return blurred.astype(np.uint8, copy=False)


def _pixelate(picture: Image, cells: Pixels, side: int) -> None:
    """Leave the mean colour of each block that has a hidden cell, or a part of one."""
    height, width = picture.shape[:2]
    block = max(_LEAST_BLOCK, round(_BLOCK_SHARE * math.sqrt(height * width)))
    touched = _any_between(_any_between(cells, side, block, height).T, side, block, width).T
    for inside in _runs(touched, block, picture.shape):
        part = picture[inside]
        rows, columns = part.shape[:2]
        count = -(-columns // block)
        below, right = block - rows, count * block - columns
        if below or right:
            # To whole blocks, so that each mean is of one block alone.
            whole = cv2.copyMakeBorder(part, 0, below, 0, right, cv2.BORDER_REPLICATE)
        else:
            whole = part
        means = cv2.resize(whole, (count, 1), interpolation=cv2.INTER_AREA)
        picture[inside] = np.repeat(means.reshape(count, 3), block, axis=0)[:columns]


def _any_between(cells: Pixels, side: int, block: int, length: int) -> Pixels:
    """Return the most of the rows of cells that each block of so many pixels touches.

    Args:
        cells: uint8 (rows, columns).
        side: Of a cell, in pixels.
        block: Of a block.
        length: Of the picture along the rows.

    Returns:
        uint8 (blocks, columns).
    """
    begins = range(0, length, block)
    ends = [min(begin + block, length) for begin in begins]
    touched = [
        cells[begin // side : -(-end // side)].max(axis=0)
        for begin, end in zip(begins, ends, strict=True)
    ]
    return np.stack(touched)


def _runs(cells: Pixels, side: int, shape: tuple[int, ...]) -> Iterator[tuple[slice, slice]]:
    """Yield rows and columns of pixels for each run of cells beside each other that are not 0.

    Args:
        cells: uint8 (rows, columns).
        side: Of a cell, in pixels; the last ones of a row or column may be smaller.
        shape: Height and width of the picture first.
    """
    is_any = np.zeros((cells.shape[0], cells.shape[1] + 2), np.int8)
    is_any[:, 1:-1] = cells != 0
    change = np.diff(is_any, axis=1)
    rows, begins = (change == 1).nonzero()
    ends = (change == -1).nonzero()[1]
    height, width = shape[:2]
    for row, begin, end in zip(rows.tolist(), begins.tolist(), ends.tolist(), strict=True):
        yield (
            slice(row * side, min((row + 1) * side, height)),
            slice(begin * side, min(end * side, width)),
        )


def any_in_cells(pixels: Pixels, side: int) -> Pixels:
    """Return 255 for each square cell with a pixel that is not 0, 0 for the others.

    Args:
        pixels: uint8 (H, W).
        side: Of a cell, in pixels; the last ones of a row or column may be smaller.

    Returns:
        uint8 (rows, columns), as many as it takes to cover all pixels.
    """
    # The most of the square that begins at each pixel; numpy's reduceat takes ten times as long.
    most = cv2.dilate(pixels, np.ones((side, side), np.uint8), anchor=(0, 0))
    cells = np.ascontiguousarray(most[::side, ::side])
    _, anything = cv2.threshold(cells, 0, 255, cv2.THRESH_BINARY)
    return anything.astype(np.uint8, copy=False)
