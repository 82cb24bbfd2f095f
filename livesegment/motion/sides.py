"""What speaks for an object or for the ground where a mask is known before and after a frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from livesegment.motion.carry import Carried, Picture
from livesegment.motion.features import (
    CERTAIN,
    PATIENCE,
    colour_likeness,
    crop_small,
    difference,
    half,
    motion_likeness,
)
from livesegment.motion.flow import Field
from livesegment.motion.guided import guided
from livesegment.motion.history import SMALL
from livesegment.motion.key import colour_index
from livesegment.motion.matching import matches
from livesegment.motion.raster import Floats, add, sample
from livesegment.motion.refine import GUESS_SCALE, likely
from livesegment.motion.region import Points, Region, around

CHANNELS = 29
"""How many features there are."""

_MOST_DOUBT = 8.0
"""Pixels by which following a point there and back may fail; more says no more."""


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """A mask carried to a frame, with the picture that it came from.

    Attributes:
        carried: The mask.
        source: The picture of its keyframe.
        doubt: How far from each cell one comes out that followed the motion to the keyframe and
            back, step by step, in pixels; None if there is no way back.
    """

    carried: Carried
    source: Picture
    doubt: Field | None


def shares(sides: Sequence[Carried]) -> list[float]:
    """Return what each of one or two sides counts, by its distance in time."""
    if len(sides) == 1:
        return [1.0]
    total = sum(side.age for side in sides)
    return [1 - side.age / total for side in sides]


def both(sides: Sequence[Carried]) -> Region:
    """Return the region in which any side may have an object."""
    # A mask without objects is carried over the whole picture: the other side knows where to look.
    regions = [side.region for side in sides if side.key.few_objects.any()]
    regions = regions or [side.region for side in sides]
    return reduce(around, regions)


def evidence_on(carried: Carried, region: Region, grid: Points) -> Floats:
    """Return the log-odds of one side at positions of a region; ground where it did not look."""
    evidence = Field(carried.decision.evidence, carried.region).at(grid)
    if carried.region == region:
        return evidence
    return np.where(carried.region.holds(grid), evidence, np.float32(-CERTAIN))


def side_features(picture: Picture, sides: Sequence[Side], size: tuple[int, int]) -> Floats:
    """Return what the network decides from, float32 (CHANNELS, rows, columns).

    In this order: blue, green and red against their mean; the log-odds of both sides, weighted by
    distance in time; how near in time the near side is; how different the places in both
    keyframes look that the motion leads to; how much more the colour is the objects' than the
    ground's close by, and farther around; the blend as colours tell it; and for the near side,
    then the far one: its log-odds; the distance to the moved mask's edge; differences to the
    keyframe's picture under the motion, and under the ground's; how much more the colour is the
    objects' in the keyframe; whether the motion is the objects' or the ground's; age; how doubtful
    the motion is; whose look has what is around, by cells and by squares (`matches`).

    Args:
        picture: The frame's.
        sides: The near one, the far one.
        size: (columns, rows) of the grid, over the region of both.
    """
    carried = [side.carried for side in sides]
    region, parts = both(carried), shares(carried)
    now = crop_small(picture.small, region, size)
    grid = region.grid(size)
    image = now.astype(np.float32) / np.float32(64)
    image -= image.mean(axis=(0, 1))
    said = [evidence_on(side, region, grid) for side in carried]
    blend = np.float32(parts[0]) * said[0] + np.float32(parts[1]) * said[1]
    soft = likely(blend)
    moved = [Field(side.moved, side.region).at(grid) for side in carried]
    here = region.grid(size, SMALL)
    there = [add(here, one * np.float32(SMALL)) for one in moved]
    looks = [sample(side.source.small, at) for side, at in zip(sides, there, strict=True)]
    channels = [
        *np.moveaxis(image, 2, 0),
        blend * np.float32(1 / GUESS_SCALE),
        np.full(size[::-1], parts[0], np.float32),
        difference(*looks),
        colour_likeness(image, image, soft, 6, 0.03),
        colour_likeness(image, half(image), half(soft), 7, 0.06),
        np.clip(guided(now, soft), 0, 1),
    ]
    for side, evidence, shift, at, older in zip(sides, said, moved, there, looks, strict=True):
        ground_motion, likeness = motion_likeness(shift, soft)
        distance = sample(side.carried.key.distance, at)
        on_ground = add(here, ground_motion * np.float32(SMALL))
        channels += [
            evidence / np.float32(CERTAIN),
            distance,
            difference(now, older),
            difference(now, sample(side.source.small, on_ground)),
            side.carried.key.colours[colour_index(now)],
            likeness,
            np.full(size[::-1], min(side.carried.age, PATIENCE) / PATIENCE, np.float32),
            _doubt(side, grid),
            *matches(now, older, distance > 0),
        ]
    return np.stack(channels)


def _doubt(side: Side, grid: Points) -> Floats:
    assert side.doubt is not None, "where two sides meet, both ways were gone"
    return np.minimum(side.doubt.at(grid), _MOST_DOUBT) * np.float32(1 / _MOST_DOUBT)
