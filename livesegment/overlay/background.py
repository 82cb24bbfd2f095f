"""What is done to everything that is no drawn class: blurred, or taken away."""

import math
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.overlay.blend import Blender, boxes
from livesegment.overlay.edges import Edge, reach_of
from livesegment.overlay.scratch import Scratch
from livesegment.overlay.selection import Pixels

# Dark and without a hue: it flatters skin and does not spill into the classes' edges.
CUTOUT_BGR = (40, 36, 34)
_CUTOUT_COLOURS = np.full((256, 3), CUTOUT_BGR, np.uint8)

# Standard deviation of the strongest blur, as a part of the picture's mean side: 40 px at 720p.
_MOST_BLUR = 1 / 24


class Background:
    """Puts the drawn classes, untouched, in front of a changed background."""

    def __init__(self, blender: Blender, scratch: Scratch) -> None:
        self._blender = blender
        self._scratch = scratch

    def blur(
        self, canvas: Image, image: Image, pixels: Pixels, amount: float, edge: Edge | None = None
    ) -> None:
        """Write the picture to the canvas, blurred where no class is drawn.

        The blur leaves the drawn classes out, so that their colours make no halo around them.
        Source: normalized convolution, Knutsson and Westin, CVPR 1993.

        Args:
            canvas: Where to; every pixel is written.
            image: BGR uint8 (H, W, 3).
            pixels: Not 0 where a class is drawn, uint8 (H, W).
            amount: 0 (nothing) to 1; the blur's width is proportional to it.
            edge: Where the classes end softly; None: nowhere.
        """
        height, width = pixels.shape
        sigma = amount * math.sqrt(height * width) * _MOST_BLUR
        weight: npt.NDArray[Any] = self._outside(pixels)
        if edge is not None:
            edge.cells.put(weight, np.zeros_like(edge.coverage))  # some of it is the classes'
        small: npt.NDArray[Any]
        if sigma >= 3 and not (height % 2 or width % 2):
            small, weight, sigma = *self._halved(image, weight), sigma / 2
        else:
            small = self._alone(image, weight)
        # Halving costs a third of one area resize to the same size, and 1.5 is wide enough
        # for enlarging to leave no blocks.
        while sigma >= 3 and min(small.shape[:2]) > 1:
            half = (small.shape[1] + 1) // 2, (small.shape[0] + 1) // 2
            small = cv2.resize(small, half, interpolation=cv2.INTER_AREA)
            weight = cv2.resize(weight, half, interpolation=cv2.INTER_AREA)
            sigma /= 2
        blurred = _blurred(small, weight, max(sigma, 0.3))
        cv2.resize(blurred, (width, height), dst=canvas, interpolation=cv2.INTER_LINEAR)
        behind = None if edge is None else edge.cells.take(canvas)
        cv2.copyTo(image, pixels, canvas)
        if edge is None or behind is None:
            self._soften(canvas, pixels)
        else:
            edge.cells.put(canvas, self._blender.mixed(behind, edge.picture, edge.coverage))

    def _alone(self, image: Image, weight: Pixels) -> Image:
        """Return the picture where it has a weight, black elsewhere."""
        alone: Image = self._scratch.array("background.alone", image.shape)
        alone.fill(0)
        cv2.copyTo(image, weight, alone)
        return alone

    def _halved(self, image: Image, weight: Pixels) -> tuple[Image, Pixels]:
        """Return `_alone` and the weight at half of the size, which must be whole."""
        height, width = weight.shape
        small = self._scratch.array("background.half", (height // 2, width // 2, 3))
        half = self._scratch.array("background.weight", (height // 2, width // 2))
        for rows, _ in boxes((height // 2, 4 * width), None):  # strips that stay in the cache
            part = slice(2 * rows.start, 2 * rows.stop)
            size = width // 2, rows.stop - rows.start
            alone = self._alone(image[part], weight[part])
            cv2.resize(alone, size, dst=small[rows], interpolation=cv2.INTER_AREA)
            cv2.resize(weight[part], size, dst=half[rows], interpolation=cv2.INTER_AREA)
        return small, half

    def cut_out(
        self, canvas: Image, image: Image, pixels: Pixels, amount: float, edge: Edge | None = None
    ) -> None:
        """Write the picture to the canvas, in one dark colour where no class is drawn.

        Args:
            canvas: Where to; every pixel is written.
            image: BGR uint8 (H, W, 3).
            pixels: Not 0 where a class is drawn, uint8 (H, W).
            amount: 0 (nothing) to 1 (nothing but the colour is left).
            edge: Where the classes end softly; None: nowhere.
        """
        if amount >= 1:
            height, width = pixels.shape
            canvas.reshape(height, -1)[:] = np.frombuffer(bytes(CUTOUT_BGR) * width, np.uint8)
            cv2.copyTo(image, pixels, canvas)
        else:
            outside = self._outside(pixels)
            self._blender.fill(canvas, image, outside, outside, _CUTOUT_COLOURS, amount)
        if edge is None:
            self._soften(canvas, pixels)
        else:
            around = edge.inverted()
            nobody = np.zeros_like(around.coverage)
            self._blender.fill_edge(canvas, around, nobody, _CUTOUT_COLOURS, amount)

    def _outside(self, pixels: Pixels) -> Pixels:
        outside = self._scratch.array("background.outside", pixels.shape)
        cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY_INV, dst=outside)
        return outside

    def _soften(self, canvas: Image, pixels: Pixels) -> None:
        """Soften the edge of what is in front, in place.

        The soft edge lies outside of the classes, so that they stay as they are, and is mixed
        from what is there now, so that nothing of the old background shines through.
        """
        reach = reach_of(pixels)
        waiting: tuple[Image, Pixels, Image] | None = None
        for number, (rows, _) in enumerate(boxes(pixels.shape, None)):
            found = self._softened(canvas, pixels, rows, reach, number % 2)
            # A strip is only changed when the one below it has seen it.
            if waiting is not None:
                cv2.copyTo(*waiting)
            waiting = found
        if waiting is not None:
            cv2.copyTo(*waiting)

    def _softened(
        self, canvas: Image, pixels: Pixels, rows: slice, reach: int, which: int
    ) -> tuple[Image, Pixels, Image] | None:
        """Return the canvas with soft edges, where these are, and the part of it to change."""
        seen = slice(max(0, rows.start - reach), rows.stop + reach)
        touched = np.bitwise_or.reduce(pixels[seen], axis=0).nonzero()[0]
        if not touched.size:
            return None
        columns = slice(max(0, int(touched[0]) - 2 * reach), int(touched[-1]) + 1 + 2 * reach)
        part, side = canvas[seen, columns], 2 * reach + 1
        soft = self._scratch.array(f"background.soft.{which}", part.shape)
        inside = self._scratch.array("background.inside", part.shape[:2])
        rim = self._scratch.array(f"background.rim.{which}", part.shape[:2])
        cv2.threshold(pixels[seen, columns], 0, 255, cv2.THRESH_BINARY, dst=inside)
        cv2.dilate(inside, np.ones((side, side), np.uint8), dst=rim)
        cv2.bitwise_xor(rim, inside, dst=rim)
        cv2.blur(part, (side, side), dst=soft)
        own = slice(rows.start - seen.start, rows.stop - seen.start)
        return soft[own], rim[own], canvas[rows, columns]


def _blurred(weighted: npt.NDArray[Any], weight: npt.NDArray[Any], sigma: float) -> Image:
    colours = cv2.GaussianBlur(weighted.astype(np.float32), (0, 0), sigma)
    total = cv2.GaussianBlur(weight.astype(np.float32), (0, 0), sigma)
    of_each = cv2.cvtColor(np.maximum(total, 0.255), cv2.COLOR_GRAY2BGR)
    return cast(Image, cv2.divide(colours, of_each, scale=255, dtype=cv2.CV_8U))
