"""Colours laid over a picture, straight from the label map.

Everything works on strips of rows that stay in the processor's cache between the steps, and in each
strip on the box around the touched pixels only. The cost does not grow with the number of classes.
"""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.mask import ClassIds
from livesegment.overlay.palette import Colours
from livesegment.overlay.scratch import Scratch
from livesegment.overlay.selection import Pixels

# 120 rows of 1280 columns, 460 kB of picture: measured fastest of 24 to 720 rows with 1 MB of L2.
_STRIP_PIXELS = 150_000

Box = tuple[slice, slice]
"""Rows and columns."""


class Blender:
    """Lays colours over pictures and remembers what it can use again for the next one."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._flat = np.empty(0, np.uint8)
        self._flat_colour = b""

    def fill(
        self,
        canvas: Image,
        image: Image,
        class_ids: ClassIds,
        pixels: Pixels | None,
        colours: Colours,
        alpha: float,
    ) -> None:
        """Write the picture to the canvas, with each drawn pixel tinted in its class's colour.

        Args:
            canvas: Where to; every pixel is written.
            image: BGR uint8 (H, W, 3), contiguous. Pixels not drawn are copied bit by bit.
            class_ids: uint8 (H, W).
            pixels: Not 0 where a class is drawn, uint8 (H, W); None: everywhere.
            colours: BGR colour of each class id, uint8 (256, 3).
            alpha: 0 (the picture) to 1 (the colour).
        """
        table = _packed(colours)
        for rows in strips(image.shape):
            box = (rows, slice(0, image.shape[1])) if pixels is None else _box(pixels, rows)
            if alpha <= 0 or box is None:
                np.copyto(canvas[rows], image[rows])
                continue
            target = canvas[box]
            mask = None if pixels is None or _is_full(pixels[box]) else pixels[box]
            if mask is not None or target.size < canvas[rows].size:
                np.copyto(canvas[rows], image[rows])
            if mask is None:
                paint = self._paint(class_ids[box], None, colours, table)
                cv2.addWeighted(image[box], 1 - alpha, paint, alpha, 0, dst=target)
            else:
                paint = self._paint(class_ids[box], mask, colours, table)
                tinted = self._scratch.array("blend.tinted", target.shape)
                cv2.addWeighted(image[box], 1 - alpha, paint, alpha, 0, dst=tinted)
                cv2.copyTo(tinted, mask, target)

    def mix(self, canvas: Image, weight: Pixels, paint: Callable[[Box], Image]) -> None:
        """Lay paint over the canvas, by a weight that differs from pixel to pixel.

        Args:
            canvas: What to lay it over, in place, BGR uint8 (H, W, 3), contiguous.
            weight: 0 (the canvas, untouched) to 255 (the paint), uint8 (H, W).
            paint: Returns the paint inside a box, BGR uint8 of the box's size.
        """
        for rows in strips(canvas.shape):
            box = _box(weight, rows)
            if box is None:
                continue
            target = canvas[box]
            weights = self._scratch.array("blend.weights", target.shape)
            over = self._scratch.array("blend.over", target.shape)
            under = self._scratch.array("blend.under", target.shape)
            cv2.cvtColor(weight[box], cv2.COLOR_GRAY2BGR, dst=weights)
            cv2.multiply(paint(box), weights, dst=over, scale=1 / 255)
            cv2.bitwise_not(weights, dst=weights)
            cv2.multiply(target, weights, dst=under, scale=1 / 255)
            cv2.add(over, under, dst=target)

    def paint(self, class_ids: ClassIds, colours: Colours) -> Image:
        """Return the colour of every pixel, BGR uint8 (H, W, 3). Valid until the next call."""
        return self._many_colours(class_ids, _packed(colours))

    def _paint(
        self,
        class_ids: ClassIds,
        mask: Pixels | None,
        colours: Colours,
        table: npt.NDArray[np.int32],
    ) -> Image:
        lowest, highest, _, _ = cv2.minMaxLoc(class_ids, mask)
        if lowest == highest:
            return self._one_colour(class_ids.shape, colours[int(lowest)].tobytes())
        return self._many_colours(class_ids, table)

    def _one_colour(self, shape: tuple[int, ...], colour: bytes) -> Image:
        size = shape[0] * shape[1] * 3
        if self._flat_colour != colour or self._flat.size < size:
            # Repeating bytes is a few large copies; numpy would copy three bytes at a time.
            pixels = max(size // 3, _STRIP_PIXELS)
            self._flat = np.frombuffer(colour * pixels, np.uint8)
            self._flat_colour = colour
        return self._flat[:size].reshape(*shape, 3)

    def _many_colours(self, class_ids: ClassIds, table: npt.NDArray[np.int32]) -> Image:
        # OpenCV has no table from one channel to three. Looking up four bytes at once and dropping
        # the fourth takes half the time of applyColorMap and a quarter of a three-channel LUT.
        height, width = class_ids.shape
        packed = self._scratch.array("blend.packed", (height, width), np.int32)
        paint = self._scratch.array("blend.paint", (height, width, 3))
        cv2.LUT(class_ids, table, dst=packed)
        cv2.cvtColor(packed.view(np.uint8).reshape(height, width, 4), cv2.COLOR_BGRA2BGR, dst=paint)
        return paint


def strips(shape: tuple[int, ...]) -> Iterator[slice]:
    """Yield the rows of a picture in strips of a size that suits the cache."""
    height, width = shape[:2]
    rows = max(8, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def _box(pixels: Pixels, rows: slice) -> Box | None:
    left, top, width, height = cv2.boundingRect(pixels[rows])
    if width == 0:
        return None
    top += rows.start
    return slice(top, top + height), slice(left, left + width)


def _is_full(pixels: Pixels) -> bool:
    return cv2.countNonZero(pixels) == pixels.size


def _packed(colours: Colours) -> npt.NDArray[np.int32]:
    table = np.zeros((256, 4), np.uint8)
    table[:, :3] = colours
    return table.view(np.int32).reshape(1, 256)
