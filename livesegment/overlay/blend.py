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
from livesegment.overlay.edges import Edge
from livesegment.overlay.palette import Colours
from livesegment.overlay.scratch import Scratch
from livesegment.overlay.selection import Pixels

# 187 rows of 1280 columns, 720 kB of picture. Measured with 1 MB of L2: smaller strips cost more
# calls, larger ones have boxes with more untouched pixels.
_STRIP_PIXELS = 240_000

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
        if alpha <= 0:
            np.copyto(canvas, image)
            return
        if pixels is not None and cv2.minMaxLoc(pixels)[0] > 0:
            pixels = None
        for rows, box in boxes(image.shape, pixels):
            if box is None:
                np.copyto(canvas[rows], image[rows])
                continue
            target, ids = canvas[box], class_ids[box]
            mask = None if pixels is None else pixels[box]
            lowest, highest, _, _ = cv2.minMaxLoc(ids, mask)
            if lowest == highest:
                paint = self._one_colour(ids.shape, colours[int(lowest)].tobytes())
            else:
                paint = self._many_colours(ids, table)
            if mask is None:
                cv2.addWeighted(image[box], 1 - alpha, paint, alpha, 0, dst=target)
            else:
                np.copyto(canvas[rows], image[rows])
                tinted = self._scratch.array("blend.tinted", target.shape)
                cv2.addWeighted(image[box], 1 - alpha, paint, alpha, 0, dst=tinted)
                cv2.copyTo(tinted, mask, target)

    def fill_edge(
        self,
        canvas: Image,
        edge: Edge,
        classes: ClassIds,
        colours: Colours,
        alpha: float,
    ) -> None:
        """Write the pixels of an edge to the canvas, tinted as far as each is drawn.

        Args:
            canvas: Where to, BGR uint8 (H, W, 3), contiguous.
            edge: Where what is drawn ends.
            classes: The class of its pixels, as `Edge.classes` returns it.
            colours: BGR colour of each class id, uint8 (256, 3).
            alpha: 0 (the picture) to 1 (the colour).
        """
        weight = edge.coverage
        if alpha < 1:
            weight = cv2.convertScaleAbs(weight, alpha=alpha).astype(np.uint8, copy=False)
        lowest, highest, _, _ = cv2.minMaxLoc(classes)
        if lowest == highest:
            paint = self._one_colour(classes.shape, colours[int(lowest)].tobytes())
        else:
            paint = self._many_colours(classes, _packed(colours))
        edge.cells.put(canvas, self.mixed(edge.picture, paint, weight))

    def mixed(
        self, under: Image, over: Image, weight: Pixels, target: Image | None = None
    ) -> Image:
        """Return one picture over another. Valid until the next call.

        Args:
            under: BGR uint8 (h, w, 3).
            over: Likewise.
            weight: 0 (what is under) to 255 (what is over it), uint8 (h, w).
            target: Where to put it; None: into memory of the blender's.
        """
        weights = self._scratch.array("blend.weights", under.shape)
        above = self._scratch.array("blend.over", under.shape)
        below = self._scratch.array("blend.under", under.shape)
        cv2.cvtColor(weight, cv2.COLOR_GRAY2BGR, dst=weights)
        cv2.multiply(over, weights, dst=above, scale=1 / 255)
        cv2.bitwise_not(weights, dst=weights)
        cv2.multiply(under, weights, dst=below, scale=1 / 255)
        if target is None:
            target = above
        cv2.add(above, below, dst=target)
        return target

    def mix(self, canvas: Image, weight: Pixels, paint: Callable[[Box], Image]) -> None:
        """Lay paint over the canvas, by a weight that differs from pixel to pixel.

        Args:
            canvas: What to lay it over, in place, BGR uint8 (H, W, 3), contiguous.
            weight: 0 (the canvas, untouched) to 255 (the paint), uint8 (H, W).
            paint: Returns the paint inside a box, BGR uint8 of the box's size.
        """
        for _, box in boxes(canvas.shape, weight):
            if box is None:
                continue
            self.mixed(canvas[box], paint(box), weight[box], target=canvas[box])

    def paint(self, class_ids: ClassIds, colours: Colours) -> Image:
        """Return the colour of every pixel, BGR uint8 (H, W, 3). Valid until the next call."""
        return self._many_colours(class_ids, _packed(colours))

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


def boxes(shape: tuple[int, ...], pixels: Pixels | None) -> Iterator[tuple[slice, Box | None]]:
    """Yield strips of rows of a size that suits the cache, with the box of what is touched there.

    Args:
        shape: Height and width of the picture first.
        pixels: Not 0 where it is touched, uint8 (H, W); None: everywhere.

    Yields:
        All rows, strip by strip, and the box around the strip's touched pixels; None for none.
    """
    height, width = shape[:2]
    # Combining rows bit by bit keeps one speed; boundingRect's depends on the shape, up to 6 times.
    wide = pixels
    if pixels is not None and width % 8 == 0 and pixels.flags.c_contiguous:
        wide = pixels.view(np.uint64)
    touched = None if wide is None else np.bitwise_or.reduce(wide, axis=1)
    step = max(8, _STRIP_PIXELS // width)
    for start in range(0, height, step):
        rows = slice(start, min(start + step, height))
        if wide is None or touched is None:
            yield rows, (rows, slice(0, width))
            continue
        lines = touched[rows].nonzero()[0]
        if not lines.size:
            yield rows, None
            continue
        inner = slice(start + int(lines[0]), start + int(lines[-1]) + 1)
        columns = np.bitwise_or.reduce(wide[inner], axis=0).view(np.uint8).nonzero()[0]
        yield rows, (inner, slice(int(columns[0]), int(columns[-1]) + 1))


def _packed(colours: Colours) -> npt.NDArray[np.int32]:
    table = np.zeros((256, 4), np.uint8)
    table[:, :3] = colours
    return table.view(np.int32).reshape(1, 256)
