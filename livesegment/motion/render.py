"""Draws a decision, made on a coarse grid, at the full resolution of the picture."""

from typing import cast

import cv2
import numpy as np

from livesegment.mask import ClassIds
from livesegment.motion.history import SMALL, small_size
from livesegment.motion.key import Key, Numbers
from livesegment.motion.raster import Floats, nearest, pick, sample, stretch
from livesegment.motion.refine import Decision, first_guess
from livesegment.motion.region import Points, Region

_AGREED = 4
"""Log-odds up to which a correction leaves the moved mask's edge where it is."""


_SURE = 3.0
"""Log-odds, over the age in frames, up to which that edge is taken at full resolution."""

_YOUNG = 3
"""Age in frames beyond which this gains nothing."""


def render(
    key: Key, region: Region, decision: Decision, moved: Points, age: int, colours: Numbers | None
) -> ClassIds:
    """Return class ids (H, W): the ground, and on each object pixel the class carried there.

    Args:
        key: The mask that was moved.
        region: What the decision covers; elsewhere is ground.
        decision: About a grid over the region.
        moved: Displacement back to the mask's frame, on another grid over it.
        age: Frames since the mask's frame.
        colours: Number of each cell's colour on the decision's grid; None for one object.
    """
    size = region.width, region.height
    strongest = cast(Floats, cv2.dilate(np.abs(decision.correction), np.ones((5, 5), np.uint8)))
    objects = stretch(_finer_evidence(key, region, decision, moved, strongest), size) > 0
    several = key.object_ids.size > 1
    there = region.displaced(moved, size) if several or age <= _YOUNG else None
    if there is not None and age <= _YOUNG:
        sure = nearest((strongest < _SURE / age).view(np.uint8), size) > 0
        carried = sample(key.objects * np.uint8(255), there) > 127
        np.copyto(objects, carried, where=sure)
    class_ids = np.full_like(key.mask.class_ids, key.ground)
    if there is not None and several:
        labels = labels_at(key, region, there, colours)
        region.crop(class_ids)[:] = np.where(objects, labels, np.uint8(key.ground))
    else:
        region.crop(class_ids)[objects] = key.object_ids[0]
    return class_ids


def labels_at(key: Key, region: Region, there: Points, colours: Numbers | None) -> ClassIds:
    """Return the class of the nearest object for each pixel of the region."""
    labels = pick(key.labels, there)
    if key.class_colours is None or colours is None:
        return labels
    rows, columns = colours.shape
    carried = nearest(labels, (columns, rows))
    better = key.class_colours.sorted_out(carried, colours)
    # Only where it differs: elsewhere the border between two objects keeps its resolution.
    size = region.width, region.height
    differs = nearest((better != carried).view(np.uint8), size) > 0
    labels[differs] = nearest(better, size)[differs]
    return labels


def _finer_evidence(
    key: Key, region: Region, decision: Decision, moved: Points, strongest: Floats
) -> Floats:
    """Return the evidence at the small picture's resolution.

    Where the network hardly objects, the moved mask's own edge is finer than the network's grid.
    Finer than the small picture, in which the distance to it is known, it cannot be worked out.
    """
    size = small_size(region.width, region.height)
    there = region.displaced(moved, size, SMALL)
    guess = first_guess(sample(key.distance, there))
    agreed = nearest((strongest < _AGREED).view(np.uint8), size) > 0
    evidence = stretch(decision.evidence, size)
    np.copyto(evidence, stretch(decision.correction, size) + guess, where=agreed)
    return evidence
