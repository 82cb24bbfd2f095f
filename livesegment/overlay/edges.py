"""Where what is drawn ends, as softly as the picture says.

A mask that was decided on a grid coarser than the picture has steps for edges, or edges that lie
somewhere near the true ones. Around them a guided filter fits what is drawn to the colours of the
picture, cell by cell, and so each pixel gets a share that is drawn. Only drawing uses it.

Source: He, Sun, Tang, Guided Image Filtering, TPAMI 2013, and He, Sun, Fast Guided Filter, 2015,
with colours as the guide, and the contrast raised afterwards. The settings were compared by how
many pixels true masks that were made coarse agree with the true ones in.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self, cast

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.mask import ClassIds
from livesegment.overlay.scratch import Scratch
from livesegment.overlay.selection import Pixels

COARSE = 2.0
"""The `Mask.grain` above which edges are refined."""

_GRAINS_A_CELL = 1.35  # how much of a mask's grain one cell of the filter is at best
_MOST_SHARE = 1 / 14  # of the picture's pixels; where edges are more, they stay as they are
_EPSILON = 3e-4 * 255**2  # variance of colours below which an area counts as flat
_CONTRAST = 2.5
_KEPT = 0.2  # of a cell's own share, lest colours that both sides have tear holes
_HALF = 127

_SQUARE = np.ones((3, 3), np.uint8)

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

# A share of 0 to 255 with its contrast raised; what is cut off at both ends is cut off last.
_RAISED = ((np.arange(256) - 127.5) * _CONTRAST / 255 + 0.5).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """The cells of a picture in which what is drawn ends, and how much of each pixel is drawn.

    Attributes:
        coverage: 0 (not drawn) to 255, uint8 of shape (cells, pixels of a cell).
        places: Where the cells' pixels are in an array of the picture's size, a few pixels of a row
            at a time.
        together: How many.
        rows: Of the cells on their grid, shape (cells,).
        columns: The same.
        grid: Rows and columns of that grid.
    """

    coverage: npt.NDArray[np.uint8]
    places: Indices
    together: int
    rows: Indices
    columns: Indices
    grid: tuple[int, int]

    def take(self, array: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return the edge's pixels of a picture or a mask, uint8 (cells, pixels of a cell[, 3])."""
        return _take(array, self.places, self.together)

    def put(self, array: npt.NDArray[np.uint8], values: npt.NDArray[np.uint8]) -> None:
        """Write such pixels back to where they are."""
        flat = _flat(array, self.together)
        flat[self.places.ravel()] = np.ascontiguousarray(values).reshape(-1).view(flat.dtype)

    def inverted(self) -> Self:
        """Return the edge of everything else."""
        return replace(self, coverage=~self.coverage)

    def classes(self, class_ids: ClassIds, pixels: Pixels) -> npt.NDArray[np.uint8]:
        """Return which class each pixel of the edge has if it is drawn: its own, or the next one.

        Args:
            class_ids: uint8 (H, W).
            pixels: Not 0 where a class is drawn, uint8 (H, W).

        Returns:
            uint8 (cells, pixels of a cell).
        """
        own = self.take(class_ids)
        is_drawn = own > 0 if pixels is class_ids else self.take(pixels) > 0
        drawn = own[is_drawn]
        if not drawn.size or drawn.min() == drawn.max():
            return np.full_like(own, drawn[0] if drawn.size else 0)
        # A cell without a class has one beside it: else it would not be of the edge. 0: none yet.
        of_cell = (own.astype(np.int16) + 1) * is_drawn
        best = of_cell.max(axis=1)
        around = np.zeros(self.grid, np.int16)
        around[self.rows, self.columns] = best
        around = cast("npt.NDArray[np.int16]", cv2.dilate(around, _SQUARE))
        best = np.where(best > 0, best, around[self.rows, self.columns]) - 1
        return np.where(is_drawn, own, best.astype(np.uint8)[:, None])

    def decided(self, class_ids: ClassIds, pixels: Pixels, undrawn: int) -> ClassIds:
        """Return the class ids with the edge where half of a pixel is drawn.

        Args:
            class_ids: uint8 (H, W).
            pixels: Not 0 where a class is drawn, uint8 (H, W).
            undrawn: The id of what is not drawn any more.
        """
        classes = self.classes(class_ids, pixels)
        own, is_drawn = self.take(class_ids), self.coverage > _HALF
        own[(self.take(pixels) > 0) & ~is_drawn] = undrawn
        np.copyto(own, classes, where=is_drawn)
        decided = class_ids.copy()
        self.put(decided, own)
        return decided


def cell_side(grain: float) -> int:
    """Return the side in pixels of the filter's cells for a mask: a power of two.

    Halving is by far the fastest way to a smaller picture.
    """
    return 1 << max(1, round(math.log2(grain / _GRAINS_A_CELL)))


