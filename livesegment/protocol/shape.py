"""Where a prediction is: polygons and run lengths of a reply, bounded and cleaned."""

import math
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np

from livesegment.protocol.mask_png import most_mask_pixels
from livesegment.protocol.painting import Outline
from livesegment.rle import Runs, read_runs

_MOST_SIDE = 65_535
_FAR = 1e6  # pixels: beyond every picture, and a number that may be multiplied


def read_shape(
    prediction: dict[str, Any], sent_size: tuple[int, int]
) -> tuple[Outline, ...] | Runs:
    """Return where a prediction is: its polygons, or its run lengths.

    Args:
        prediction: With `points` of one polygon, several polygons under `masks`, or run lengths
            under `rle` or `masks`.
        sent_size: (width, height) of what was sent, which bounds run lengths.

    Raises:
        ValueError: If it has none of these, or they are broken.
    """
    region = prediction.get("rle", prediction.get("masks"))
    if isinstance(region, dict):
        return _runs(region, sent_size)
    if region is None:
        region = [prediction.get("points")]
    if not isinstance(region, list):
        raise ValueError("one of its predictions has no outline")  # noqa: TRY004
    return tuple(outline for each in region if len(outline := _outline(each)))


def _runs(rle: dict[str, Any], sent_size: tuple[int, int]) -> Runs:
    size = rle.get("size")
    if not isinstance(size, list) or len(size) != 2:
        raise ValueError("one of its rle has no size")
    height, width = size
    read = _size(width, height)
    if read is None:
        raise ValueError("the size of one of its rle is none of a picture")
    if read[0] * read[1] > most_mask_pixels(sent_size):
        raise ValueError(
            f"one of its rle is said to be {read[0]}x{read[1]}, too large for a picture of"
            f" {sent_size[0]}x{sent_size[1]}"
        )
    return read_runs(rle.get("counts"), read)


def _size(width: Any, height: Any) -> tuple[int, int] | None:
    if type(width) is not int or type(height) is not int:
        return None
    return (width, height) if 0 < width <= _MOST_SIDE and 0 < height <= _MOST_SIDE else None


def image_size(image: Any) -> tuple[int, int] | None:
    """Return the size that a reply says its outlines are for; None where it says none."""
    return _size(image.get("width"), image.get("height")) if isinstance(image, dict) else None


def _outline(points: Any) -> Outline:
    """Return a polygon's corners, float64 (N, 2), from {x, y} each or from [x, y] each."""
    if not isinstance(points, list):
        raise ValueError("one of its predictions has no outline")  # noqa: TRY004
    is_pairs = bool(points) and isinstance(points[0], list)
    take = itemgetter(0, 1) if is_pairs else itemgetter("x", "y")
    try:
        numbers = list(chain.from_iterable(map(take, points)))
        is_wrong = is_pairs and set(map(len, points)) != {2}
    except (LookupError, TypeError):
        is_wrong = True
    if is_wrong or not set(map(type, numbers)) <= {int, float}:
        raise ValueError("one of its outlines has a corner that is no pair of numbers")
    try:
        outline = np.array(numbers, np.float64).reshape(-1, 2)
    except (OverflowError, ValueError):
        outline = np.full((1, 2), math.inf)
    if not np.isfinite(outline).all():
        raise ValueError("one of its outlines has a corner that is nowhere")
    return outline.clip(-_FAR, _FAR)
