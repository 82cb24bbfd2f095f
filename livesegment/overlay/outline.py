"""The edges of classes as lines."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from livesegment.frame import Image
from livesegment.mask import ClassIds
from livesegment.overlay.blend import Blender
from livesegment.overlay.scratch import Scratch
from livesegment.overlay.selection import Pixels, Selection

# Dark, outside of the coloured line: between them they stand out from any background.
_RIM_BGR = (16, 16, 16)
_RIM_WEIGHT = 0.7

_SQUARE = np.ones((3, 3), np.uint8)
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Outliner:
    """Draws a line in the class's colour inside of each class's edge, and a dark rim around it.

    Where two classes touch, each has its own line on its side. There is no line along the
    picture's border.
    """

    def __init__(self, blender: Blender, scratch: Scratch) -> None:
        self._blender = blender
        self._scratch = scratch

    def draw(
        self,
        canvas: Image,
        class_ids: ClassIds,
        pixels: Pixels | None,
        selection: Selection,
        alpha: float,
    ) -> None:
        """Draw the lines in place.

        Args:
            canvas: The picture, BGR uint8 (H, W, 3).
            class_ids: uint8 (H, W).
            pixels: Not 0 where a class is drawn, uint8 (H, W); None: everywhere.
            selection: The drawn classes and their colours.
            alpha: 0 (no line) to 1 (opaque).
        """
        width = line_width(canvas.shape)
        line = self._scratch.array("outline.line", class_ids.shape)
        other = self._scratch.array("outline.other", class_ids.shape)
        _grow(cv2.dilate, class_ids, width, line)
        _grow(cv2.erode, class_ids, width, other)
        cv2.compare(line, other, cv2.CMP_NE, dst=line)
        colours = selection.colours
        if pixels is None:
            cv2.convertScaleAbs(line, dst=line, alpha=alpha)
        else:
            inside = self._scratch.array("outline.inside", class_ids.shape)
            cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY, dst=inside)
            cv2.bitwise_and(line, inside, dst=line)
            _grow(cv2.dilate, inside, max(1, width // 2), other)
            cv2.bitwise_xor(other, inside, dst=other)
            cv2.addWeighted(line, alpha, other, alpha * _RIM_WEIGHT, 0, dst=line)
            colours = np.where(selection.drawn[:, None], colours, np.uint8(_RIM_BGR[0]))
        cv2.blur(line, (3, 3), dst=other)  # takes the steps off slanted lines
        self._blender.mix(canvas, other, lambda box: self._blender.paint(class_ids[box], colours))


def line_width(shape: tuple[int, ...]) -> int:
    """Return the width in pixels of a line for a picture of a shape: 3 at 1280x720."""
    return max(1, round(float(np.sqrt(shape[0] * shape[1])) / 320))


def _grow(operation: Callable[..., Any], source: Pixels, pixels: int, target: Pixels) -> None:
    # Squares and crosses by turns approach a circle: slanted lines as wide as upright ones.
    for step in range(pixels):
        operation(source if step == 0 else target, _CROSS if step % 2 else _SQUARE, dst=target)
