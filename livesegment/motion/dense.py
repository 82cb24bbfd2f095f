"""Masks with a class on every pixel, which have no objects before a ground."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from livesegment.frame import Image
from livesegment.mask import ClassIds, Mask
from livesegment.motion.borders import settled
from livesegment.motion.carry import Picture
from livesegment.motion.flow import Field, FlowEstimator, chain
from livesegment.motion.raster import Bytes, blur, nearest, pick, reduce, sample
from livesegment.motion.region import Points, whole
from livesegment.motion.rigid import picture_shift, shifted

FLOW_PIXELS = 43_200
"""What the full budget pays for of the motion of a whole picture, 240x180."""

_BETWEEN_PIXELS = 60_000
_ALIKE_RADIUS = 4  # pixels around that are compared together
_UNLIKE_A_FRAME = 2.0  # sum of three channels, each 0 to 255, by which older masks come second
_CHAIN_PIXELS = 10_800
_FINEST = 0.5
# Touching every pixel of a large picture takes longer than finding its motion.
_MOST_PIXELS = 480_000
_LEAST_CLASSES = 3
_LITTLE = 0.1


def is_dense(mask: Mask) -> bool:
    """Tell whether classes meet each other rather than a background.

    That is so where there are three and more, and the background covers less than a tenth.
    """
    counts = mask.pixel_counts()
    bare = sum(counts.get(class_id, 0) for class_id in mask.background)
    return len(counts) >= _LEAST_CLASSES and bare < _LITTLE * mask.class_ids.size


def carry_dense(
    mask: Mask, flows: Iterable[Field], now: Bytes, then: Bytes, effort: float
) -> ClassIds:
    """Return the class ids where the motion of the whole picture carried them.

    Args:
        mask: At the pictures' size.
        flows: The motion of each frame to the one before it, the newest first.
        now: The newest picture in grey, uint8 (H, W).
        then: That of the mask's frame.
        effort: Share of the full budget, 0 to 1.
    """
    picture = whole(mask.frame_size)
    moved = chain(flows, picture.grid(picture.grid_size(round(_CHAIN_PIXELS * effort), _FINEST)))
    exactly = _shifted(mask, now, then, moved)
    if exactly is not None:
        return exactly
    return pick(mask.class_ids, picture.displaced(moved, mask.frame_size))


def _shifted(mask: Mask, now: Bytes, then: Bytes, moved: Points) -> ClassIds | None:
    """Return the class ids moved by whole pixels, where that explains the whole picture."""
    shift = picture_shift(now, then, whole(mask.frame_size), moved)
    if shift is None:
        return None
    return mask.class_ids if shift == (0, 0) else shifted(mask.class_ids, shift)


def between_dense(
    pictures: Sequence[Picture], first: Mask | None, last: Mask | None
) -> list[ClassIds | None]:
    """Return the class ids of each picture, carried from the first and the last one's masks.

    Where both arrive, each pixel takes the class of the side whose picture it looks more like
    along the motion, and of the nearer one where both look alike. Then borders are `settled`.

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


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """A mask, its picture, and for each frame its age and where its points come from in them."""

    mask: Mask
    picture: Picture
    moved: list[tuple[int, Points]]

    def at(self, place: int) -> tuple[ClassIds, Image]:
        """Return the class ids and the picture as they arrive, no larger than `_MOST_PIXELS`."""
        picture = whole(self.mask.frame_size)
        _, moved = self.moved[place]
        there = picture.displaced(moved, picture.grid_size(_MOST_PIXELS, 1.0))
        return pick(self.mask.class_ids, there), sample(self.picture.image, there)


def _met(ways: Sequence[_Way], place: int, picture: Picture) -> ClassIds:
    """Return the class ids of a picture from those that arrive there."""
    near = min(ways, key=lambda way: way.moved[place][0])
    moved = near.moved[place][1]
    exactly = _shifted(near.mask, picture.gray, near.picture.gray, moved)
    if exactly is not None:
        return exactly
    sides = [way.at(place) for way in ways]
    class_ids, image = sides[0]
    now = reduce(picture.image, (class_ids.shape[1], class_ids.shape[0]))
    if len(sides) == 2:
        unlike = [
            blur(cv2.absdiff(looked, now).sum(axis=2, dtype=np.float32), _ALIKE_RADIUS)
            + np.float32(_UNLIKE_A_FRAME * way.moved[place][0])
            for way, (_, looked) in zip(ways, sides, strict=True)
        ]
        is_second = unlike[1] < unlike[0]
        class_ids = np.where(is_second, sides[1][0], class_ids)
        image = np.where(is_second[..., None], sides[1][1], image)
    return _at_size(settled(class_ids, image, now), picture.size)


def _moved(pictures: Sequence[Picture]) -> list[Points]:
    """Return for each picture the displacement back to the first one on a grid over it."""
    estimator = FlowEstimator(_BETWEEN_PIXELS, stride=3, refines=False)
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
