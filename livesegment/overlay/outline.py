"""Lines along the edges of classes."""

import math

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.mask import ClassIds
from livesegment.overlay.blend import Blender, Box, boxes
from livesegment.overlay.scratch import Scratch
from livesegment.overlay.selection import Pixels, Selection
from livesegment.overlay.stretches import EIGHT, Stretches

# Dark, outside of the coloured line: between them they stand out from any background.
_RIM_BGR = (16, 16, 16)
_RIM_WEIGHT = 0.7

_AT_ONCE = 4096  # stretches: what is worked on for them stays in the processor's cache
_RIM = 10  # counts of a line's pixels are below it

_MOST = 0.8
_SQUARE = np.ones((3, 3), np.uint8)
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Outliner:
    """Draws a line in the class's colour inside of each class's edge, and a dark rim around it.

    Where two classes touch, each has its own line on its side. There is no line along the
    picture's border. Colours are mixed only where lines are.
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
        counts = self._counts(class_ids, pixels)
        levels = _levels(alpha)
        colours = selection.colours
        if pixels is not None:
            colours = np.where(selection.drawn[:, None], colours, np.uint8(_RIM_BGR[0]))
        copied = 0
        for some in Stretches.where(counts, self._scratch).parts(_AT_ONCE):
            rows = slice(copied, some.last_row + 1)  # what is in the cache is mixed at once
            np.copyto(canvas[rows], image[rows])
            copied = rows.stop
            weight = cv2.LUT(some.take(counts), levels).astype(np.uint8, copy=False)
            paint = self._blender.paint(some.take(class_ids), colours)
            some.put(canvas, self._blender.mixed(some.take(image), paint, weight))
        np.copyto(canvas[copied:], image[copied:])

    def _counts(self, class_ids: ClassIds, pixels: Pixels | None) -> Pixels:
        """Return how many of the nine pixels around each are of a line, and ten times of a rim.

        Averaging three by three takes the steps off slanted lines, and makes them wider.
        """
        width = line_width(class_ids.shape)
        # A pixel is of a line if one of another class is as near as so many squares and crosses by
        # turns reach, in whatever order. The first cross, or the only square, is to look around.
        near = _SQUARE if width == 1 else _CROSS
        counts = self._scratch.array("outline.counts", class_ids.shape)
        of_box = counts
        if pixels is not None and (box := _around(pixels, width + 2)):
            counts.fill(0)  # nothing is further from what is drawn
            class_ids, pixels, of_box = class_ids[box], pixels[box], counts[box]
        line, spare, inside = (
            self._scratch.array(f"outline.{number}", class_ids.shape) for number in range(3)
        )
        cv2.erode(class_ids, near, dst=line)
        cv2.dilate(class_ids, near, dst=spare)
        cv2.compare(line, spare, cv2.CMP_NE, dst=line)
        if width > 1:
            _grow(line, (width + 1) // 2, width // 2 - 1, spare)
            line, spare = spare, line
        if pixels is None:
            np.minimum(line, 1, out=line)
        else:
            cv2.threshold(pixels, 0, 1, cv2.THRESH_BINARY, dst=inside)
            np.bitwise_and(line, inside, out=line)
            reach = max(1, width // 2)
            _grow(inside, (reach + 1) // 2, reach // 2, spare)
            np.bitwise_xor(spare, inside, out=spare)
            np.multiply(spare, _RIM, out=spare)
            np.add(line, spare, out=line)
        cv2.boxFilter(line, -1, (3, 3), dst=of_box, normalize=False)
        return counts

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


def _around(pixels: Pixels, reach: int) -> Box | None:
    """Return the box around pixels that are not 0 and so many around; None: nearly everything."""
    found = [box for _, box in boxes(pixels.shape, pixels) if box is not None]
    if not found:
        return slice(0, 1), slice(0, 1)
    rows, columns = (
        slice(max(0, min(each.start for each in along) - reach), max(e.stop for e in along) + reach)
        for along in zip(*found, strict=True)
    )
    # What lies apart in memory takes longer.
    is_most = pixels[rows, columns].size > _MOST * pixels.size
    return None if is_most else (rows, columns)


def _grow(pixels: Pixels, squares: int, crosses: int, grown: Pixels) -> None:
    """Write pixels to another array, with what is as near as so many squares and crosses reach."""
    cv2.dilate(pixels, _SQUARE, dst=grown, iterations=squares)
    if crosses:
        cv2.dilate(grown, _CROSS, dst=grown, iterations=crosses)


def line_width(shape: tuple[int, ...]) -> int:
    """Return the width in pixels of a line for a picture of a shape: 3 at 1280x720."""
    return max(1, round(math.sqrt(shape[0] * shape[1]) / 320))


def _levels(alpha: float) -> npt.NDArray[np.uint8]:
    """Return the weight of a pixel by how many of the nine around it are of a line and of a rim.

    Returns:
        uint8 (256,), 0 to 255, by the former plus ten times the latter.
    """
    line, rim = round(255 * alpha), round(255 * alpha * _RIM_WEIGHT)
    of_line, of_rim = np.arange(256) % _RIM, np.arange(256) // _RIM
    return np.rint(np.minimum((of_line * line + of_rim * rim) / 9, 255)).astype(np.uint8)
