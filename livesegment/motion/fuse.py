"""Draws what masks from one or both sides of a frame say about it."""

from collections.abc import Sequence

import numpy as np

from livesegment.frame import Image
from livesegment.mask import ClassIds
from livesegment.motion.carry import Carried, Picture
from livesegment.motion.features import crop_small
from livesegment.motion.key import colour_index
from livesegment.motion.raster import nearest
from livesegment.motion.refine import Decision
from livesegment.motion.region import Region
from livesegment.motion.render import labels_at, objects_at
from livesegment.motion.sides import both, evidence_on


def fuse(sides: Sequence[Carried], decision: Decision, picture: Picture) -> ClassIds:
    """Return class ids (H, W) of a frame.

    Args:
        sides: A mask carried to the frame; or two of one ground, that of the nearer keyframe first.
        decision: The one side's, or what was decided from both, on a grid over the region of both.
        picture: The frame's.
    """
    region = both(sides)
    objects = objects_at(decision, region, picture.image, picture.small)
    key = sides[0].key
    class_ids = np.full_like(key.mask.class_ids, key.ground)
    ids = np.unique(np.concatenate([side.key.object_ids for side in sides]))
    ids = ids[ids != key.ground]
    if ids.size > 1:
        labels = _labels(sides, decision, region, picture)
        region.crop(class_ids)[:] = np.where(objects, labels, np.uint8(key.ground))
    elif ids.size == 1:
        region.crop(class_ids)[objects] = ids[0]
    return class_ids


def _labels(
    sides: Sequence[Carried], decision: Decision, region: Region, picture: Picture
) -> ClassIds:
    """Return the class of the nearest object for each pixel of the region.

    The nearer keyframe tells, but for what only the other one knows to be an object.
    """
    full = region.width, region.height
    labels = _side_labels(sides[0], region, picture.small)
    if len(sides) == 1:
        return labels
    rows, columns = decision.evidence.shape
    grid = region.grid((columns, rows))
    said = [evidence_on(side, region, grid) for side in sides]
    unknown = ((said[0] <= 0) & (said[1] > 0)).view(np.uint8)
    if unknown.any():
        others = _side_labels(sides[1], region, picture.small)
        np.copyto(labels, others, where=nearest(unknown, full) > 0)
    return labels


def _side_labels(side: Carried, region: Region, small: Image) -> ClassIds:
    rows, columns = side.decision.evidence.shape
    there = region.displaced(side.moved_over(region), (region.width, region.height))
    colours = colour_index(crop_small(small, region, (columns, rows)))
    return labels_at(side.key, region, there, colours)