def soft_edge(image: Image, pixels: Pixels, grain: float, scratch: Scratch) -> Edge | None:
    """Return where what is drawn ends, and how softly.

    The cells begin at the picture's corner and see no further than two cells around: wherever an
    object is, the same pixels give the same edge.

    Args:
        image: BGR uint8 (H, W, 3), contiguous.
        pixels: Not 0 where a class is drawn, uint8 (H, W), contiguous.
        grain: `Mask.grain` of the mask.
        scratch: Memory to work in.

    Returns:
        The edge; None where the mask is fine enough, nothing ends in the picture, or there are so
        many edges that refining them would take too long.
    """
    if grain <= COARSE:
        return None
    side = cell_side(grain)
    if min(pixels.shape) < 3 * side:
        return None
    inside = scratch.array("edges.inside", pixels.shape)
    cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY, dst=inside)
    drawn = _halved(inside, side, scratch)
    ends = cv2.dilate(drawn, _SQUARE) != cv2.erode(drawn, _SQUARE)
    cells = np.flatnonzero(ends)
    if not cells.size or cells.size * side * side > _MOST_SHARE * pixels.size:
        return None
    rows, columns = np.divmod(cells, drawn.shape[1])
    layout = _Layout(pixels.shape[1], side)
    places = layout.places(rows, columns)
    means = _means(image, cv2.dilate(ends.view(np.uint8), _SQUARE).view(np.bool_), drawn, layout)
    coverage = _filtered(means, _take(image, places, layout.together), rows, columns, scratch)
    return Edge(coverage, places, layout.together, rows, columns, drawn.shape)


