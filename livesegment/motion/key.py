"""A true mask and what it says about the objects: where they end, and their colours."""

from dataclasses import dataclass, fields
from typing import Self, cast

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.mask import ClassIds, Mask
from livesegment.motion.classes import ClassColours
from livesegment.motion.history import small_size
from livesegment.motion.raster import Bytes, Floats, nearest, shrink
from livesegment.motion.region import Region, neighbourhood

Numbers = npt.NDArray[np.int32]

REACH = 16
"""Distances to an edge are kept up to this, in pixels of the small picture."""

_BINS = 16
_COLOURS = _BINS**3
_MOST_COLOUR_SAMPLES = 30_000
_MOST_CLASSES = 12
"""Objects whose colours are known, the largest."""
_RARE = 1e-5
_MOST_EVIDENCE = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """A mask together with what it says by itself, whatever its picture.

    Attributes:
        given: The mask as it came.
        mask: The same at the frame's size.
        counts: Its `Mask.pixel_counts`.
        ground: The class id that surrounds the objects.
        object_ids: The other classes that occur, the ground's where none does.
        extent: The rectangle around the objects.
        objects: uint8 (H, W), 1 where the class is not the ground.
        few_objects: The same in the small picture.
        labels: uint8 (H, W), the class ids with the ground given to the nearest object; only
            where there are several objects.
        distance: float32 of the small picture's shape, from -1 (far outside) to 1 (far inside).
        has_contacts: Whether two objects meet anywhere.
    """

    given: Mask
    mask: Mask
    counts: dict[int, int]
    ground: int
    object_ids: Bytes
    extent: Region
    objects: ClassIds
    few_objects: Bytes
    labels: ClassIds
    distance: Floats
    has_contacts: bool

    @property
    def frame_index(self) -> int:
        """The frame that was segmented."""
        return self.mask.frame_index

    @classmethod
    def of(cls, given: Mask, mask: Mask, counts: dict[int, int], ground: int | None = None) -> Self:
        """Take what a mask says.

        Args:
            given: The mask as it came.
            mask: The same at the frame's size.
            counts: Its `Mask.pixel_counts`.
            ground: The class around the objects, if that is known: it may not even occur.
        """
        ground, object_ids = _classes(mask, ground, counts)
        objects = (mask.class_ids != ground).view(np.uint8)
        size = small_size(*mask.frame_size)
        few = (shrink(objects * np.uint8(255), size) > 127).view(np.uint8)
        are_several = object_ids.size > 1
        return cls(
            given=given,
            mask=mask,
            counts=counts,
            ground=ground,
            object_ids=object_ids,
            extent=neighbourhood(objects, padded=False),
            objects=objects,
            few_objects=few,
            labels=_nearest_objects(mask, ground, objects, size) if are_several else mask.class_ids,
            distance=signed_distance(few),
            has_contacts=are_several and _have_contacts(mask.class_ids, objects),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Key(Outline):
    """A mask together with statistics of its frame.

    Attributes:
        colours: float32 (4096,), for each colour of 16x16x16 how much more it is an object's than
            the ground's, from -1 to 1.
        class_colours: The colours of each object; None where there is only one.
    """

    colours: Floats
    class_colours: ClassColours | None

    @classmethod
    def seen(cls, outline: Outline, small: Image) -> Self:
        """Return the same with the colours of the frame's small picture."""
        return cls(
            **{each.name: getattr(outline, each.name) for each in fields(outline)},
            colours=_colour_evidence(outline.few_objects, small),
            class_colours=_class_colours(outline, small),
        )


def study(given: Mask, frame_size: tuple[int, int], small: Image, ground: int | None = None) -> Key:
    """Take the statistics of a mask.

    Args:
        given: The mask as it came.
        frame_size: (width, height) of its frame.
        small: The frame's picture made smaller.
        ground: The class around the objects, if that is known: it may not even occur.
    """
    mask = given.resized(frame_size)
    return Key.seen(Outline.of(given, mask, mask.pixel_counts(), ground), small)


def _have_contacts(ids: ClassIds, objects: Bytes) -> bool:
    """Tell whether two objects lie side by side, or one upon the other."""
    for first, second in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1])):
        differ = cv2.compare(ids[first], ids[second], cv2.CMP_NE)
        both = cv2.bitwise_and(objects[first], objects[second])
        if cv2.countNonZero(cv2.bitwise_and(differ, both)):
            return True
    return False


