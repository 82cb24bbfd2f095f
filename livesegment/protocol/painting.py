"""Instances painted into a mask: outlines and run lengths, the surest on top."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.mask import ClassIds, InstanceIds
from livesegment.rle import Runs

Outline = npt.NDArray[np.float64]
"""Corners as (x, y) in pixels, float64 of shape (N, 2); the last is joined to the first."""

_SHIFT = 4
_UNITS = 2**_SHIFT  # of a pixel, in which OpenCV is told where corners are

_MOST_PIXELS = 2**30
_MOST_CROSSINGS = 10**9
_MOST_RUNS = 2 * 10**6
"""Of all instances together: a second or two of work. Real ones need a tenth of it."""


@dataclass(frozen=True, slots=True)
class Found:
    """An instance as a reply tells of it.

    Attributes:
        class_id: Its id in the mask, 1 to 253.
        name: What the reply calls its class; empty: nothing.
        confidence: 0 to 1.
        shape: Its outlines, of which a pixel within an even number is outside, or its run lengths.
        is_on_top: Whether it is painted over all that is not.
    """

    class_id: int
    name: str
    confidence: float
    shape: tuple[Outline, ...] | Runs
    is_on_top: bool = False


class Painted(NamedTuple):
    """What instances look like, in one size.

    Attributes:
        class_ids: uint8 (H, W), 0 where no instance is.
        instance_ids: uint16 (H, W), 0 where no instance is, else from 1 on in the order of `found`.
    """

    class_ids: ClassIds
    instance_ids: InstanceIds


def paint(
    found: Sequence[Found], frame_size: tuple[int, int], outlined_size: tuple[int, int]
) -> Painted:
    """Paint instances in rising order of confidence.

    Outlines are painted at the frame's size, with the pixels that they run through. Run lengths
    are painted at their own size, for the caller to resize.

    Args:
        found: All with outlines, or all with run lengths of one size.
        frame_size: (width, height) of the frame in pixels.
        outlined_size: (width, height) of the picture in whose pixels outlines are given.

    Raises:
        ValueError: If their regions or outlines hold more than those of any picture.
    """
    order = sorted(range(len(found)), key=lambda at: (found[at].is_on_top, found[at].confidence))
    if any(isinstance(each.shape, Runs) for each in found):
        return _paint_runs([(each + 1, found[each]) for each in order])
    return _paint_outlines([(each + 1, found[each]) for each in order], frame_size, outlined_size)


def _paint_runs(found: Sequence[tuple[int, Found]]) -> Painted:
    sizes = {one.shape.size if isinstance(one.shape, Runs) else None for _, one in found}
    size = sizes.pop()
    if size is None or sizes:
        raise ValueError("its regions are not all run lengths of one size")
    # Run lengths go down the columns.
    class_columns, instance_columns = np.zeros(size, np.uint8), np.zeros(size, np.uint16)
    pixels_left, runs_left = _MOST_PIXELS, _MOST_RUNS
    for number, one in found:
        assert isinstance(one.shape, Runs)
        pixels_left -= one.shape.area
        runs_left -= one.shape.starts.size
        _require(pixels_left >= 0 and runs_left >= 0)
        one.shape.fill(class_columns, one.class_id)
        one.shape.fill(instance_columns, number)
    return Painted(np.ascontiguousarray(class_columns.T), np.ascontiguousarray(instance_columns.T))


def _paint_outlines(
    found: Sequence[tuple[int, Found]], frame_size: tuple[int, int], outlined_size: tuple[int, int]
) -> Painted:
    width, height = frame_size
    class_ids, instance_ids = np.zeros((height, width), np.uint8), np.zeros((height, width), "u2")
    size = np.array(frame_size, np.float64)
    scale = size / outlined_size
    crossings_left, pixels_left = float(_MOST_CROSSINGS), _MOST_PIXELS
    for number, one in found:
        assert not isinstance(one.shape, Runs)
        if not one.shape:
            continue
        # Corners are centres of pixels; a picture's edge lies half a pixel beyond the first.
        moved = [((each + 0.5) * scale - 0.5).clip(-size, 2 * size) for each in one.shape]
        crossings_left -= sum(_crossings(each, height) for each in moved)
        pixels_left -= _pixels(moved, frame_size)
        _require(crossings_left >= 0 and pixels_left >= 0)
        corners = [np.rint(each * _UNITS).astype(np.int32) for each in moved]
        cv2.fillPoly(class_ids, corners, one.class_id, shift=_SHIFT)
        cv2.fillPoly(instance_ids, corners, number, shift=_SHIFT)
    return Painted(class_ids, instance_ids)


def _crossings(outline: Outline, height: int) -> float:
    """Return about what it costs to fill an outline: in each row, its edges in pairs.

    `cv2.fillPoly` sorts the edges of each row anew, and draws each edge.
    """
    ends = np.roll(outline, -1, axis=0)
    tops = np.minimum(outline[:, 1], ends[:, 1]).clip(0, height).astype(np.intp)
    bottoms = np.maximum(outline[:, 1], ends[:, 1]).clip(0, height).astype(np.intp)
    changes = np.bincount(tops, minlength=height + 1) - np.bincount(bottoms, minlength=height + 1)
    active = np.cumsum(changes).astype(np.float64)
    return float(active @ active) + float(np.abs(ends - outline).sum())


def _pixels(outlines: Sequence[Outline], frame_size: tuple[int, int]) -> int:
    """Return how many pixels the smallest box around outlines has within a frame."""
    corners = np.concatenate(outlines).clip(0, frame_size)
    width, height = corners.max(axis=0) - corners.min(axis=0) + 1
    return int(width * height)


def _require(is_bounded: bool) -> None:
    if not is_bounded:
        raise ValueError("its regions take longer to paint than those of any picture")
