"""Drawn classes alone: their own colours, and how much of each pixel they cover."""

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.downscale import cell_means
from livesegment.frame import Image
from livesegment.overlay.blend import Blender
from livesegment.overlay.cells import Bytes, Cells, means_of_all
from livesegment.overlay.edges import Edge, reach_of
from livesegment.overlay.scratch import Scratch
from livesegment.overlay.selection import Pixels

_HARD_SIDE = 4  # of the cells along an edge that nothing tells how soft it is
# Colours are looked for in squares of so many pixels at least, five by five of them around an edge:
# wider, hair takes the colour of the face; narrower, only the mixed colours of the edge are found.
_LEAST_SIDE = 4
_AROUND = (5, 5)
# How much of a pixel is of the classes at least if so much around it is: a bright ear, or a button,
# is nothing of a bright wall, unless it is a pixel or two from it.
_NEAR = (5, 5)
_DEEP = np.clip((np.arange(256) / 255 - 0.6) / 0.4 * 255, 0, 255).round().astype(np.uint8)
# How far apart two colours are, in grey levels, from which on they begin to be told apart, and from
# which on a pixel between them is divided as its colour says.
_TELLING = (20.0, 60.0)
# What a square counts for beside one that is all of the class, or all of the background: little
# where it is a mixture.
_PURE = ((np.arange(256) / 255) ** 4 * 255).round().astype(np.uint8)
_LEAST_WEIGHT = 0.025  # of 255 for each square around: nothing


