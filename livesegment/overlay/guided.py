"""A guided filter, where its result is wanted only in some cells of a picture.

Source: He, Sun, Tang, Guided Image Filtering, TPAMI 2013, with colours as the guide, fitted to the
means of cells as in He, Sun, Fast Guided Filter, 2015; the contrast is raised afterwards.
"""

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.guided_filter import solved
from livesegment.overlay.cells import Bytes, Cells, Indices
from livesegment.overlay.scratch import Scratch

Floats = npt.NDArray[np.float32]

_FOUR = "V16"  # four of them, which are moved much faster as one

# Compared by how well true masks that were made coarse fit the true ones again. Each cell is fitted
# together with the eight around it; averaging what was fitted, as they do, gains nothing then.
_EPSILON = 3e-4 * 255**2  # variance of colours below which an area counts as flat
_CONTRAST = 2.5
_AT_ONCE = 2048  # cells whose numbers stay in the processor's cache

# Of what is averaged around a cell, beside blue, green, red and the share: their products.
_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3), (3, 3))
# A share of 0 to 255 with its contrast raised; what is cut off at both ends is cut off last.
_RAISED = ((np.arange(256) - 127.5) * _CONTRAST / 255 + 0.5).astype(np.float32)


def guided(values: Bytes, guide: Image, known: Cells, cells: Cells, scratch: Scratch) -> Bytes:
    """Return the share of each pixel that is drawn, as the colours around it say.

    Args:
        values: Blue, green, red and the share that is drawn of each known cell, uint8 (known, 4).
        guide: The pixels of the cells that are asked for, as `Cells.take` returns them.
        known: The cells that are asked for, and all cells around them.
        cells: The former: those next to which the share changes.
        scratch: Memory to work in.

    Returns:
        0 to 255, uint8 (side, cells x side), as `Cells.take` orders pixels.
    """
    # Where nothing changes the filter gives what there was.
    factors = scratch.array("guided.factors", (*cells.grid, 4), np.float32)
    unchanged = np.zeros((len(values), 4), np.float32)
    unchanged[:, 3] = _RAISED.take(values[:, 3])
    by_number = factors.reshape(-1).view(_FOUR)
    by_number[known.numbers] = unchanged.reshape(-1).view(_FOUR)
    around, moments = _around(known, cells), _moments(values, scratch)
    parts = [slice(at, at + _AT_ONCE) for at in range(0, cells.numbers.size, _AT_ONCE)]
    for part in parts:
        fitted = _fitted(values, moments, around[:, part])
        by_number[cells.numbers[part]] = fitted.reshape(-1).view(_FOUR)
    side = cells.side
    shares = np.empty(guide.shape[:2], np.uint8)
    of_cell, colours = shares.reshape(side, -1, side), guide.reshape(side, -1, side, 3)
    for part in parts:
        at = cells.rows[part], cells.columns[part]
        found = _looked_up(factors, at, np.ascontiguousarray(colours[:, part]), scratch)
        of_cell[:, part] = found.reshape(side, -1, side)
    return shares


def _looked_up(
    factors: Floats, at: tuple[Indices, Indices], guide: Image, scratch: Scratch
) -> Bytes:
    """Return the shares that factors give the pixels of some cells.

    Args:
        factors: Of the cells and those around them, float32 (rows, columns, 4), whatever elsewhere.
        at: Rows and columns of some of them.
        guide: Their pixels, uint8 (side, cells, side, 3).
        scratch: Memory to work in.

    Returns:
        uint8 (side, cells x side).
    """
    rows, columns = at
    side, count = guide.shape[0], rows.size
    offset = ((np.arange(side) + 0.5) / side - 0.5).astype(np.float32)
    x = np.empty((side, count, side), np.float32)
    x[:] = columns.astype(np.float32)[:, None] + offset
    y = np.empty_like(x)
    y[:] = rows.astype(np.float32).repeat(side).reshape(-1, side)
    y += offset[:, None, None]
    shape = count, side * side
    x, y = x.reshape(shape), y.reshape(shape)
    shares = scratch.array("guided.shares", (*shape, 4), np.float32)
    cv2.remap(factors, x, y, cv2.INTER_LINEAR, dst=shares, borderMode=cv2.BORDER_REPLICATE)
    # The fourth channel is 255 everywhere: what is added to the colours is the fourth factor.
    pixels = cv2.cvtColor(guide.reshape(*shape, 3), cv2.COLOR_BGR2BGRA)
    cv2.multiply(shares, pixels, dst=shares, dtype=cv2.CV_32F)
    blue, green, red, rest = (shares[..., channel] for channel in range(4))
    share = (blue + green) + (red + rest)
    np.maximum(share, 0, out=share)
    return cast(Bytes, cv2.convertScaleAbs(share)).reshape(side, -1)


