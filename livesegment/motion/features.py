"""What speaks for an object or for the ground at each cell of a grid."""

import math
from dataclasses import dataclass

import numpy as np

from livesegment.frame import Image
from livesegment.motion.guided import guided
from livesegment.motion.history import SMALL
from livesegment.motion.key import REACH, Key, Numbers, colour_index
from livesegment.motion.matching import likeness, matches
from livesegment.motion.raster import (
    Floats,
    add,
    blur,
    reduce,
    sample,
    shrink,
    stretch,
    worst_channel,
)
from livesegment.motion.region import Points, Region

CHANNELS = 19
"""How many features there are."""

CERTAIN = 6.0
"""Most log-odds a decision has."""

_MOST_DIFFERENCE = 64

PATIENCE = 12
"""Age in frames beyond which a mask is simply old."""


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """All that is known when a mask is to be moved to a frame.

    Attributes:
        region: Where the decision is made.
        moved: Displacement of each cell of a grid over it back to the mask's frame.
        small: The newest picture made smaller.
        key: The mask.
        key_small: The picture of the mask's frame made smaller.
        age: Frames between the two.
        earlier: Log-odds decided for the frame before, moved here; None at the beginning.
    """

    region: Region
    moved: Points
    small: Image
    key: Key
    key_small: Image
    age: int
    earlier: Floats | None

    def colours(self) -> Numbers:
        """Return the number of each cell's colour, 0 to 4095."""
        rows, columns = self.moved.shape[:2]
        return colour_index(crop_small(self.small, self.region, (columns, rows)))


def difference(first: Image, second: Image) -> Floats:
    """Return how much two pictures differ, float32 (rows, columns), 0 to 1: the worst channel."""
    worst = worst_channel(first, second)
    part: Floats = np.minimum(worst, _MOST_DIFFERENCE) * np.float32(1 / _MOST_DIFFERENCE)
    return part


def features(now: Situation) -> Floats:
    """Return what the network decides from, float32 (CHANNELS, rows, columns).

    In this order: blue, green and red against their mean; the moved mask's distance to its edge,
    and the same made steep; that of the mask where it was; differences to the mask's picture
    under the motion, under none, and under the ground's; how much more the colour is the
    objects' than the ground's in the mask's frame; the same close by, and farther around;
    whether the motion is the objects' or the ground's; the decision before; age; speed; the moved
    mask as colours tell it (`guided`), and as what looks alike around tells it (`matches`, both).
    """
    rows, columns = now.moved.shape[:2]
    picture = crop_small(now.small, now.region, (columns, rows))
    here = now.region.grid((columns, rows), SMALL)
    there = add(here, now.moved * np.float32(SMALL))
    distance = sample(now.key.distance, there)
    soft = np.clip(distance * np.float32(REACH / 4) + np.float32(0.5), 0, 1)
    image = picture.astype(np.float32) / np.float32(64)
    image -= image.mean(axis=(0, 1))
    older = sample(now.key_small, there)
    ground_motion, alike = motion_likeness(now.moved, soft)
    on_ground = add(here, ground_motion * np.float32(SMALL))
    # Not `sum`: along an axis of two that takes ten times as long.
    speed = (np.abs(now.moved[..., 0]) + np.abs(now.moved[..., 1])) * np.float32(SMALL / 32)
    return np.stack(
        [
            *np.moveaxis(image, 2, 0),
            distance,
            soft,
            sample(now.key.distance, here),
            difference(picture, older),
            difference(picture, sample(now.key_small, here)),
            difference(picture, sample(now.key_small, on_ground)),
            now.key.colours[colour_index(picture)],
            colour_likeness(image, image, soft, 6, 0.03),
            colour_likeness(image, half(image), half(soft), 7, 0.06),
            alike,
            distance if now.earlier is None else now.earlier / CERTAIN,
            np.full((rows, columns), min(now.age, PATIENCE) / PATIENCE, np.float32),
            np.minimum(speed, 2),
            np.clip(guided(picture, soft), 0, 1),
            *matches(picture, older, distance > 0),
        ]
    )


def crop_small(small: Image, region: Region, size: tuple[int, int]) -> Image:
    """Return what lies in a region, of a small picture, on a grid of (columns, rows)."""
    left, top = int(region.x * SMALL), int(region.y * SMALL)
    right = math.ceil((region.x + region.width) * SMALL)
    bottom = math.ceil((region.y + region.height) * SMALL)
    return reduce(small[top:bottom, left:right], size)


def half(picture: Floats) -> Floats:
    """Return the means over 2x2 cells."""
    return shrink(picture, (picture.shape[1] // 2, picture.shape[0] // 2))


def _sides(values: Floats, soft: Floats, radius: int) -> tuple[Floats, Floats]:
    """Return the means of values (rows, columns, n) around, over the objects and the ground."""
    inside = blur(soft, radius) + np.float32(1e-3)
    of_objects = blur(values * soft[..., None], radius)
    of_ground = blur(values, radius) - of_objects
    return of_objects / inside[..., None], of_ground / (np.float32(1.002) - inside)[..., None]


def motion_likeness(moved: Points, soft: Floats) -> tuple[Points, Floats]:
    """Return the ground's motion around, and how much more like the objects' each motion is."""
    size = soft.shape[1], soft.shape[0]
    few = half(moved)
    of_objects, of_ground = _sides(few, half(soft), 12)
    alike = _likeness(few, of_objects, of_ground, 2.0)
    return stretch(of_ground, size), stretch(alike, size)


def colour_likeness(
    image: Floats, where: Floats, soft: Floats, radius: int, least: float
) -> Floats:
    """Return how much more like the objects' than the ground's colours around each pixel is.

    Args:
        image: The picture.
        where: The picture at the size the means are taken at.
        soft: 1 for objects, 0 for ground, of the same size.
        radius: In pixels of that size.
        least: Squared difference that counts as none.
    """
    of_objects, of_ground = _sides(where, soft, radius)
    if where is not image:
        size = image.shape[1], image.shape[0]
        of_objects, of_ground = stretch(of_objects, size), stretch(of_ground, size)
    return _likeness(image, of_objects, of_ground, least)


def _likeness(values: Floats, of_objects: Floats, of_ground: Floats, least: float) -> Floats:
    """Return -1 (the ground's) to 1 (the objects'), float32 (rows, columns)."""
    to_objects, to_ground = values - of_objects, values - of_ground
    far = np.einsum("ijk,ijk->ij", to_objects, to_objects)
    ground_far = np.einsum("ijk,ijk->ij", to_ground, to_ground)
    return likeness(far, ground_far, least)
