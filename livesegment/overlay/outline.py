"""Lines along the edges of classes."""

import math

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.mask import ClassIds
from livesegment.overlay.bits import Bits, BitSets
from livesegment.overlay.blend import Blender
from livesegment.overlay.scratch import Scratch
from livesegment.overlay.selection import Pixels, Selection
from livesegment.overlay.stretches import EIGHT, around_each

# Dark, outside of the coloured line: between them they stand out from any background.
_RIM_BGR = (16, 16, 16)
_RIM_WEIGHT = 0.7

_AT_ONCE = 4096  # stretches: what is worked on for them stays in the processor's cache


class Outliner:
    """Draws a line in the class's colour inside of each class's edge, and a dark rim around it.

    Where two classes touch, each has its own line on its side. There is no line along the
    picture's border. Lines are found in bits and drawn only where they are.
    """

    def __init__(self, blender: Blender, scratch: Scratch) -> None:
        self._blender = blender
        self._scratch = scratch

    def draw(
        self,
        canvas: Image,
        image: Image,
        class_ids: ClassIds,
        pixels: Pixels | None,
        selection: Selection,
        alpha: float,
    ) -> None:
        """Write the picture with the lines to the canvas.

        Args:
            canvas: Where to; every pixel is written.
            image: BGR uint8 (H, W, 3), contiguous.
            class_ids: uint8 (H, W), contiguous.
            pixels: Not 0 where a class is drawn, uint8 (H, W), contiguous; None: everywhere.
            selection: The drawn classes and their colours.
            alpha: 0 (no line) to 1 (opaque).
        """
        if class_ids.shape[1] < EIGHT:
            self._draw_small(canvas, image, class_ids, pixels, selection, alpha)
            return
        line, rim = self._line_and_rim(class_ids, pixels)
        levels = _levels(alpha)
        colours = selection.colours
        if rim is not None:
            colours = np.where(selection.drawn[:, None], colours, np.uint8(_RIM_BGR[0]))
        touched = line if rim is None else line | rim
        # Averaging three by three takes the steps off slanted lines, and makes them wider.
        stretches = touched.around(corners=True).stretches()
        of_line = line.tens(self._scratch, "outline.line")
        of_rim = None if rim is None else rim.tens(self._scratch, "outline.rim")
        copied = 0
        for some in stretches.parts(_AT_ONCE):
            rows = slice(copied, some.last_row + 1)  # what is in the cache is mixed at once
            np.copyto(canvas[rows], image[rows])
            copied = rows.stop
            count = around_each(of_line, some)
            if of_rim is not None:
                count += 10 * around_each(of_rim, some)
            weight = cv2.LUT(count, levels).astype(np.uint8, copy=False)
            paint = self._blender.paint(some.take(class_ids), colours)
            some.put(canvas, self._blender.mixed(some.take(image), paint, weight))
        np.copyto(canvas[copied:], image[copied:])

    def _line_and_rim(self, class_ids: ClassIds, pixels: Pixels | None) -> tuple[Bits, Bits | None]:
        width = line_width(class_ids.shape)
        sets = BitSets(class_ids.shape, width + 2, self._scratch)
        # A pixel is of a line if one of another class is as near as so many squares and crosses by
        # turns reach, in whatever order. The last cross, or the only square, is to look around.
        line = sets.unlike(class_ids, corners=width == 1)
        squares = [step % 2 == 0 for step in range(width)]
        squares.remove(width == 1)
        for is_square in squares:
            line = line.around(corners=is_square)
        if pixels is None:
            return line, None
        inside = sets.not_zero(pixels)
        rim = inside.grown(max(1, width // 2)) ^ inside
        return line & inside, rim or None

    def _draw_small(
        self,
        canvas: Image,
        image: Image,
        class_ids: ClassIds,
        pixels: Pixels | None,
        selection: Selection,
        alpha: float,
    ) -> None:
        """Draw on a picture narrower than a stretch, as the left of a wider one."""
        width = class_ids.shape[1]
        more = 0, 0, 0, EIGHT - width, cv2.BORDER_REFLECT_101
        large_ids = cv2.copyMakeBorder(class_ids, *more).astype(np.uint8, copy=False)
        large_pixels = None
        if pixels is not None:
            large_pixels = cv2.copyMakeBorder(pixels, *more).astype(np.uint8, copy=False)
        large = cv2.copyMakeBorder(image, *more).astype(np.uint8, copy=False)
        target = np.empty_like(large)
        self.draw(target, large, large_ids, large_pixels, selection, alpha)
        np.copyto(canvas, target[:, :width])


def line_width(shape: tuple[int, ...]) -> int:
    """Return the width in pixels of a line for a picture of a shape: 3 at 1280x720."""
    return max(1, round(math.sqrt(shape[0] * shape[1]) / 320))


def _levels(alpha: float) -> npt.NDArray[np.uint8]:
    """Return the weight of a pixel by how many of the nine around it are of a line and of a rim.

    Returns:
        uint8 (256,), 0 to 255, by the former plus ten times the latter.
    """
    line, rim = round(255 * alpha), round(255 * alpha * _RIM_WEIGHT)
    of_line, of_rim = np.arange(256) % 10, np.arange(256) // 10
    return np.rint(np.minimum((of_line * line + of_rim * rim) / 9, 255)).astype(np.uint8)
