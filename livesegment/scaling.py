"""Making pictures smaller, in little more time than it takes to read them."""

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""uint8, (H, W) or (H, W, 3)."""


def reduced(picture: Picture, size: tuple[int, int]) -> Picture:
    """Return nearly the means over the cells of a grid of (columns, rows), for a smaller picture.

    It is halved for as long as it can be, which OpenCV does fastest, so that every pixel counts:
    INTER_AREA takes up to three times as long.
    """
    columns, rows = size
    while picture.shape[1] >= 2 * columns and picture.shape[0] >= 2 * rows:
        height, width = picture.shape[0] // 2, picture.shape[1] // 2
        even = picture[: 2 * height, : 2 * width]
        picture = cast(Picture, cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    return cast(Picture, cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR))


def cell_means(picture: Picture, side: int) -> Picture:
    """Return the means over square cells of so many pixels a side, within a level or two.

    Whole cells only: what is left over at the right and below does not count. An even side is
    halved first, as in `reduced`.
    """
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    picture = picture[: rows * side, : columns * side]
    while side % 2 == 0:
        side //= 2
        size = columns * side, rows * side
        picture = cast(Picture, cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    if side == 1:
        return picture
    return cast(Picture, cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA))
