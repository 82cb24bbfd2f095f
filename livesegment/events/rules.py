"""Rules at work: told what is to be seen and when, they say what begins and ends."""

import logging
import math
from collections.abc import Collection

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.class_name import comparable
from livesegment.events.event import Kind
from livesegment.mask import VOID, ClassIds, Mask
from livesegment.settings.rule import Rule
from livesegment.settings.zone import Polygon

logger = logging.getLogger(__name__)

_TOLERANCE_S = 1e-6  # times of pictures are sums of fractions


class Debounce:
    """Switches on when it has been told so for a time, and off likewise. No clock of its own.

    Args:
        begin_after_s: Seconds for which it must be told to be on.
        end_after_s: Seconds for which it must be told to be off.
        cooldown_s: Seconds from switching off in which it does not switch on.

    Attributes:
        is_on: What it is.
    """

    def __init__(
        self, begin_after_s: float = 0.0, end_after_s: float = 0.0, cooldown_s: float = 0.0
    ) -> None:
        self._after_s = {True: begin_after_s, False: end_after_s}
        self._cooldown_s = cooldown_s
        self._since_s: float | None = None
        self._ended_s: float | None = None
        self.is_on = False

    def step(self, now_s: float, told: bool | None) -> Kind | None:
        """Take in what it is told to be at a time, and return what happens.

        Args:
            now_s: Seconds of any clock, never falling.
            told: What it is to be; None: nobody knows, which begins the wait anew.
        """
        if told is None or told == self.is_on:
            self._since_s = None
            return None
        if self._since_s is None:
            self._since_s = now_s
        if now_s - self._since_s < self._after_s[told] - _TOLERANCE_S:
            return None
        if told and self._ended_s is not None and now_s - self._ended_s < self._cooldown_s:
            return None
        self.is_on, self._since_s = told, None
        if not told:
            self._ended_s = now_s
        return "begin" if told else "end"


_MOST_SAMPLES = 64_000  # of a picture of 720p every fourth pixel of every fourth line
_WHOLE: Polygon = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