def _class_colours(outline: Outline, small: Image) -> ClassColours | None:
    if outline.object_ids.size == 1:
        return None
    few_ids = nearest(outline.mask.class_ids, (small.shape[1], small.shape[0]))
    largest = sorted(outline.object_ids.tolist(), key=lambda each: -outline.counts.get(each, 0))
    return ClassColours.of(few_ids, colour_index(small), largest[:_MOST_CLASSES])


def _classes(mask: Mask, ground: int | None, counts: dict[int, int]) -> tuple[int, Bytes]:
    """Return the class around the objects, unless it is known, and theirs.

    That is the background; where there is none, what covers most surrounds.
    """
    if ground is None:
        ground = max(
            counts.keys() & mask.background or counts, key=lambda class_id: counts[class_id]
        )
    others = [class_id for class_id in counts if class_id != ground]
    return ground, np.array(others or [ground], np.uint8)


def _nearest_objects(mask: Mask, ground: int, objects: Bytes, size: tuple[int, int]) -> ClassIds:
    """Return the class ids with the ground given to the nearest object."""
    few_ids = nearest(mask.class_ids, size)
    # A cell on an edge is an object's by its area, and may still have the ground at its centre.
    seeds = (few_ids != ground).view(np.uint8)
    if not seeds.any():
        return mask.class_ids
    _, numbers = cv2.distanceTransformWithLabels(
        1 - seeds, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    class_of = np.zeros(int(numbers.max()) + 1, np.uint8)
    class_of[numbers[seeds > 0]] = few_ids[seeds > 0]
    spread = nearest(class_of.take(cast(Numbers, numbers)), mask.frame_size)
    return cast(Bytes, cv2.copyTo(mask.class_ids, objects, spread))


def signed_distance(objects: Bytes) -> Floats:
    """Return the distance to the objects' edge in units of `REACH`, above 0 inside."""
    distance = np.full(objects.shape, -1, np.float32)
    x, y, width, height = cv2.boundingRect(objects)
    if width == 0:
        return distance
    margin = REACH + 4
    rows = slice(max(0, y - margin), y + height + margin)
    columns = slice(max(0, x - margin), x + width + margin)
    # Continued beyond the picture's border: an object that the border cuts has no edge there.
    inside = cv2.copyMakeBorder(objects[rows, columns], 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    if inside.all():
        distance[rows, columns] = 1
        return distance
    depth = np.subtract(
        cv2.distanceTransform(inside, cv2.DIST_L2, 3),
        cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3),
    )
    distance[rows, columns] = np.clip(depth[1:-1, 1:-1] / REACH, -1, 1)
    return distance


def colour_index(picture: Image) -> Numbers:
    """Return the number of each pixel's colour, 0 to 4095."""
    bins = picture >> 4
    index: Numbers = bins[..., 0].astype(np.int32)
    for channel in (1, 2):
        index <<= 4
        index |= bins[..., channel]
    return index


def _colour_evidence(objects: Bytes, small: Image) -> Floats:
    region = neighbourhood(objects)
    step = 1 if region.area <= _MOST_COLOUR_SAMPLES else 2
    index = colour_index(region.crop(small)[::step, ::step]).ravel()
    inside = region.crop(objects)[::step, ::step].ravel() > 0
    shares = []
    for chosen in (index[inside], index[~inside]):
        counts = np.bincount(chosen, minlength=_COLOURS).astype(np.float32)
        spread = _spread(counts.reshape(_BINS, _BINS, _BINS)).ravel()
        shares.append(spread / (spread.sum() + 1e-6) + _RARE)
    evidence = np.clip(np.log(shares[0] / shares[1]), -_MOST_EVIDENCE, _MOST_EVIDENCE)
    part: Floats = evidence.astype(np.float32) / np.float32(_MOST_EVIDENCE)
    return part


def _spread(counts: Floats) -> Floats:
    """Let neighbouring colours share what was counted."""
    for axis in range(3):
        wide = counts.copy()
        target, source = np.moveaxis(wide, axis, 0), np.moveaxis(counts, axis, 0)
        target[1:] += 0.5 * source[:-1]
        target[:-1] += 0.5 * source[1:]
        counts = wide
    return counts
