"""Takes what may not be seen out of a picture."""

import math

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

    def parts(self, image: Image, hidden: Pixels) -> Image:
        """Return a new picture with parts hidden.

        Args:
            image: BGR uint8 (H, W, 3).
            hidden: Not 0 where nothing may be seen, uint8 (H, W).
        """
        if self._options.style == "black":
            return _blackened(image, hidden)
        return _pixelated(image, hidden)

    def whole(self, image: Image) -> Image:
        """Return a new picture in place of one that is hidden whole: black, or a blur of it.

        Args:
            image: BGR uint8 (H, W, 3).
        """
        if self._options.unmasked == "withhold":
            return np.zeros(image.shape, np.uint8)
        height, width = image.shape[:2]
        rows = max(1, round(_CELLS_ACROSS * height / max(height, width)))
        columns = max(1, round(_CELLS_ACROSS * width / max(height, width)))
        few = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
        blurred = cv2.resize(few, (width, height), interpolation=cv2.INTER_LINEAR)
        return blurred.astype(np.uint8, copy=False)


def _blackened(image: Image, hidden: Pixels) -> Image:
    _, shown = cv2.threshold(hidden, 0, 255, cv2.THRESH_BINARY_INV)
    return cv2.bitwise_and(image, image, mask=shown).astype(np.uint8, copy=False)


def _pixelated(image: Image, hidden: Pixels) -> Image:
    height, width = hidden.shape
    side = max(_LEAST_BLOCK, round(_BLOCK_SHARE * math.sqrt(height * width)))
    rows, columns = -(-height // side), -(-width // side)
    touched = any_in_cells(hidden, side)
    # To whole blocks, so that each mean is of one block alone.
    padded = cv2.copyMakeBorder(
        image, 0, rows * side - height, 0, columns * side - width, cv2.BORDER_REPLICATE
    )
    means = cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.uint8)
    picture = image.copy()
    cv2.copyTo(
        enlarged(means, side)[:height, :width], enlarged(touched, side)[:height, :width], picture
    )
    return picture


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


def enlarged(cells: Image, side: int) -> Image:
    """Return cells as squares of so many pixels a side.

    Args:
        cells: uint8 (rows, columns) or (rows, columns, 3).
        side: In pixels.
    """
    rows, columns = cells.shape[:2]
    size = columns * side, rows * side
    return cv2.resize(cells, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8, copy=False)
