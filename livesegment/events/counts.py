"""How many of a class are in a zone."""

from collections.abc import Collection

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.events.rules import SeenWatch
from livesegment.events.zone import ZoneGrid
from livesegment.mask import Mask
from livesegment.settings.rule import Rule
from livesegment.settings.zone import Polygon

# Of a picture of 4K every fourth pixel of every fourth line: what is smaller is nothing to count.
_MOST_SAMPLES = 600_000
_PART_INSIDE = 0.1
"""Share of an instance that has to lie in the zone: feet are enough, a trembling edge is not."""


class ClassCounter:
    """Counts what there is of classes in a zone: instances, or connected regions.

    Args:
        zone: The corners; None: the whole picture.
        smallest: Share of the picture, 0 to 1, that a region needs to be counted.
    """

    def __init__(self, zone: Polygon | None, smallest: float) -> None:
        self._corners = zone
        self._smallest = smallest
        self._zone: ZoneGrid | None = None
        self._pixels: _ZonePixels | None = None
        self._answer: Mask | None = None  # whose instances were counted last
        self._in_zone: npt.NDArray[np.intp] = np.zeros(256, np.intp)  # of them, by class

    def instances(self, answer: Mask, wanted: Collection[int]) -> int:
        """Return how many instances of some classes have a tenth of themselves in the zone.

        Args:
            answer: What the model said, with instances.
            wanted: Ids of the classes.
        """
        if answer is not self._answer:
            self._answer, self._in_zone = answer, self._instances_in_zone(answer)
        return int(sum(self._in_zone[class_id] for class_id in wanted))

    def _instances_in_zone(self, answer: Mask) -> npt.NDArray[np.intp]:
        assert answer.instance_ids is not None
        if self._pixels is None or self._pixels.frame_size != answer.frame_size:
            self._pixels = _ZonePixels(self._corners, answer.frame_size)
        rows, columns, inside = self._pixels.rows, self._pixels.columns, self._pixels.inside
        numbers = answer.instance_ids[rows, columns]
        areas = np.bincount(numbers.ravel())
        class_of = np.zeros(areas.size, np.uint8)
        class_of[numbers] = answer.class_ids[rows, columns]  # an instance has one class
        within = np.bincount(numbers[inside], minlength=areas.size)
        is_in = (areas > 0) & (within >= _PART_INSIDE * areas)
        is_in[0] = False
        return np.bincount(class_of[is_in], minlength=256)

    def regions(self, mask: Mask, wanted: Collection[int]) -> int:
        """Return how many connected regions of some classes the zone has that are large enough.

        Args:
            mask: The mask.
            wanted: Ids of the classes; where they meet they are one region.
        """
        if self._zone is None or self._zone.frame_size != mask.frame_size:
            self._zone = ZoneGrid(self._corners, mask.frame_size)
        zone = self._zone
        table = np.zeros(256, np.uint8)
        table[list(wanted)] = 255
        samples = np.ascontiguousarray(mask.class_ids[zone.rows, zone.columns])
        found = cv2.bitwise_and(cv2.LUT(samples, table), zone.inside)
        _, _, about, _ = cv2.connectedComponentsWithStats(found, connectivity=8)
        areas = about[1:, cv2.CC_STAT_AREA]  # the first is what is none
        return int(np.count_nonzero(areas * zone.sample_share >= self._smallest))


class CountWatch(SeenWatch):
    """Follows how many of a class are in a zone.

    Where the model tells instances apart, those are counted of which a tenth lies in the zone, by
    the model's own answer: a mask that was carried to the picture has none. Otherwise connected
    regions are counted, as far as they lie in the zone, that have the share of the picture that
    the rule says; two things that touch are one there.

    Args:
        rule: Of the subject `count`.
    """

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        self._counter = ClassCounter(rule.zone, rule.smallest)

    def _measured(self, mask: Mask, answer: Mask) -> float:
        if answer.instance_ids is None:
            self.count, self.counted = self._counter.regions(mask, self._ids_in(mask)), "regions"
        else:
            found = self._counter.instances(answer, self._ids_in(answer))
            self.count, self.counted = found, "instances"
        return float(self.count)


class _ZonePixels:
    """A grid over a whole picture, and what of it lies in a zone."""

    def __init__(self, zone: Polygon | None, frame_size: tuple[int, int]) -> None:
        grid = ZoneGrid(None, frame_size, _MOST_SAMPLES)
        self.frame_size, self.rows, self.columns = frame_size, grid.rows, grid.columns
        self.inside = grid.inside_of(zone) if zone is not None else grid.inside > 0
