"""Pictures made smaller, at little more than the cost of reading them."""

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""uint8, shape (H, W) or (H, W, 3)."""


_MUCH_SMALLER = 0.8


def fitting(size: tuple[int, int], box: tuple[float, float]) -> tuple[int, int]:
    """Return the size at which a picture fits into a box, both (width, height) in pixels.

    Its proportions are kept; it is never enlarged.
    """
    scale = min(1.0, box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def size_to_show(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """Return the size at which a picture is drawn for somebody who looks at it in a box.

    The picture's own unless it is much larger: making it a little smaller costs more than it saves.
    """
    smaller = fitting(size, box)
    return smaller if smaller[0] < _MUCH_SMALLER * size[0] else size


def made_to_fit(picture: Picture, box: tuple[int, int] | None) -> Picture:
    """Return a picture, (H, W) or (H, W, 3), as it is shown in a box; None: as it is."""
    size = picture.shape[1], picture.shape[0]
    return picture if box is None else downscaled(picture, size_to_show(size, box))


def downscaled(
    picture: Picture, size: tuple[int, int], halves: dict[int, Picture] | None = None
) -> Picture:
    """Return nearly the means over the cells of a grid, which OpenCV's INTER_AREA gives exactly.

    The picture is halved for as long as it can be, so that every pixel counts, and the rest is
    interpolated: from 4K that takes a fifth of the time of INTER_AREA, which is slow for other than
    whole pixels a cell. By a power of two the result is INTER_AREA's.

    Args:
        picture: uint8 (H, W) or (H, W, 3).
        size: Wanted (width, height) in pixels.
        halves: Keeps the picture halved once, twice and so on, to be used again for other sizes.

    Returns:
        The picture itself where it has that size already.
    """
    columns, rows = size
    halves = {} if halves is None else halves
    times = 0
    while picture.shape[1] >= 2 * columns and picture.shape[0] >= 2 * rows:
        times += 1
        if times not in halves:
            halves[times] = half = _halved(picture)
            half.flags.writeable = False  # others may have it too
        picture = halves[times]
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    return cast(Picture, cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR))


def cell_means(picture: Picture, side: int) -> Picture:
    """Return the means over square cells of so many pixels a side, within a level or two.

    Whole cells only: what is left over at the right and below does not count. An even side is
    halved first, as in `downscaled`.
    """
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    picture = picture[: rows * side, : columns * side]
    while side % 2 == 0:
        side //= 2
        picture = _halved(picture)
    if side == 1:
        return picture
    return cast(Picture, cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA))


def _halved(picture: Picture) -> Picture:
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    even = picture[: 2 * height, : 2 * width]
    return cast(Picture, cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
