"""OpenCV's work on rasters, with the array types that come out: its own stubs leave them open."""

from typing import Any, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
"""uint8, (H, W) or (H, W, 3)."""

Floats = npt.NDArray[np.float32]
"""float32, (h, w) or (h, w, n)."""

Flags = npt.NDArray[np.bool_]
"""bool, (h, w)."""

Whole = npt.NDArray[np.int16]
"""Positions or displacements in whole pixels, int16 (h, w, 2)."""

# One map holds both coordinates; the stubs want a second one all the same.
_NO_MAP: Any = None

Raster = TypeVar("Raster", Bytes, Floats)


def shrink(raster: Raster, size: tuple[int, int]) -> Raster:
    """Return the means over the cells of a grid of (columns, rows)."""
    return cast(Raster, cv2.resize(raster, size, interpolation=cv2.INTER_AREA))


def reduce(picture: Bytes, size: tuple[int, int]) -> Bytes:
    """Return nearly what `shrink` does, several times faster, of a picture up to 4 times as large.

    Means over other than whole pixels are slow in OpenCV; two pixels at a time they are not.
    """
    columns, rows = size
    if picture.shape[1] <= 2 * columns and picture.shape[0] <= 2 * rows:
        return cast(Bytes, cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR))
    double = cv2.resize(picture, (2 * columns, 2 * rows), interpolation=cv2.INTER_LINEAR)
    return cast(Bytes, cv2.resize(double, size, interpolation=cv2.INTER_AREA))


def stretch(values: Floats, size: tuple[int, int]) -> Floats:
    """Return values interpolated on a grid of (columns, rows)."""
    return cast(Floats, cv2.resize(values, size, interpolation=cv2.INTER_LINEAR))


def nearest(ids: Bytes, size: tuple[int, int]) -> Bytes:
    """Return ids on a grid of (columns, rows): no new ones appear."""
    return cast(Bytes, cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST))


def sample(raster: Raster, cells: Floats) -> Raster:
    """Return values at positions (x, y) in the raster's cells, bilinear, edges continued."""
    return cast(
        Raster,
        cv2.remap(raster, cells, _NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
    )


def pick(ids: Raster, cells: Floats | Whole) -> Raster:
    """Return the ids nearest to positions (x, y), edges continued: no new ones appear."""
    return cast(
        Raster,
        cv2.remap(ids, cells, _NO_MAP, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE),
    )


def blur(values: Floats, radius: int) -> Floats:
    """Return the means over squares of 2 radius + 1 cells a side, edges continued."""
    side = 2 * radius + 1
    return cast(Floats, cv2.blur(values, (side, side), borderType=cv2.BORDER_REPLICATE))


def worst_channel(first: Bytes, second: Bytes) -> Bytes:
    """Return how much two pictures (h, w, 3) differ in the channel that differs most, (h, w)."""
    blue, green, red = cv2.split(cv2.absdiff(first, second))
    return cast(Bytes, cv2.max(cv2.max(blue, green), red))


def add(first: Floats, second: Floats) -> Floats:
    """Return the sum."""
    return cast(Floats, cv2.add(first, second))


def scale_and_shift(
    points: Floats, scale: tuple[float, float], shift: tuple[float, float]
) -> Floats:
    """Return points (h, w, 2) scaled, then shifted, by (x, y)."""
    # By axis: OpenCV's arithmetic with one number for each channel is five times slower.
    out = np.empty_like(points)
    for axis in range(2):
        np.multiply(points[..., axis], np.float32(scale[axis]), out=out[..., axis])
        out[..., axis] += np.float32(shift[axis])
    return out
