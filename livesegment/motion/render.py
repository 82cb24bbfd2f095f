"""Draws a decision, made on a coarse grid, at the full resolution of the picture."""

import cv2
import numpy as np

from livesegment.mask import ClassIds
from livesegment.motion.history import SMALL
from livesegment.motion.key import Key
from livesegment.motion.raster import add, nearest, pick, sample, stretch
from livesegment.motion.refine import Decision, first_guess
from livesegment.motion.region import Points, Region

_AGREED = 4
"""Log-odds up to which a correction leaves the moved mask's edge where it is."""


def render(key: Key, region: Region, decision: Decision, moved: Points) -> ClassIds:
    """Return class ids (H, W): the ground, and on each object pixel the class carried there.

    Args:
        key: The mask that was moved.
        region: What the decision covers; elsewhere is ground.
        decision: About a grid over the region.
        moved: Displacement back to the mask's frame, on another grid over it.
    """
    size = region.width, region.height
    # Where the network hardly objects, the moved mask's own edge is finer than its grid. Finer
    # than the small picture, in which the distance to it is known, it need not be worked out.
    finer = max(1, round(region.width * SMALL)), max(1, round(region.height * SMALL))
    there = add(region.grid(finer, SMALL), stretch(moved * np.float32(SMALL), finer))
    guess = first_guess(sample(key.distance, there))
    strongest = cv2.dilate(np.abs(decision.correction), np.ones((5, 5), np.uint8))
    agreed = nearest((strongest < _AGREED).view(np.uint8), finer) > 0
    evidence = stretch(decision.evidence, finer)
    np.copyto(evidence, stretch(decision.correction, finer) + guess, where=agreed)
    objects = stretch(evidence, size) > 0
    class_ids = np.full_like(key.mask.class_ids, key.ground)
    if key.object_ids.size == 1:
        region.crop(class_ids)[objects] = key.object_ids[0]
        return class_ids
    labels = pick(key.labels, add(region.grid(size), stretch(moved, size)))
    region.crop(class_ids)[:] = np.where(objects, labels, np.uint8(key.ground))
    return class_ids
