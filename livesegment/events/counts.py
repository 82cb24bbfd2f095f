"""How many of a class are in a zone."""

import cv2
import numpy as np

from livesegment.events.rules import SeenWatch
from livesegment.events.zone import ZoneGrid
from livesegment.mask import Mask
from livesegment.settings.rule import Rule

# Of a picture of 4K every fourth pixel of every fourth line: what is smaller is nothing to count.
_MOST_SAMPLES = 600_000
_PART_INSIDE = 0.1
"""Share of an instance that has to lie in the zone: feet are enough, a trembling edge is not."""


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
        self._zone: ZoneGrid | None = None
        self._pixels: _ZonePixels | None = None
        self._answer: Mask | None = None  # whose instances were counted last

    def _measured(self, mask: Mask, answer: Mask) -> float:
        if answer.instance_ids is None:
            self._answer = None
            self.count, self.counted = self._regions(mask), "regions"
        elif answer is not self._answer or self.count is None:
            self._answer = answer
            self.count, self.counted = self._instances(answer), "instances"
        return float(self.count or 0)

    def _instances(self, answer: Mask) -> int:
        assert answer.instance_ids is not None
        if self._pixels is None or self._pixels.frame_size != answer.frame_size:
            self._pixels = _ZonePixels(self.rule, answer.frame_size)
        rows, columns, inside = self._pixels.rows, self._pixels.columns, self._pixels.inside
        is_class = np.zeros(256, bool)
        is_class[self._ids_in(answer)] = True
        is_it = is_class[answer.class_ids[rows, columns]]
        ids = answer.instance_ids[rows, columns]
        areas = np.bincount(ids[is_it], minlength=1)
        areas[0] = 0
        within = np.bincount(ids[is_it & inside], minlength=areas.size)
        return int(np.count_nonzero((areas > 0) & (within >= _PART_INSIDE * areas)))

    def _regions(self, mask: Mask) -> int:
        if self._zone is None or self._zone.frame_size != mask.frame_size:
            self._zone = ZoneGrid(self.rule.zone, mask.frame_size)
        zone = self._zone
        table = np.zeros(256, np.uint8)
        table[self._ids_in(mask)] = 255
        samples = np.ascontiguousarray(mask.class_ids[zone.rows, zone.columns])
        found = cv2.bitwise_and(cv2.LUT(samples, table), zone.inside)
        _, _, about, _ = cv2.connectedComponentsWithStats(found, connectivity=8)
        areas = about[1:, cv2.CC_STAT_AREA]  # the first is what is none
        return int(np.count_nonzero(areas * zone.sample_share >= self.rule.smallest))


class _ZonePixels:
    """A grid over a whole picture, and what of it lies in a rule's zone."""

    def __init__(self, rule: Rule, frame_size: tuple[int, int]) -> None:
        grid = ZoneGrid(None, frame_size, _MOST_SAMPLES)
        self.frame_size, self.rows, self.columns = frame_size, grid.rows, grid.columns
        self.inside = grid.inside_of(rule.zone) if rule.zone is not None else grid.inside > 0
