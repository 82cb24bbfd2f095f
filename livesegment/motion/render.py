"""Draws a decision, made on a coarse grid, at the full resolution of the picture."""

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np

from livesegment.frame import Image
from livesegment.mask import ClassIds
from livesegment.motion.features import Situation, crop_small
from livesegment.motion.guided import colour_models, told
from livesegment.motion.history import small_size
from livesegment.motion.key import Key, Numbers
from livesegment.motion.raster import Bytes, Flags, nearest, pick, sample, stretch
from livesegment.motion.refine import Decision, likely
from livesegment.motion.region import Points, Region

_SURE = 3.0
"""Log-odds of a correction, over the age in frames, up to which the moved mask's own edge stays."""

_YOUNG = 3
"""Age in frames beyond which this gains nothing."""

_MOST_PIXELS = 160_000
"""Around edges; where there are more, the small picture's colours tell."""

_HALF = np.float32(0.5)

_AROUND = np.ones((5, 5), np.uint8)

_BESIDE = np.ones((7, 7), np.uint8)


def render(now: Situation, decision: Decision, moved: Points, image: Image) -> ClassIds:
    """Return class ids (H, W): the ground, and on each object pixel the class carried there.

    Args:
        now: What was decided about; elsewhere than in its region is ground.
        decision: About a grid over the region.
        moved: Displacement back to the mask's frame, on another grid over it.
        image: The newest picture, BGR uint8 (H, W, 3).
    """
    key, region = now.key, now.region
    size = region.width, region.height
    objects = objects_at(decision, region, image, now.small)
    several = key.object_ids.size > 1
    colours = now.colours() if key.class_colours is not None else None
    labels = labels_apart(now, decision, moved, colours) if several else None
    is_young = now.age <= _YOUNG
    is_close = several and labels is None
    there = region.displaced(moved, size) if is_young or is_close else None
    if there is not None and is_young:
        strongest = cv2.dilate(np.abs(decision.correction), _AROUND)
        sure = nearest((strongest < _SURE / now.age).view(np.uint8), size) > 0
        carried = sample(key.objects * np.uint8(255), there) > 127
        np.copyto(objects, carried, where=sure)
    class_ids = np.full_like(key.mask.class_ids, key.ground)
    if several:
        if labels is None:
            assert there is not None
            labels = labels_at(key, region, there, colours)
        np.copyto(region.crop(class_ids), labels, where=objects)
    else:
        region.crop(class_ids)[objects] = key.object_ids[0]
    return class_ids


def objects_at(decision: Decision, region: Region, image: Image, small: Image) -> Flags:
    """Return which pixels of a region are an object's, bool (height, width).

    Within a few cells of an edge the colours tell: an edge that was decided on a coarse grid
    is drawn where the picture has one.

    Args:
        decision: About a grid over the region.
        region: Of the picture.
        image: The picture, BGR uint8 (H, W, 3).
        small: The same made smaller.
    """
    size = region.width, region.height
    evidence = decision.evidence
    objects = stretch(evidence, size) > 0
    decided = (evidence > 0).view(np.uint8)
    beside = cv2.compare(cv2.dilate(decided, _BESIDE), cv2.erode(decided, _BESIDE), cv2.CMP_NE)
    box = cv2.boundingRect(beside)
    if box[2] == 0:
        return objects
    rows, columns = evidence.shape
    models = colour_models(crop_small(small, region, (columns, rows)), likely(evidence))
    part = _pixels_of(box, (columns, rows), size)
    if objects[part].size <= _MOST_PIXELS:
        share = told((stretch(plane, size)[part] for plane in models), region.crop(image)[part])
    else:
        part, few = np.s_[:, :], small_size(*size)
        shares = told((stretch(plane, few) for plane in models), crop_small(small, region, few))
        share = stretch(shares, size)
    np.copyto(objects[part], share > _HALF, where=nearest(cast(Bytes, beside), size)[part] > 0)
    return objects


def _pixels_of(
    box: Sequence[int], cells: tuple[int, int], size: tuple[int, int]
) -> tuple[slice, slice]:
    """Return the rows and columns of pixels that a box of cells (x, y, width, height) covers."""

    def reach(first: int, count: int, most: int, pixels: int) -> slice:
        return slice(first * pixels // most, -(-(first + count) * pixels // most))

    x, y, width, height = box
    return reach(y, height, cells[1], size[1]), reach(x, width, cells[0], size[0])


def labels_apart(
    now: Situation, decision: Decision, moved: Points, colours: Numbers | None
) -> ClassIds | None:
    """Return what `labels_at` does where objects are apart; None where it takes a closer look.

    Then no border between two of them crosses an object, and a label for each cell will do.
    """
    key, region = now.key, now.region
    if key.has_contacts:
        return None
    rows, columns = decision.evidence.shape
    labels = pick(key.labels, region.displaced(moved, (columns, rows)))
    if key.class_colours is not None and colours is not None:
        labels = key.class_colours.sorted_out(labels, colours)
    decided = cv2.dilate((decision.evidence > 0).view(np.uint8), _BESIDE)
    differ = cv2.compare(cv2.dilate(labels, _AROUND), cv2.erode(labels, _AROUND), cv2.CMP_NE)
    if cv2.countNonZero(cv2.bitwise_and(decided, differ)):
        return None
    return nearest(labels, (region.width, region.height))


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
