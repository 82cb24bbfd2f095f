"""The simple case: the objects as a whole moved by whole pixels, or nothing moved at all."""

from typing import cast

import cv2
import numpy as np

from livesegment.motion.raster import Bytes, Flags, Floats, add, pick
from livesegment.motion.region import Points, Region

Shift = tuple[int, int]
"""Displacement (x, y) in pixels back to where something was."""

_MOST_DIFFERENCE = 8
_SMOOTHING = 5
_SAMPLES = 400
_MOST_STEPS = 2
_HOPELESS = 24
_MOST_SPREAD = 2.0
_NEXT = np.ones((5, 5), np.uint8)
_AROUND = ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, 1), (-1, 1), (1, -1))


def rigid_shift(
    now: Bytes, then: Bytes, objects: Bytes, region: Region, moved: Points
) -> Shift | None:
    """Return the one shift that explains the picture, None where there is no such shift.

    The objects' pixels must all be found again after the shift, and the ground around them after
    a shift of its own; what the objects uncovered cannot be checked. Then the mask is moved
    exactly, which dense flow and a refiner working on a coarser grid would only come close to.

    Args:
        now: The newest picture.
        then: The picture of the mask's frame.
        objects: uint8 (H, W), 1 where an object was.
        region: Where to look, in the newest picture.
        moved: Displacement back to the mask's frame on a grid over the region.
    """
    rows, columns = moved.shape[:2]
    inside = _was_object(objects, region, moved)
    if not inside.any() or inside.all():
        return None
    grid = region.grid((columns, rows))
    if _spread(moved[inside]) > _MOST_SPREAD:
        return None
    shift = _best_shift(now, then, grid[inside], moved[inside])
    if shift is None:
        return None
    # The objects first: most often they are what moved, each part in its own way.
    wanted = _crop_shifted(objects, shift, region)
    if cv2.countNonZero(wanted) == 0:
        return None
    sure_object = cast(Bytes, cv2.erode(wanted, _NEXT))
    if not _explained(now, then, region, shift, sure_object):
        return None
    ground_shift = _best_shift(now, then, grid[~inside], moved[~inside])
    if ground_shift is None:
        return None
    uncovered = _crop_shifted(objects, ground_shift, region)
    sure_ground = cv2.dilate(cv2.max(wanted, uncovered), _NEXT) == 0
    fits = _explained(now, then, region, ground_shift, sure_ground.view(np.uint8))
    return shift if fits else None


def picture_shift(now: Bytes, then: Bytes, region: Region, moved: Points) -> Shift | None:
    """Return the one shift that explains the whole picture, None where there is no such shift.

    Args:
        now: The newest picture.
        then: An older one.
        region: The whole picture.
        moved: Displacement back to the older one on a grid over it.
    """
    if _spread(moved.reshape(-1, 2)) > _MOST_SPREAD:
        return None
    rows, columns = moved.shape[:2]
    points = region.grid((columns, rows))
    shift = _best_shift(now, then, points.reshape(-1, 2), moved.reshape(-1, 2))
    everywhere = np.ones((region.height, region.width), np.uint8)
    is_explained = shift is not None and _explained(now, then, region, shift, everywhere)
    return shift if is_explained else None


def shifted(picture: Bytes, shift: Shift) -> Bytes:
    """Return a picture (H, W) moved against a backward shift, its edges continued."""
    height, width = picture.shape
    x, y = shift
    columns = np.clip(np.arange(width) + x, 0, width - 1)
    rows = np.clip(np.arange(height) + y, 0, height - 1)
    return picture[rows][:, columns]


def _crop_shifted(picture: Bytes, shift: Shift, region: Region) -> Bytes:
    """Return the region of a picture moved against a backward shift, its edges continued."""
    height, width = picture.shape
    left, top = region.x + shift[0], region.y + shift[1]
    right, bottom = left + region.width, top + region.height
    if left >= 0 and top >= 0 and right <= width and bottom <= height:
        return picture[top:bottom, left:right]
    rows = np.clip(np.arange(top, bottom), 0, height - 1)
    columns = np.clip(np.arange(left, right), 0, width - 1)
    return picture[rows][:, columns]


def _spread(moved: Floats) -> float:
    """Return how far from their median half of the displacements are at most, in pixels."""
    return float(np.median(np.abs(moved - np.median(moved, axis=0)).max(axis=1)))


def _was_object(objects: Bytes, region: Region, moved: Points) -> Flags:
    rows, columns = moved.shape[:2]
    there = add(region.grid((columns, rows)), moved)
    was: Flags = pick(objects, there) > 0
    return was


def _best_shift(now: Bytes, then: Bytes, points: Floats, moved: Floats) -> Shift | None:
    """Return the shift that best explains a sample of points, None where none does well."""
    step = max(1, len(points) // _SAMPLES)
    x, y = np.round(points[::step].T).astype(np.intp)
    middle_x, middle_y = np.median(moved, axis=0)
    height, width = now.shape

    def difference(shift: Shift) -> float:
        from_x, from_y = np.clip(x + shift[0], 0, width - 1), np.clip(y + shift[1], 0, height - 1)
        return float(np.median(cv2.absdiff(now[y, x], then[from_y, from_x])))

    # Flow is a little short or long now and then: look at the neighbours until none is better.
    shift = round(float(middle_x)), round(float(middle_y))
    least = difference(shift)
    if least > _HOPELESS:
        return None
    for _ in range(_MOST_STEPS):
        neighbours = [(shift[0] + i, shift[1] + j) for i, j in _AROUND]
        found, nearest = min((difference(one), one) for one in neighbours)
        if found >= least:
            break
        shift, least = nearest, found
    return shift if least <= _MOST_DIFFERENCE else None


def _explained(now: Bytes, then: Bytes, region: Region, shift: Shift, where: Bytes) -> bool:
    """Tell whether the picture under `where` is the older one after a shift, but for noise."""
    difference = cv2.absdiff(region.crop(now), _crop_shifted(then, shift, region))
    smooth = cv2.blur(difference, (_SMOOTHING, _SMOOTHING))
    # Of what has just come into the picture nothing is known, nor next to it after smoothing.
    margin_x, margin_y = (abs(side) + _SMOOTHING if side else 0 for side in shift)
    height, width = now.shape
    top, left = max(0, margin_y - region.y), max(0, margin_x - region.x)
    bottom = min(region.height, height - margin_y - region.y)
    right = min(region.width, width - margin_x - region.x)
    if top >= bottom or left >= right:
        return True
    known = np.s_[top:bottom, left:right]
    _, worst, _, _ = cv2.minMaxLoc(smooth[known], np.ascontiguousarray(where[known]))
    return worst <= _MOST_DIFFERENCE
