"""Drawn classes alone: their own colours, and how much of each pixel they cover."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.overlay.edges import Edge, reach_of
from livesegment.overlay.scratch import Scratch
from livesegment.overlay.selection import Pixels


class Alone:
    """Takes drawn classes out of their picture, to be laid over any other."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch

    def take(
        self,
        canvas: Image,
        alpha: Pixels,
        image: Image,
        pixels: Pixels,
        amount: float,
        edge: Edge | None = None,
    ) -> None:
        """Write the drawn classes to the canvas, and to alpha how much of each pixel is theirs.

        Colours are not multiplied by alpha, and 0 where it is 0: nothing of the background is left
        there. Where a class has only a part of a pixel, its colour is what the picture's would be
        without the background, as the pixels around tell it.

        Args:
            canvas: Where to; every pixel is written.
            alpha: Likewise, uint8 (H, W).
            image: BGR uint8 (H, W, 3).
            pixels: Not 0 where a class is drawn, uint8 (H, W).
            amount: 0 (nothing is taken away) to 1 (nothing is left beside the classes).
            edge: Where the classes end softly; None: nowhere.
        """
        cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY, dst=alpha)
        if edge is None:
            reach = reach_of(pixels)
            side = 2 * reach + 1
            # Only outside of the classes, so that they stay as they are.
            soft = self._scratch.array("alone.soft", alpha.shape)
            cv2.blur(alpha, (side, side), dst=soft, borderType=cv2.BORDER_REPLICATE)
            cv2.max(alpha, soft, dst=alpha)
        else:
            reach = 2 * edge.cells.side
            edge.cells.put(alpha, edge.coverage)
        if amount < 1:
            np.copyto(canvas, image)
            _lessen(alpha, amount)
            return
        canvas.fill(0)
        cv2.copyTo(image, alpha, canvas)
        _without_background(canvas, image, alpha, reach)


def _lessen(alpha: Pixels, amount: float) -> None:
    """Let some of everything stay, in place."""
    table = np.rint(255 - (255 - np.arange(256)) * amount).astype(np.uint8)
    cv2.LUT(alpha, table, dst=alpha)


def _without_background(canvas: Image, image: Image, alpha: Pixels, reach: int) -> None:
    """Write the colours that the classes have in the pixels which are theirs in part.

    Source: Forte, Approximate Fast Foreground Colour Estimation, ICIP 2021, of one step.

    Args:
        canvas: Where to; other pixels are not touched.
        image: BGR uint8 (H, W, 3), of the same size.
        alpha: How much of each pixel is of the classes, uint8 (H, W).
        reach: How far around, in pixels, colours are looked for.
    """
    partly = cv2.inRange(alpha, np.array(1), np.array(254))
    left, top, width, height = cv2.boundingRect(partly)
    if width == 0:
        return
    rows = slice(max(0, top - reach), top + height + reach)
    columns = slice(max(0, left - reach), left + width + reach)
    # Quicker than numpy's.
    at = cv2.findNonZero(np.ascontiguousarray(partly[rows, columns])).reshape(-1, 2)
    where = at[:, 1], at[:, 0]
    colours, share = image[rows, columns], alpha[rows, columns]
    inside = _mean_colours(colours, share, reach, where)
    outside = _mean_colours(colours, ~share, reach, where)
    part = share[where].astype(np.float32)[:, None] / 255
    found = inside + part * (colours[where] - part * inside - (1 - part) * outside)
    canvas[rows, columns][where] = np.clip(found + 0.5, 0, 255).astype(np.uint8)


def _mean_colours(
    image: Image,
    weight: npt.NDArray[np.uint8],
    reach: int,
    where: tuple[npt.NDArray[Any], npt.NDArray[Any]],
) -> npt.NDArray[np.float32]:
    """Return the weighted mean colours around some pixels, float32 (pixels, 3)."""
    weighted = cv2.multiply(image, cv2.cvtColor(weight, cv2.COLOR_GRAY2BGR), scale=1 / 255)
    # At half of the size: a mean is as good there, and cheaper.
    size = (2 * ((reach + 1) // 2) + 1,) * 2
    near = where[0] // 2, where[1] // 2
    mean, total = (
        cv2.boxFilter(cv2.pyrDown(each), cv2.CV_32F, size)[near] for each in (weighted, weight)
    )
    return np.asarray(mean * 255 / np.maximum(total, 1)[:, None], np.float32)
