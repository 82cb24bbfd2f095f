"""Dark, rounded, half transparent plates that text stands on."""

import math
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage
from PIL import ImageDraw

from livesegment.frame import Image
from livesegment.overlay.selection import Pixels
from livesegment.overlay.text import text_bitmap

WHITE = (255, 255, 255)
GREY = (190, 192, 196)
_PLATE_RGB = (18, 19, 22)
_PLATE_ALPHA = 168

# Pillow draws shapes without smooth edges: draw them larger, then make them smaller.
_OVERSAMPLING = 4


def text_size(canvas: Image) -> int:
    """Return the height in pixels of letters on a picture: 18 at 1280x720, never below 12."""
    return max(12, round(math.sqrt(canvas.shape[0] * canvas.shape[1]) / 53))


Stamp = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]
"""What is added to a picture, and what it is multiplied with before, 255 for all of it, both
uint8 (H, W, 3)."""


class Panel:
    """A plate that is drawn once and stamped on many pictures.

    What is written on plates is drawn once as well, and put on each from then on.

    Args:
        width: In pixels.
        height: In pixels.
        radius: Of the corners, in pixels.
    """

    def __init__(self, width: int, height: int, radius: int) -> None:
        self.size = (width, height)
        colour, clear = _plate(width, height, radius)
        self._colour, self._clear = colour.copy(), clear.copy()

    def text(
        self, left: int, baseline: int, text: str, size: int, rgb: tuple[int, int, int] = WHITE
    ) -> None:
        """Write one printable line from a column on, on a baseline; it is brighter than a plate."""
        stamp, column, row = _written(text, size, rgb)
        if stamp is None:
            return
        top, left = baseline - row, left - column
        height, width = stamp[0].shape[:2]
        rows = slice(max(0, top), max(0, min(self.size[1], top + height)))
        columns = slice(max(0, left), max(0, min(self.size[0], left + width)))
        part = (
            slice(rows.start - top, rows.stop - top),
            slice(columns.start - left, columns.stop - left),
        )
        # Lines may overlap where nothing is written.
        colour, clear = self._colour[rows, columns], self._clear[rows, columns]
        np.maximum(colour, stamp[0][part], out=colour)
        np.minimum(clear, stamp[1][part], out=clear)

    def swatch(self, left: int, top: int, side: int, rgb: tuple[int, int, int]) -> None:
        """Draw a rounded square of one colour."""
        colour, clear = _square(side, rgb)
        place = np.s_[top : top + side, left : left + side]
        self._colour[place], self._clear[place] = colour, clear

    def stamp(self, canvas: Image, left: int, top: int, alpha: Pixels | None = None) -> None:
        """Lay the panel over the canvas, in place; it has to lie inside.

        Args:
            canvas: BGR uint8 (H, W, 3).
            left: Its first column there.
            top: Its first row.
            alpha: How much of each pixel of the canvas is there, uint8 (H, W), in place as well;
                its colours are not multiplied by it. None: all of everything.
        """
        box = slice(top, top + self.size[1]), slice(left, left + self.size[0])
        target = canvas[box]
        if alpha is not None:
            cv2.multiply(target, cv2.cvtColor(alpha[box], cv2.COLOR_GRAY2BGR), target, 1 / 255)
        cv2.multiply(target, self._clear, dst=target, scale=1 / 255)
        cv2.add(target, self._colour, dst=target)
        if alpha is not None:
            without = cv2.multiply(cv2.bitwise_not(alpha[box]), self._clear[:, :, 0], scale=1 / 255)
            cv2.bitwise_not(without, dst=alpha[box])
            cv2.divide(target, cv2.cvtColor(alpha[box], cv2.COLOR_GRAY2BGR), target, 255)


def _stamp(colour: PillowImage.Image, alpha: PillowImage.Image) -> Stamp:
    clear = cv2.cvtColor(np.asarray(alpha), cv2.COLOR_GRAY2BGR)
    added = cv2.multiply(cv2.cvtColor(np.asarray(colour), cv2.COLOR_RGB2BGR), clear, scale=1 / 255)
    return added.astype(np.uint8, copy=False), ~clear.astype(np.uint8, copy=False)


def _on_plate(shape: PillowImage.Image, rgb: tuple[int, int, int]) -> Stamp:
    """Return a shape in one colour on the middle of a plate; mode L, 255 where it covers."""
    colour = PillowImage.new("RGB", shape.size, _PLATE_RGB)
    alpha = PillowImage.new("L", shape.size, _PLATE_ALPHA)
    colour.paste(rgb, (0, 0), shape)
    alpha.paste(255, (0, 0), shape)
    return _stamp(colour, alpha)


@lru_cache(maxsize=1024)
def _written(text: str, size: int, rgb: tuple[int, int, int]) -> tuple[Stamp | None, int, int]:
    """Return a line of text, no larger than its ink, and where in it the baseline begins."""
    bitmap, column, row = text_bitmap(text, size)
    box = bitmap.getbbox()
    if box is None:
        return None, 0, 0
    return _on_plate(bitmap.crop(box), rgb), column - box[0], row - box[1]


@lru_cache(maxsize=512)
def _square(side: int, rgb: tuple[int, int, int]) -> Stamp:
    return _on_plate(_rounded(side, side, max(1, side // 4)), rgb)


@lru_cache(maxsize=16)
def _plate(width: int, height: int, radius: int) -> Stamp:
    shape = _rounded(width, height, radius)
    alpha = shape.point([level * _PLATE_ALPHA // 255 for level in range(256)])
    return _stamp(PillowImage.new("RGB", shape.size, _PLATE_RGB), alpha)


@lru_cache(maxsize=64)
def _rounded(width: int, height: int, radius: int) -> PillowImage.Image:
    large = PillowImage.new("L", (width * _OVERSAMPLING, height * _OVERSAMPLING), 0)
    box = (0, 0, large.width - 1, large.height - 1)
    ImageDraw.Draw(large).rounded_rectangle(box, radius * _OVERSAMPLING, fill=255)
    return large.resize((width, height), PillowImage.Resampling.BOX)
