"""Dark, rounded, half transparent plates that text stands on."""

import math
from functools import lru_cache
from typing import Any

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


class Panel:
    """A plate that is drawn once and stamped on many pictures.

    Args:
        width: In pixels.
        height: In pixels.
        radius: Of the corners, in pixels.
    """

    def __init__(self, width: int, height: int, radius: int) -> None:
        self.size = (width, height)
        self._colour = PillowImage.new("RGB", self.size, _PLATE_RGB)
        plate = _rounded(width, height, radius)
        self._alpha = plate.point([level * _PLATE_ALPHA // 255 for level in range(256)])
        self._stamp: tuple[npt.NDArray[Any], npt.NDArray[Any]] | None = None

    def text(
        self, left: int, baseline: int, text: str, size: int, rgb: tuple[int, int, int] = WHITE
    ) -> None:
        """Write one printable line from a column on, on a baseline."""
        self._stamp = None
        bitmap, column, row = text_bitmap(text, size)
        corner = (left - column, baseline - row)
        self._colour.paste(rgb, corner, bitmap)
        self._alpha.paste(255, corner, bitmap)

    def swatch(self, left: int, top: int, side: int, rgb: tuple[int, int, int]) -> None:
        """Draw a rounded square of one colour."""
        self._stamp = None
        shape = _rounded(side, side, max(1, side // 4))
        self._colour.paste(rgb, (left, top), shape)
        self._alpha.paste(255, (left, top), shape)

    def stamp(self, canvas: Image, left: int, top: int, alpha: Pixels | None = None) -> None:
        """Lay the panel over the canvas, in place; it has to lie inside.

        Args:
            canvas: BGR uint8 (H, W, 3).
            left: Its first column there.
            top: Its first row.
            alpha: How much of each pixel of the canvas is there, uint8 (H, W), in place as well;
                its colours are not multiplied by it. None: all of everything.
        """
        self._stamp = self._stamp or self._blended()
        colour, clear = self._stamp
        box = slice(top, top + self.size[1]), slice(left, left + self.size[0])
        target = canvas[box]
        if alpha is not None:
            cv2.multiply(target, cv2.cvtColor(alpha[box], cv2.COLOR_GRAY2BGR), target, 1 / 255)
        cv2.multiply(target, clear, dst=target, scale=1 / 255)
        cv2.add(target, colour, dst=target)
        if alpha is not None:
            without = cv2.multiply(cv2.bitwise_not(alpha[box]), clear[:, :, 0], scale=1 / 255)
            cv2.bitwise_not(without, dst=alpha[box])
            cv2.divide(target, cv2.cvtColor(alpha[box], cv2.COLOR_GRAY2BGR), target, 255)

    def _blended(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        alpha = cv2.cvtColor(np.asarray(self._alpha), cv2.COLOR_GRAY2BGR)
        colour = cv2.cvtColor(np.asarray(self._colour), cv2.COLOR_RGB2BGR)
        return cv2.multiply(colour, alpha, scale=1 / 255), cv2.bitwise_not(alpha)


@lru_cache(maxsize=64)
def _rounded(width: int, height: int, radius: int) -> PillowImage.Image:
    large = PillowImage.new("L", (width * _OVERSAMPLING, height * _OVERSAMPLING), 0)
    box = (0, 0, large.width - 1, large.height - 1)
    ImageDraw.Draw(large).rounded_rectangle(box, radius * _OVERSAMPLING, fill=255)
    return large.resize((width, height), PillowImage.Resampling.BOX)