class ZoneGrid:
    """The pixels of a zone that are looked at, for masks of one size.

    Of a large zone they are a regular grid, of a small one all its pixels: the centre of a pixel
    decides, by the even-odd rule where the outline crosses itself. What lies outside of the
    picture does not count.

    Args:
        zone: The corners; None: the whole picture.
        frame_size: (width, height) of the masks in pixels.
    """

    def __init__(self, zone: Polygon | None, frame_size: tuple[int, int]) -> None:
        width, height = frame_size
        corners = np.array(_WHOLE if zone is None else zone) * (width, height)
        left, top = np.clip(np.floor(corners.min(0)), 0, (width - 1, height - 1)).astype(int)
        right, bottom = np.clip(np.ceil(corners.max(0)), (left + 1, top + 1), frame_size)
        step = math.ceil(math.sqrt((right - left) * (bottom - top) / _MOST_SAMPLES))
        first = min(step // 2, int(right - left) - 1, int(bottom - top) - 1)
        self._rows = slice(int(top) + first, int(bottom), step)
        self._columns = slice(int(left) + first, int(right), step)
        self._inside = _inside(corners, np.r_[self._columns] + 0.5, np.r_[self._rows] + 0.5)
        if not self._inside.any():
            # A sliver between the pixels: the nearest one stands for it.
            self._inside.flat[self._inside.size // 2] = 255
        self._count = int(np.count_nonzero(self._inside))

    def coverage(self, class_ids: ClassIds, wanted: Collection[int]) -> float:
        """Return the share of the zone, 0 to 1, that has one of the wanted ids.

        Args:
            class_ids: uint8 (H, W), of the size given before.
            wanted: Class ids.
        """
        samples = np.ascontiguousarray(class_ids[self._rows, self._columns])
        counts = cv2.calcHist([samples], [0], self._inside, [256], [0, 256]).reshape(-1)
        return float(sum(counts[class_id] for class_id in wanted)) / self._count


def _inside(
    corners: npt.NDArray[np.float64], across: npt.NDArray[np.float64], down: npt.NDArray[np.float64]
) -> npt.NDArray[np.uint8]:
    """Return 255 for every point of a grid within a polygon, (len(down), len(across)).

    Source: the crossings test of Shimrat, Algorithm 112, Communications of the ACM, 1962.
    """
    inside = np.zeros((down.size, across.size), bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, 0), strict=True):
        crossed = (y0 <= down) != (y1 <= down)
        if crossed.any():
            at = x0 + (down[crossed] - y0) * (x1 - x0) / (y1 - y0)
            inside[crossed] ^= across[None, :] < at[:, None]
    return inside.astype(np.uint8) * np.uint8(255)


class CoverageWatch:
    """Follows how much of a zone a class covers.

    Around the threshold there is a band in which nothing changes, the hysteresis: the coverage
    has to leave it on the other side. Then the time runs, and only leaving it back stops that.

    Args:
        rule: Of the subject `coverage`.

    Attributes:
        rule: The rule.
        coverage: The share of the zone at the last step; None: there was no mask.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.coverage: float | None = None
        self._debounce = Debounce(rule.begins_after_s, rule.begins_after_s, rule.cooldown_s)
        self._is_beyond = False
        self._grid: ZoneGrid | None = None
        self._grid_size = (0, 0)
        self._class_map: dict[int, str] | None = None
        self._wanted: list[int] = []
        self._has_warned = False

    @property
    def is_on(self) -> bool:
        """Whether the event has begun and is not over."""
        return self._debounce.is_on

    def step(self, now_s: float, mask: Mask | None) -> Kind | None:
        """Look at the mask of the next picture and return what happens.

        Args:
            now_s: Time of the picture in seconds, never falling.
            mask: Its mask; None: there is none, and nothing changes for as long.
        """
        if mask is None:
            self.coverage, self._is_beyond = None, self._debounce.is_on
            return self._debounce.step(now_s, None)
        self._read_classes(mask)
        if self._grid is None or self._grid_size != mask.frame_size:
            self._grid = ZoneGrid(self.rule.zone, mask.frame_size)
            self._grid_size = mask.frame_size
        self.coverage = self._grid.coverage(mask.class_ids, self._wanted)
        self._is_beyond = self._judge(self.coverage)
        return self._debounce.step(now_s, self._is_beyond)

    def _judge(self, coverage: float) -> bool:
        rule = self.rule
        if rule.above is not None:
            return coverage > (rule.release if self._is_beyond else rule.above)
        return coverage < (rule.release if self._is_beyond else rule.threshold)

    def _read_classes(self, mask: Mask) -> None:
        if mask.class_map == self._class_map:
            return
        self._class_map = dict(mask.class_map)
        name = comparable(self.rule.class_name)
        self._wanted = [
            class_id
            for class_id in range(256)
            if comparable(mask.class_name(class_id)) == name
            and (class_id != VOID or class_id in mask.class_map)
        ]
        if not self._wanted and not self._has_warned:
            self._has_warned = True
            known = ", ".join(sorted(set(mask.class_map.values()))) or "none with a name"
            logger.warning(
                "rule '%s': the model has no class '%s'; its classes are: %s",
                self.rule.name,
                self.rule.class_name,
                known,
            )


class OutageWatch:
    """Follows whether something has been away for too long; its first sign ends that.

    Args:
        rule: Of the subject `camera` or `endpoint`.

    Attributes:
        rule: The rule.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._debounce = Debounce(cooldown_s=rule.cooldown_s)

    @property
    def coverage(self) -> None:
        """Nothing: it is about no class."""
        return

    @property
    def is_on(self) -> bool:
        """Whether the event has begun and is not over."""
        return self._debounce.is_on

    def step(self, now_s: float, away_since_s: float | None) -> Kind | None:
        """Take in since when it has been away, and return what happens.

        Args:
            now_s: Monotonic seconds.
            away_since_s: Since when, on the same clock; None: it is there.
        """
        is_away = away_since_s is not None and now_s - away_since_s >= self.rule.begins_after_s
        return self._debounce.step(now_s, is_away)


class AnswerClock:
    """Finds out since when an endpoint that is asked has given no good reply. No clock of its own.

    An endpoint that nobody asks, because there is no picture or no call is allowed, does not fail.
    """

    def __init__(self) -> None:
        self._asked = self._answered = 0
        self._since_s: float | None = None

    def step(self, now_s: float, asked: int, answered: int) -> float | None:
        """Return since when there has been no good reply, in seconds of `now_s`; None: there was.

        Args:
            now_s: Monotonic seconds.
            asked: Calls made so far.
            answered: Masks received so far.
        """
        if answered != self._answered:
            self._asked, self._answered, self._since_s = asked, answered, None
        elif self._since_s is None and asked > self._asked:
            self._since_s = now_s
        return self._since_s
