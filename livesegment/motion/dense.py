"""Masks with a class on every pixel, which have no objects before a ground."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import cv2
import numpy as np

from livesegment.downscale import downscaled
from livesegment.frame import Image
from livesegment.mask import ClassIds, Mask
from livesegment.motion.borders import settled
from livesegment.motion.carry import Picture
from livesegment.motion.flow import Field, FlowEstimator, chain
from livesegment.motion.history import SMALL, Seen, small_size
from livesegment.motion.nearby import found_again, moved_and_found
from livesegment.motion.raster import (
    Bytes,
    blur,
    nearest,
    pick,
    reduce,
    scale_and_shift,
    stretch,
)
from livesegment.motion.region import Points, whole
from livesegment.motion.rigid import picture_shift, shifted

FLOW_PIXELS = 60_000
"""What the full budget pays for of the motion of a whole picture."""

_FEW_PIXELS = 43_200  # of the small picture in which what moved is looked for
_BETWEEN_PIXELS = 60_000
_FEW_BETWEEN = 110_000  # the same between keyframes
_ALIKE_RADIUS = 2  # cells around that are compared together
_UNLIKE_A_FRAME = 2.0  # sum of three channels, each 0 to 255, by which older masks come second
_CHAIN_PIXELS = 16_000
_FINEST = 0.5
_SHIFT_COLUMNS = 32  # of a grid on which it is asked whether the whole picture shifted
# Touching every pixel of a large picture takes longer than finding its motion.
_MOST_PIXELS = 480_000
_LEAST_CLASSES = 3
_LITTLE = 0.1


def is_dense(mask: Mask, counts: dict[int, int]) -> bool:
    """Tell whether classes meet each other rather than a background.

    That is so where there are three and more, and the background covers less than a tenth.

    Args:
        mask: The mask.
        counts: Its `Mask.pixel_counts`.
    """
    bare = sum(counts.get(class_id, 0) for class_id in mask.background)
    return len(counts) >= _LEAST_CLASSES and bare < _LITTLE * mask.class_ids.size


def picture_flow(pixels: int) -> FlowEstimator:
    """Return what finds the motion of a whole picture, on so many pixels."""
    return FlowEstimator(pixels, stride=3, refines=False)


def carry_dense(
    mask: Mask, flows: Iterable[Field], then: Seen, now: Seen, image: Image, effort: float
) -> ClassIds:
    """Return the class ids where the motion of the whole picture carried them.

    The motion is estimated on a small picture and chained. What it misses is looked for nearby,
    first in a small picture, then among the next pixels at full size. Last the borders are
    `settled`.

    Args:
        mask: At the pictures' size.
        flows: The motion of each frame to the one before it, the newest first.
        then: What is kept of the mask's frame.
        now: The same of the newest frame.
        image: The newest picture.
        effort: Share of the full budget, 0 to 1.
    """
    picture = whole(mask.frame_size)
    moved = chain(flows, picture.grid(picture.grid_size(round(_CHAIN_PIXELS * effort), _FINEST)))
    exactly = _shifted(mask, now.gray, then.gray, moved)
    if exactly is not None:
        return exactly
    few = picture.grid_size(round(_FEW_PIXELS * effort), SMALL)
    moved, arrived = found_again(picture, stretch(moved, few), then.small, now.small)
    class_ids = moved_and_found(mask.class_ids, moved, arrived, then, now)
    were = pick(mask.class_ids, picture.displaced(moved, few))
    return settled(class_ids, were, arrived, image)


def _shifted(mask: Mask, now: Bytes, then: Bytes, moved: Points) -> ClassIds | None:
    """Return the class ids moved by whole pixels, where that explains the whole picture."""
    few = stretch(moved, (_SHIFT_COLUMNS, _SHIFT_COLUMNS))
    shift = picture_shift(now, then, whole(mask.frame_size), few)
    if shift is None:
        return None
    return mask.class_ids if shift == (0, 0) else shifted(mask.class_ids, shift)


def between_dense(
    pictures: Sequence[Picture], first: Mask | None, last: Mask | None
) -> list[ClassIds | None]:
    """Return the class ids of each picture, carried from the first and the last one's masks.

    Where both arrive, each pixel takes the class of the side whose picture it looks more like
    along the motion, and of the nearer one where both look alike. What the motion misses is
    looked for nearby, and the borders are `settled`.

    Args:
        pictures: One after another, of one scene where both masks are given.
        first: The mask of the first one at its size; None: it is not known.
        last: The mask of the last one, likewise.
    """
    ways = []
    if first is not None:
        ways.append(_Way(first, pictures[0], list(enumerate(_moved(pictures)))))
    if last is not None:
        back = list(enumerate(_moved(pictures[::-1])))
        ways.append(_Way(last, pictures[-1], back[::-1]))
    if not ways:
        return [None] * len(pictures)
    return [_met(ways, place, picture) for place, picture in enumerate(pictures)]


class _Way:
    """A mask on its way over some pictures.

    Args:
        mask: At its picture's size.
        picture: That picture.
        moved: For each of the pictures its age, and the displacement back on a grid over it.
    """

    def __init__(self, mask: Mask, picture: Picture, moved: list[tuple[int, Points]]) -> None:
        self.mask = mask
        self.picture = picture
        self.moved = moved
        self._bounded = _bounded(picture)
        self._class_ids = _at_size(mask.class_ids, self._bounded.size)

    def at(self, place: int, now: Picture) -> tuple[ClassIds, ClassIds, Image]:
        """Return the class ids as they arrive at a picture, and smaller ones with their picture.

        Args:
            place: Which of the pictures.
            now: That one, `_bounded`.
        """
        picture = whole(now.size)
        scale = now.size[0] / self.picture.size[0], now.size[1] / self.picture.size[1]
        moved = scale_and_shift(self.moved[place][1], scale, (0, 0))
        few = picture.grid_size(_FEW_BETWEEN, SMALL)
        moved, arrived = found_again(picture, stretch(moved, few), self._bounded.small, now.small)
        ids = moved_and_found(self._class_ids, moved, arrived, self._bounded, now)
        return ids, pick(self._class_ids, picture.displaced(moved, few)), arrived


def _bounded(picture: Picture) -> Picture:
    """Return a picture of no more than `_MOST_PIXELS`."""
    size = whole(picture.size).grid_size(_MOST_PIXELS, 1.0)
    if size == picture.size:
        return picture
    image, gray = (downscaled(each, size) for each in (picture.image, picture.gray))
    return Picture(image, gray, downscaled(picture.small, small_size(*size)))


def _met(ways: Sequence[_Way], place: int, picture: Picture) -> ClassIds:
    """Return the class ids of a picture from those that arrive there."""
    near = min(ways, key=lambda way: way.moved[place][0])
    moved = near.moved[place][1]
    exactly = _shifted(near.mask, picture.gray, near.picture.gray, moved)
    if exactly is not None:
        return exactly
    now = _bounded(picture)
    sides = [way.at(place, now) for way in ways]
    class_ids, were, image = sides[0]
    if len(sides) == 2:
        small = reduce(now.small, (image.shape[1], image.shape[0]))
        unlike = [
            blur(cv2.absdiff(looked, small).sum(axis=2, dtype=np.float32), _ALIKE_RADIUS)
            + np.float32(_UNLIKE_A_FRAME * way.moved[place][0])
            for way, (*_, looked) in zip(ways, sides, strict=True)
        ]
        is_second = (unlike[1] < unlike[0]).view(np.uint8)
        were = np.where(is_second > 0, sides[1][1], were)
        image = np.where(is_second[..., None] > 0, sides[1][2], image)
        class_ids = np.where(nearest(is_second, now.size) > 0, sides[1][0], class_ids)
    return _at_size(settled(class_ids, were, image, now.image), picture.size)


def _moved(pictures: Sequence[Picture]) -> list[Points]:
    """Return for each picture the displacement back to the first one on a grid over it."""
    estimator = picture_flow(_BETWEEN_PIXELS)
    region = whole(pictures[0].size)
    grid = region.grid(region.grid_size(_CHAIN_PIXELS, _FINEST))
    flows: list[Field] = []
    moved = [np.zeros_like(grid)]
    for before, now in pairwise(pictures):
        flows.append(estimator.estimate(now.gray, before.gray, region))
        moved.append(chain(reversed(flows), grid))
    return moved


def _at_size(class_ids: ClassIds, frame_size: tuple[int, int]) -> ClassIds:
    is_there = class_ids.shape[::-1] == frame_size
    return class_ids if is_there else nearest(class_ids, frame_size)