class Alone:
    """Takes drawn classes out of their picture, to be laid over any other."""

    def __init__(self, blender: Blender, scratch: Scratch) -> None:
        self._blender = blender
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
        without the background, as the pixels around tell it; and where a pixel along a soft edge
        looks like the background, less of it is theirs.

        Args:
            canvas: Where to; every pixel is written.
            alpha: Likewise, uint8 (H, W).
            image: BGR uint8 (H, W, 3).
            pixels: Not 0 where a class is drawn, uint8 (H, W).
            amount: 0 (nothing is taken away) to 1 (nothing is left beside the classes).
            edge: Where the classes end softly; None: nowhere.
        """
        is_hard = edge is None
        edge = self._shares(alpha, image, pixels, edge)
        if amount < 1:
            np.copyto(canvas, image)
            _lessen(alpha, amount)
            return
        canvas.fill(0)
        cv2.copyTo(image, alpha, canvas)
        if edge is not None:
            colours, shares = self._without_background(image, alpha, edge, is_hard=is_hard)
            colours[shares == 0] = 0
            edge.cells.put(canvas, colours)
            edge.cells.put(alpha, shares)

    def put_before(
        self, canvas: Image, image: Image, pixels: Pixels, edge: Edge | None = None
    ) -> None:
        """Lay the drawn classes over another picture, without the background that was behind them.

        Args:
            canvas: The other picture, in place, BGR uint8 (H, W, 3), contiguous.
            image: BGR uint8 (H, W, 3), contiguous.
            pixels: Not 0 where a class is drawn, uint8 (H, W).
            edge: Where the classes end softly; None: nowhere.
        """
        alpha = self._scratch.array("alone.alpha", pixels.shape)
        is_hard = edge is None
        edge = self._shares(alpha, image, pixels, edge)
        behind = None if edge is None else edge.cells.take(canvas)
        cv2.copyTo(image, pixels, canvas)
        if edge is not None and behind is not None:
            colours, shares = self._without_background(image, alpha, edge, is_hard=is_hard)
            edge.cells.put(canvas, self._blender.mixed(behind, colours, shares))

    def _shares(
        self, alpha: Pixels, image: Image, pixels: Pixels, edge: Edge | None
    ) -> Edge | None:
        """Write to alpha how much of each pixel is of the classes, and return where it is a part.

        Where no edge is given it is as wide as a pixel at 720p, and outside of the classes, so that
        they stay as they are.
        """
        cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY, dst=alpha)
        if edge is None:
            edge = self._hard_edge(alpha, image)
        if edge is not None:
            edge.cells.put(alpha, edge.coverage)
        return edge

    def _hard_edge(self, inside: Pixels, image: Image) -> Edge | None:
        if min(inside.shape) < _HARD_SIDE:
            return None
        around = (2 * reach_of(inside) + 1,) * 2
        soft = self._scratch.array("alone.soft", inside.shape)
        cv2.blur(inside, around, dst=soft, borderType=cv2.BORDER_REPLICATE)
        partly = self._scratch.array("alone.partly", inside.shape)
        cv2.compare(soft, inside, cv2.CMP_GT, dst=partly)
        ends = means_of_all(partly, _HARD_SIDE, self._scratch) > 0
        if not ends.any():
            return None
        cells = Cells.where(ends, _HARD_SIDE, inside.shape[1])
        coverage = np.maximum(cells.take(soft), cells.take(inside))
        return Edge(cells, cells.take(image), coverage)

    def _without_background(
        self, image: Image, alpha: Pixels, edge: Edge, *, is_hard: bool
    ) -> tuple[Image, Bytes]:
        """Return the colours that the classes have along an edge, and how much is theirs.

        Source: Forte, Approximate Fast Foreground Colour Estimation, ICIP 2021, of one step.

        Args:
            image: BGR uint8 (H, W, 3).
            alpha: How much of each pixel is of the classes, uint8 (H, W).
            edge: Where it is a part.
            is_hard: Whether pixels that are all of the classes stay so.

        Returns:
            Both as `Edge.picture` and `Edge.coverage`.
        """
        cells = edge.cells
        small, share, near = _squares(image, alpha, cells)
        inside = _mean_colours(small, share, near)
        outside = _mean_colours(small, ~share, near)
        # Plane by plane: nothing here is as fast on colours that lie beside each other.
        picture, coverage = np.array(cv2.split(edge.picture), np.float32), edge.coverage
        seen = _seen_shares(picture, inside, outside, cells.side)
        if is_hard:
            np.copyto(seen, 255, where=coverage == 255)
        else:
            np.maximum(seen, _DEEP.take(cells.take(self._around(alpha, cells))), out=seen)
        np.minimum(seen, coverage, out=seen)
        part = seen * np.float32(1 / 255)
        # In steps that reuse memory: the same as inside + part * (picture - mixture of both).
        mixture = _of_pixels(inside - outside, cells.side) * part
        mixture += _of_pixels(outside, cells.side)
        np.subtract(picture, mixture, out=mixture)
        mixture *= part
        mixture += _of_pixels(inside + np.float32(0.5), cells.side)
        np.clip(mixture, 0, 255, out=mixture)
        return cast(Image, cv2.merge(list(mixture.astype(np.uint8)))), seen

    def _around(self, alpha: Pixels, cells: Cells) -> Pixels:
        """Return the mean around each pixel, uint8 (H, W), valid in some cells."""
        around = self._scratch.array("alone.around", alpha.shape)
        box = tuple(
            slice(int(at.min()) * cells.side, (int(at.max()) + 1) * cells.side)
            for at in (cells.rows, cells.columns)
        )
        cv2.blur(alpha[box], _NEAR, dst=around[box], borderType=cv2.BORDER_REPLICATE)
        return around


def _squares(
    image: Image, alpha: Pixels, cells: Cells
) -> tuple[Image, Bytes, tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    """Return the squares in which colours are looked for, around cells.

    Args:
        image: BGR uint8 (H, W, 3).
        alpha: How much of each pixel is of the classes, uint8 (H, W).
        cells: The cells.

    Returns:
        The squares' colours, uint8 (rows, columns, 3), how much of each is of the classes, uint8
        (rows, columns), and in which of them each cell is.
    """
    side = max(cells.side, _LEAST_SIDE)
    if min(alpha.shape) < side:
        return image, alpha, (cells.rows * cells.side, cells.columns * cells.side)
    numbers, parts = [], []
    for at, length in zip((cells.rows, cells.columns), alpha.shape, strict=True):
        number = np.minimum(at * cells.side // side, length // side - 1)
        reach = _AROUND[0] // 2
        begin = max(0, int(number.min()) - reach)
        end = min(length // side, int(number.max()) + 1 + reach)
        numbers.append(number - begin)
        parts.append(slice(begin * side, end * side))
    share = cell_means(alpha[parts[0], parts[1]], side)
    # From the middle of each square: where all of it is of one side, as good as from all.
    size = share.shape[1], share.shape[0]
    part = image[parts[0], parts[1]]
    small = cast(Image, cv2.resize(part, size, interpolation=cv2.INTER_LINEAR))
    return small, share, (numbers[0], numbers[1])


def _seen_shares(
    picture: npt.NDArray[np.float32],
    inside: npt.NDArray[np.float32],
    outside: npt.NDArray[np.float32],
    side: int,
) -> Bytes:
    """Return how much of each pixel may be of the classes, as its colour says.

    The picture's own softness, and a filter that sharpens what it found, leave colours of the
    background in pixels that count as the classes' own; a pixel that looks like the background is
    its. Where both have nearly the same colours nothing can be told, and nothing has to be.

    Args:
        picture: Blue, green and red of the pixels along an edge, (3, side, cells x side).
        inside: Those of the classes around each cell, (3, cells).
        outside: Those of the background.
        side: Of a cell.

    Returns:
        0 to 255, uint8 (side, cells x side).
    """
    step = inside - outside
    length = np.maximum((step * step).sum(axis=0), 1)
    low, high = _TELLING
    tells = np.clip((np.sqrt(length) - low) * np.float32(1 / (high - low)), 0, 1)
    # 1 - tells * (1 - share), where the share is the picture's place between both colours.
    slope = step * (255 * tells / length)
    rest = 255.5 - 255 * tells - (outside * slope).sum(axis=0)
    found = (picture * _of_pixels(slope, side)).sum(axis=0)
    found += rest.repeat(side)
    np.clip(found, 0, 255, out=found)
    return np.asarray(found.astype(np.uint8))


def _of_pixels(planes: npt.NDArray[np.float32], side: int) -> npt.NDArray[np.float32]:
    """Return what each pixel of a row of cells has, (3, 1, cells x side), of (3, cells)."""
    return planes.repeat(side, axis=1)[:, None]


def _lessen(alpha: Pixels, amount: float) -> None:
    """Let some of everything stay, in place."""
    table = np.rint(255 - (255 - np.arange(256)) * amount).astype(np.uint8)
    cv2.LUT(alpha, table, dst=alpha)


def _mean_colours(
    small: Image, share: Bytes, at: tuple[npt.NDArray[Any], npt.NDArray[Any]]
) -> npt.NDArray[np.float32]:
    """Return the mean colours around some squares, of those that are all of one side.

    Args:
        small: Mean colours of squares, uint8 (rows, columns, 3).
        share: How much of each belongs to the side, uint8 (rows, columns).
        at: Rows and columns of the squares asked for.

    Returns:
        float32 (3, squares).
    """
    # The fourth of four channels, 255 everywhere, becomes the weight of each square.
    weight = cv2.LUT(share, _PURE)
    weighted = cv2.cvtColor(small, cv2.COLOR_BGR2BGRA)
    cv2.multiply(weighted, cv2.merge([weight] * 4), dst=weighted, scale=1 / 255)
    sums = cv2.boxFilter(weighted, cv2.CV_16U, _AROUND, normalize=False).reshape(-1, 4)
    found = sums.take(at[0] * small.shape[1] + at[1], axis=0).T.astype(np.float32, order="C")
    return np.asarray(found[:3] * (255 / np.maximum(found[3], _LEAST_WEIGHT)), np.float32)