class _Layout(NamedTuple):
    """How the pixels of cells lie in an array of the picture's size."""

    width: int
    side: int

    @property
    def together(self) -> int:
        """Pixels of a row that are moved at once: whole cells, where the width allows it."""
        return math.gcd(self.width, self.side)

    def places(self, rows: Indices, columns: Indices) -> Indices:
        """Return where the pixels of cells are, row by row, (cells, moves)."""
        steps = self.width // self.together
        first = rows * (self.side * steps) + columns * (self.side // self.together)
        within = np.arange(self.side)[:, None] * steps + np.arange(self.side // self.together)
        return first[:, None] + within.reshape(1, -1)


def _means(
    image: Image, wanted: npt.NDArray[np.bool_], drawn: Pixels, layout: _Layout
) -> npt.NDArray[np.uint8]:
    """Return the mean colours of some cells, whatever elsewhere, and the share that is drawn.

    Args:
        image: BGR uint8 (H, W, 3).
        wanted: Whether it is one of those, bool (rows, columns).
        drawn: The share, 0 to 255, uint8 (rows, columns).
        layout: Of the cells.

    Returns:
        uint8 (rows + 2, columns + 2, 4), with the cells at the border repeated around it.
    """
    cells = np.flatnonzero(wanted)
    rows, columns = np.divmod(cells, wanted.shape[1])
    pixels = _take(image, layout.places(rows, columns), layout.together)
    side = layout.side
    # One under another, so that they are halved as if they were one picture.
    tall: Any = pixels.reshape(len(cells) * side, side, 3)
    while side > 1:
        side //= 2
        tall = cv2.resize(tall, (side, len(cells) * side), interpolation=cv2.INTER_AREA)
    height, width = wanted.shape
    means = np.empty((height + 2, width + 2, 4), np.uint8)
    means[1:-1, 1:-1, 3] = drawn
    means.reshape(-1, 4)[cells + (2 * rows + width + 3), :3] = tall.reshape(-1, 3)
    means[0], means[-1] = means[1], means[-2]
    means[:, 0], means[:, -1] = means[:, 1], means[:, -2]
    return means


def _filtered(
    means: npt.NDArray[np.uint8], guide: Image, rows: Indices, columns: Indices, scratch: Scratch
) -> npt.NDArray[np.uint8]:
    """Return the share of each pixel that is drawn, 0 to 255, uint8 (cells, pixels of a cell).

    Args:
        means: As `_means` returns them.
        guide: The pixels, uint8 (cells, pixels of a cell, 3).
        rows: Of the cells, rising.
        columns: The same.
        scratch: Memory to work in.
    """
    # Where nothing ends the filter gives what there was: it is worked out in a box around the rest.
    height, width = means.shape[0] - 2, means.shape[1] - 2
    top, left = max(0, int(rows[0]) - 2), max(0, int(columns.min()) - 2)
    bottom, right = min(height, int(rows[-1]) + 3), min(width, int(columns.max()) + 3)
    size = bottom - top, right - left
    factors = scratch.array("edges.factors", (*size, 4), np.float32)
    factors.fill(0)
    factors[..., 3] = cv2.LUT(means[top + 1 : bottom + 1, left + 1 : right + 1, 3], _RAISED)
    y, x = rows - top, columns - left
    factors.reshape(-1, 4)[y * size[1] + x] = _factors(means, rows, columns)
    smooth = scratch.array("edges.smooth", factors.shape, np.float32)
    cv2.blur(factors, (3, 3), dst=smooth, borderType=cv2.BORDER_REPLICATE)
    pixels = guide.shape[1]
    side = math.isqrt(pixels)
    offset = ((np.arange(side) + 0.5) / side - 0.5).astype(np.float32)
    there_x = x.astype(np.float32)[:, None] + np.tile(offset, side)
    there_y = y.astype(np.float32)[:, None] + np.repeat(offset, side)
    shares = scratch.array("edges.shares", (len(x), pixels, 4), np.float32)
    cv2.remap(
        *(smooth, there_x, there_y, cv2.INTER_LINEAR), dst=shares, borderMode=cv2.BORDER_REPLICATE
    )
    # The fourth channel is 255 everywhere, what is added by the factors' fourth.
    cv2.multiply(shares, cv2.cvtColor(guide, cv2.COLOR_BGR2BGRA), dst=shares, dtype=cv2.CV_32F)
    blue, green, red, rest = (shares[..., channel] for channel in range(4))
    share = (blue + green) + (red + rest)
    np.maximum(share, 0, out=share)
    return cast("npt.NDArray[np.uint8]", cv2.convertScaleAbs(share))


def _factors(means: npt.NDArray[np.uint8], rows: Indices, columns: Indices) -> Floats:
    """Return for which share = (blue, green, red, 255) . factors fits best around each cell.

    Args:
        means: As `_means` returns them.
        rows: Of the cells to fit, shape (n,).
        columns: The same.

    Returns:
        float32 (n, 4), of the share with its contrast raised.
    """
    width = means.shape[1]
    around = (np.arange(3)[:, None] * width + np.arange(3)).reshape(9, 1)
    values = means.reshape(-1).view(np.uint32).take(around + (rows * width + columns))
    b, g, r, p = (
        each.astype(np.float32) for each in cv2.split(values.view(np.uint8).reshape(9, -1, 4))
    )
    # Sums of whole numbers are exact, in whatever order they are made.
    ninth = np.float32(1 / 9)
    sums = [plane.sum(axis=0) for plane in (b, g, r, p)]
    mean = [each * ninth for each in sums]

    def common(one: int, other: int) -> Floats:
        product = (b, g, r, p)[one] * (b, g, r, p)[other]
        covariance: Floats = (product.sum(axis=0) - sums[one] * mean[other]) * ninth
        return covariance

    epsilon = np.float32(_EPSILON)
    bb, gg, rr = (common(each, each) + epsilon for each in range(3))
    bg, br, gr = common(0, 1), common(0, 2), common(1, 2)
    bp, gp, rp = (common(each, 3) for each in range(3))
    # The inverse of a symmetric matrix of 3x3, by its minors.
    m_bb, m_bg, m_br = gg * rr - gr * gr, br * gr - bg * rr, bg * gr - br * gg
    m_gg, m_gr, m_rr = bb * rr - br * br, bg * br - bb * gr, bb * gg - bg * bg
    scale = np.float32(_CONTRAST * (1 - _KEPT)) / (bb * m_bb + bg * m_bg + br * m_br)
    factors = np.empty((len(bp), 4), np.float32)
    factors[:, 0] = (m_bb * bp + m_bg * gp + m_br * rp) * scale
    factors[:, 1] = (m_bg * bp + m_gg * gp + m_gr * rp) * scale
    factors[:, 2] = (m_br * bp + m_gr * gp + m_rr * rp) * scale
    rest = mean[3] * np.float32(1 - _KEPT) + p[4] * np.float32(_KEPT)
    rest = rest * np.float32(_CONTRAST) - np.float32(127.5 * (_CONTRAST - 1))
    for channel in range(3):
        rest -= factors[:, channel] * mean[channel]
    factors[:, 3] = rest / np.float32(255)
    return factors


def _halved(picture: Pixels, side: int, scratch: Scratch) -> Pixels:
    """Return the means of the whole squares of a side, a power of two, from the corner on."""
    height, width = (each // side * side for each in picture.shape)
    picture = picture[:height, :width]
    while side > 1:
        height, width, side = height // 2, width // 2, side // 2
        half = scratch.array(f"edges.half.{side}", (height, width))
        cv2.resize(picture, (width, height), dst=half, interpolation=cv2.INTER_AREA)
        picture = half
    return picture


def _flat(array: npt.NDArray[np.uint8], together: int) -> npt.NDArray[np.void]:
    channels = array.shape[2] if array.ndim == 3 else 1
    return array.reshape(-1).view(f"V{channels * together}")


def _take(array: npt.NDArray[np.uint8], places: Indices, together: int) -> npt.NDArray[np.uint8]:
    taken = _flat(array, together).take(places).view(np.uint8)
    return taken.reshape(len(places), -1, 3) if array.ndim == 3 else taken
