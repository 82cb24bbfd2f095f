"""Fitting pictures into what has proportions of its own: a video, a window."""

from typing import TypeVar

import cv2
import numpy as np

from livesegment.frame import Image
from livesegment.mask import ClassIds

Array = TypeVar("Array", Image, ClassIds)


def letterbox(array: Array, frame_size: tuple[int, int], *, smooth: bool) -> Array:
    """Return a picture or mask at another size, its shape kept, with bars of 0 around it.

    Args:
        array: uint8 (H, W) or (H, W, 3).
        frame_size: Wanted (width, height) in pixels.
        smooth: Average pixels (pictures); False takes the nearest (masks: no new ids appear).

    Returns:
        The array itself where it has that size already.
    """
    width, height = frame_size
    old_height, old_width = array.shape[:2]
    if (old_width, old_height) == frame_size:
        return array
    scale = min(width / old_width, height / old_height)
    new_width = max(1, min(width, round(old_width * scale)))
    new_height = max(1, min(height, round(old_height * scale)))
    if not smooth:
        interpolation = cv2.INTER_NEAREST_EXACT
    else:
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    left, top = (width - new_width) // 2, (height - new_height) // 2
    canvas = np.zeros((height, width, *array.shape[2:]), np.uint8)
    canvas[top : top + new_height, left : left + new_width] = cv2.resize(
        array, (new_width, new_height), interpolation=interpolation
    )
    return canvas


_DARK = (22, 19, 18)  # BGR, as plates with text on them


def with_margins(image: Image, box: tuple[int, int] | None) -> Image:
    """Return a picture with dark margins that give it the proportions of a box; it is not scaled.

    Args:
        image: BGR uint8 (H, W, 3).
        box: (width, height) of any unit; None: no margins.

    Returns:
        The picture itself where it has these proportions already, to the nearest pixel.
    """
    height, width = image.shape[:2]
    if box is None:
        return image
    # To the nearest pixel: whoever shows it fills the box, and so stretches it by half of one.
    across = max(0, round(height * box[0] / box[1]) - width)
    down = max(0, round(width * box[1] / box[0]) - height)
    if across == down == 0:
        return image
    top, left = down // 2, across // 2
    edges = top, down - top, left, across - left
    padded = cv2.copyMakeBorder(image, *edges, cv2.BORDER_CONSTANT, value=_DARK)
    return padded.astype(np.uint8, copy=False)


def clear_letterbox(bgra: Image, frame_size: tuple[int, int]) -> Image:
    """Return a picture with alpha at another size, its shape kept, with nothing around it.

    Colours are averaged by how much of them is there: what is not has none.

    Args:
        bgra: uint8 (H, W, 4), its colours not multiplied by alpha.
        frame_size: Wanted (width, height) in pixels.

    Returns:
        The array itself where it has that size already.
    """
    height, width = bgra.shape[:2]
    if (width, height) == frame_size:
        return bgra
    alpha = cv2.cvtColor(bgra[:, :, 3], cv2.COLOR_GRAY2BGR)
    weighted = cv2.multiply(cv2.cvtColor(bgra, cv2.COLOR_BGRA2BGR), alpha, scale=1 / 255)
    whole: Image = cv2.merge((weighted, bgra[:, :, 3])).astype(np.uint8, copy=False)
    fitted = letterbox(whole, frame_size, smooth=True)
    alpha = cv2.cvtColor(fitted[:, :, 3], cv2.COLOR_GRAY2BGR)
    colours = cv2.divide(cv2.cvtColor(fitted, cv2.COLOR_BGRA2BGR), alpha, scale=255)
    return cv2.merge((colours, fitted[:, :, 3])).astype(np.uint8, copy=False)


def even_size(image: Image) -> Image:
    """Return a picture of even width and height: the last column or row is repeated if need be.

    H.264 with halved chroma (yuv420p) has no odd sizes, and its cropping counts in twos.
    """
    height, width = image.shape[:2]
    if height % 2 == 0 and width % 2 == 0:
        return image
    padded = cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    return padded.astype(np.uint8, copy=False)
