"""What is done to everything that is no drawn class: blurred, or taken away."""

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.overlay.blend import Blender
from livesegment.overlay.edges import Edge
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
        small: npt.NDArray[Any] = self._scratch.array("background.alone", image.shape)
        small.fill(0)
        cv2.copyTo(image, weight, small)
        # Halving costs a third of one area resize to the same size, and 1.5 is wide enough
        # for enlarging to leave no blocks.
        while sigma >= 3 and min(small.shape[:2]) > 1:
            half = (small.shape[1] + 1) // 2, (small.shape[0] + 1) // 2
            small = cv2.resize(small, half, interpolation=cv2.INTER_AREA)
            weight = cv2.resize(weight, half, interpolation=cv2.INTER_AREA)
            sigma /= 2
        blurred = _blurred(small, weight, max(sigma, 0.3))
        cv2.resize(blurred, (width, height), dst=canvas, interpolation=cv2.INTER_LINEAR)
        if edge is None:
            self._restore(canvas, image, pixels)
        else:
            behind = edge.cells.take(canvas)
            cv2.copyTo(image, pixels, canvas)
            edge.cells.put(canvas, self._blender.mixed(behind, edge.picture, edge.coverage))

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
        outside = self._outside(pixels)
        self._blender.fill(canvas, image, outside, outside, _CUTOUT_COLOURS, amount)
        if edge is None:
            self._restore(canvas, image, pixels)
        else:
            around = edge.inverted()
            nobody = np.zeros_like(around.coverage)
            self._blender.fill_edge(canvas, around, nobody, _CUTOUT_COLOURS, amount)

    def _outside(self, pixels: Pixels) -> Pixels:
        outside = self._scratch.array("background.outside", pixels.shape)
        cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY_INV, dst=outside)
        return outside

    def _restore(self, canvas: Image, image: Image, pixels: Pixels) -> None:
        cv2.copyTo(image, pixels, canvas)
        reach = max(1, round(math.sqrt(pixels.size) / 960))
        left, top, width, height = cv2.boundingRect(pixels)
        if width == 0:
            return
        rows = slice(max(0, top - 2 * reach), top + height + 2 * reach)
        columns = slice(max(0, left - 2 * reach), left + width + 2 * reach)
        target, inside = canvas[rows, columns], self._inside(pixels[rows, columns])
        # The soft edge lies outside of the classes, so that they stay as they are, and is mixed
        # from what is there now, so that nothing of the old background shines through.
        side = 2 * reach + 1
        soft = self._scratch.array("background.soft", target.shape)
        rim = self._scratch.array("background.rim", inside.shape)
        cv2.blur(target, (side, side), dst=soft)
        cv2.dilate(inside, np.ones((side, side), np.uint8), dst=rim)
        cv2.bitwise_xor(rim, inside, dst=rim)
        cv2.copyTo(soft, rim, target)

    def _inside(self, pixels: Pixels) -> Pixels:
        inside = self._scratch.array("background.inside", pixels.shape)
        cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY, dst=inside)
        return inside


def _blurred(weighted: npt.NDArray[Any], weight: npt.NDArray[Any], sigma: float) -> Image:
    colours = cv2.GaussianBlur(weighted.astype(np.float32), (0, 0), sigma)
    total = cv2.GaussianBlur(weight.astype(np.float32) / 255, (0, 0), sigma)
    mean = colours / np.maximum(total, 1e-3)[..., None]
    return np.clip(mean + 0.5, 0, 255).astype(np.uint8)