def _around(known: Cells, cells: Cells) -> Indices:
    """Return which of the known cells each cell and the eight around it are.

    Args:
        known: Cells, and among them all that are asked for.
        cells: The ones in the middle.

    Returns:
        Places among the known, (9, cells). Those at the grid's border are repeated around it.
    """
    height, width = known.grid
    padded = np.empty((height + 2, width + 2), np.int64)
    padded.reshape(-1)[known.numbers + (2 * known.rows + width + 3)] = np.arange(known.rows.size)
    padded[0], padded[-1] = padded[1], padded[-2]
    padded[:, 0], padded[:, -1] = padded[:, 1], padded[:, -2]
    first = cells.numbers + 2 * cells.rows
    return padded.take(first + (np.arange(3)[:, None] * (width + 2) + np.arange(3)).reshape(9, 1))


def _moments(values: Bytes, scratch: Scratch) -> Floats:
    """Return what is averaged: colours and share of each known cell, and their products."""
    moments: Floats = scratch.array("guided.moments", (len(values), 4 + len(_PAIRS)), np.float32)
    moments[:, :4] = values
    for number, (one, other) in enumerate(_PAIRS, 4):
        np.multiply(moments[:, one], moments[:, other], out=moments[:, number])
    return moments


def _fitted(values: Bytes, moments: Floats, around: Indices) -> Floats:
    """Return for which share = (blue, green, red, 255) . factors fits best around each cell.

    Args:
        values: Blue, green, red and the share that is drawn of each known cell, uint8 (known, 4).
        moments: What `_moments` returned for them.
        around: Which of them each cell and the eight around it are, (9, cells).

    Returns:
        float32 (cells, 4), of the share with its contrast raised.
    """
    # Sums of whole numbers are exact, in whatever order they are made.
    total = moments.take(around[0], axis=0)
    one_more = np.empty_like(total)
    for neighbours in around[1:]:
        total += moments.take(neighbours, axis=0, out=one_more, mode="clip")
    sums = np.ascontiguousarray(total.T)
    means = sums[:4] * np.float32(1 / 9)
    common = sums[4:]
    for covariance, (one, other) in zip(common, _PAIRS, strict=True):
        covariance -= sums[one] * means[other]
    common *= np.float32(1 / 9)
    common[:3] += np.float32(_EPSILON)
    bb, gg, rr, bg, br, gr, bp, gp, rp, pp = common
    factors = np.empty((4, bb.size), np.float32)
    factors[:3] = solved((bb, bg, br, gg, gr, rr), (bp, gp, rp))
    # How well colours and shares go together, the multiple correlation: where they do not, as when
    # both sides have the same colours or a pole is thin and pale, a cell keeps the share it had.
    explained = factors[0] * bp + factors[1] * gp + factors[2] * rp
    fit = np.sqrt(np.clip(explained / np.maximum(pp, 1), 0, 1))
    factors[:3] *= fit * np.float32(_CONTRAST)
    share = means[3] * fit + values[around[4], 3] * (1 - fit)
    rest = share * np.float32(_CONTRAST) - np.float32(127.5 * (_CONTRAST - 1))
    rest -= (factors[:3] * means[:3]).sum(axis=0)
    factors[3] = rest * np.float32(1 / 255)
    return np.ascontiguousarray(factors.T)
