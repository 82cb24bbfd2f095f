"""Masks with a class on every pixel, which have no objects before a ground."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from livesegment.mask import ClassIds, Mask
from livesegment.motion.carry import Picture
from livesegment.motion.flow import Field, FlowEstimator, chain
from livesegment.motion.history import SMALL
from livesegment.motion.raster import Bytes, Floats, blur, nearest, pick, sample, stretch
from livesegment.motion.region import whole
from livesegment.motion.rigid import picture_shift, shifted

FLOW_PIXELS = 172_800
"""What the full budget pays for of the motion of a whole picture, 480x360."""

_BETWEEN_PIXELS = 2 * FLOW_PIXELS
_ALIKE_RADIUS = 2  # cells of the small picture that are compared together
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
    shift = picture_shift(now, then, picture, moved)
    if shift is not None:
        return mask.class_ids if shift == (0, 0) else shifted(mask.class_ids, shift)
    size = picture.grid_size(_MOST_PIXELS, 1.0)
    return _at_size(pick(mask.class_ids, picture.displaced(moved, size)), mask.frame_size)


def between_dense(
    pictures: Sequence[Picture], first: Mask | None, last: Mask | None
) -> list[ClassIds | None]:
    """Return the class ids of each picture, carried from the first and the last one's masks.

    Where both arrive, each pixel takes the class of the side whose picture it looks more like
    along the motion, and of the nearer one where both look alike.

    Args:
        pictures: One after another, of one scene where both masks are given.
        first: The mask of the first one at its size; None: it is not known.
        last: The mask of the last one, likewise.
    """
    ways = [] if first is None else [_carried(pictures, first)]
    if last is not None:
        ways.append(_carried(pictures[::-1], last)[::-1])
    if not ways:
        return [None] * len(pictures)
    return [_better(sides, pictures[0].size) for sides in zip(*ways, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class _Arrived:
    """Class ids as they arrive from one side, and how unlike its picture each cell looks."""

    class_ids: ClassIds
    unlike: Floats


def _carried(pictures: Sequence[Picture], mask: Mask) -> list[_Arrived]:
    estimator = FlowEstimator(_BETWEEN_PIXELS, stride=3, refines=False)
    picture = whole(mask.frame_size)
    grid = picture.grid(picture.grid_size(_CHAIN_PIXELS, _FINEST))
    size = picture.grid_size(_MOST_PIXELS, 1.0)
    start = pictures[0].small
    few = start.shape[1], start.shape[0]
    flows: list[Field] = []
    arrived = [_Arrived(mask.class_ids, np.zeros(start.shape[:2], np.float32))]
    for age, (before, now) in enumerate(pairwise(pictures), 1):
        flows.append(estimator.estimate(now.gray, before.gray, picture))
        moved = chain(reversed(flows), grid)
        looked = sample(start, picture.displaced(moved, few, SMALL))
        unlike = blur(cv2.absdiff(looked, now.small).sum(axis=2, dtype=np.float32), _ALIKE_RADIUS)
        ids = pick(mask.class_ids, picture.displaced(moved, size))
        arrived.append(_Arrived(ids, unlike + np.float32(_UNLIKE_A_FRAME * age)))
    return arrived


def _better(sides: Sequence[_Arrived], frame_size: tuple[int, int]) -> ClassIds:
    ids = [_at_size(side.class_ids, frame_size) for side in sides]
    if len(sides) == 1:
        return ids[0]
    is_second = stretch(sides[1].unlike - sides[0].unlike, frame_size) < 0
    return np.where(is_second, ids[1], ids[0])


def _at_size(class_ids: ClassIds, frame_size: tuple[int, int]) -> ClassIds:
    is_there = class_ids.shape[::-1] == frame_size
    return class_ids if is_there else nearest(class_ids, frame_size)
