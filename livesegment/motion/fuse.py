"""Draws what masks from one or both sides of a frame say about it."""

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np

from livesegment.frame import Image
from livesegment.mask import ClassIds
from livesegment.motion.carry import Carried
from livesegment.motion.features import CERTAIN, crop_small
from livesegment.motion.flow import Field
from livesegment.motion.history import SMALL, small_size
from livesegment.motion.key import colour_index
from livesegment.motion.raster import Floats, nearest, sample, stretch
from livesegment.motion.refine import Decision, first_guess
from livesegment.motion.region import Region
from livesegment.motion.render import labels_at
from livesegment.motion.sides import both, shares

_AGREED = 4
"""Log-odds up to which a correction leaves the moved mask's edge where it is."""

_AROUND = np.ones((5, 5), np.uint8)


def fuse(sides: Sequence[Carried], decision: Decision | None, small: Image) -> ClassIds:
    """Return class ids (H, W) of a frame.

    Args:
        sides: A mask carried to the frame; or two of one ground, that of the nearer keyframe first.
        decision: What was decided from both, on a grid over the region of both.
        small: The frame's picture made smaller.
    """
    region = both(sides)
    size = small_size(region.width, region.height)
    said = [_evidence(side, region, size) for side in sides]
    evidence = np.zeros_like(said[0])
    for share, one in zip(shares(sides), said, strict=True):
        evidence += np.float32(share) * one
    if decision is not None:
        evidence += stretch(decision.correction, size)
    full = region.width, region.height
    objects = stretch(evidence, full) > 0
    key = sides[0].key
    class_ids = np.full_like(key.mask.class_ids, key.ground)
    ids = np.unique(np.concatenate([side.key.object_ids for side in sides]))
    ids = ids[ids != key.ground]
    if ids.size > 1:
        labels = _labels(sides, said, region, small)
        region.crop(class_ids)[:] = np.where(objects, labels, np.uint8(key.ground))
    elif ids.size == 1:
        region.crop(class_ids)[objects] = ids[0]
    return class_ids


def _evidence(side: Carried, region: Region, size: tuple[int, int]) -> Floats:
    """Return a side's log-odds on a grid of the small picture's resolution over a region.

    Where the network hardly objects, the moved mask's own edge is finer than the network's grid.
    Finer than the small picture, in which the distance to it is known, it cannot be worked out.
    """
    own = side.region
    own_size = small_size(own.width, own.height)
    there = own.displaced(side.moved, own_size, SMALL)
    guess = first_guess(sample(side.key.distance, there))
    correction = side.decision.correction
    strongest = cast(Floats, cv2.dilate(np.abs(correction), _AROUND))
    agreed = nearest((strongest < _AGREED).view(np.uint8), own_size) > 0
    evidence = stretch(side.decision.evidence, own_size)
    np.copyto(evidence, stretch(correction, own_size) + guess, where=agreed)
    np.clip(evidence, -CERTAIN, CERTAIN, out=evidence)
    if own == region:
        return evidence
    grid = region.grid(size)
    return np.where(own.holds(grid), Field(evidence, own).at(grid), np.float32(-CERTAIN))


def _labels(
    sides: Sequence[Carried], said: Sequence[Floats], region: Region, small: Image
) -> ClassIds:
    """Return the class of the nearest object for each pixel of the region.

    The nearer keyframe tells, but for what only the other one knows to be an object.
    """
    full = region.width, region.height
    labels = _side_labels(sides[0], region, small)
    if len(sides) == 1:
        return labels
    unknown = ((said[0] <= 0) & (said[1] > 0)).view(np.uint8)
    if unknown.any():
        np.copyto(labels, _side_labels(sides[1], region, small), where=nearest(unknown, full) > 0)
    return labels


def _side_labels(side: Carried, region: Region, small: Image) -> ClassIds:
    rows, columns = side.decision.evidence.shape
    there = region.displaced(side.moved_over(region), (region.width, region.height))
    colours = colour_index(crop_small(small, region, (columns, rows)))
    return labels_at(side.key, region, there, colours)
