"""Rules at work: told what is to be seen and when, they say what begins and ends."""

import logging

from livesegment.events.event import Kind
from livesegment.events.latch import Latch
from livesegment.events.zone import ZoneGrid
from livesegment.mask import Mask
from livesegment.rule import Rule

logger = logging.getLogger(__name__)


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
        self._latch = Latch(rule.begins_after_s, rule.begins_after_s, rule.cooldown_s)
        self._is_beyond = False
        self._grid: ZoneGrid | None = None
        self._grid_size = (0, 0)
        self._class_map: dict[int, str] | None = None
        self._wanted: list[int] = []
        self._has_warned = False

    @property
    def is_on(self) -> bool:
        """Whether the event has begun and is not over."""
        return self._latch.is_on

    def step(self, now_s: float, mask: Mask | None) -> Kind | None:
        """Look at the mask of the next picture and return what happens.

        Args:
            now_s: Time of the picture in seconds, never falling.
            mask: Its mask; None: there is none, and nothing changes for as long.
        """
        if mask is None:
            self.coverage, self._is_beyond = None, self._latch.is_on
            return self._latch.step(now_s, None)
        self._read_classes(mask)
        if self._grid is None or self._grid_size != mask.frame_size:
            self._grid = ZoneGrid(self.rule.zone, mask.frame_size)
            self._grid_size = mask.frame_size
        self.coverage = self._grid.coverage(mask.class_ids, self._wanted)
        self._is_beyond = self._judge(self.coverage)
        return self._latch.step(now_s, self._is_beyond)

    def _judge(self, coverage: float) -> bool:
        rule = self.rule
        if rule.above is not None:
            return coverage > (rule.release if self._is_beyond else rule.above)
        return coverage < (rule.release if self._is_beyond else rule.threshold)

    def _read_classes(self, mask: Mask) -> None:
        if mask.class_map == self._class_map:
            return
        self._class_map = dict(mask.class_map)
        name = self.rule.class_name.strip().casefold()
        self._wanted = [
            class_id for class_id in range(256) if mask.class_name(class_id).casefold() == name
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
        self._latch = Latch(cooldown_s=rule.cooldown_s)

    @property
    def coverage(self) -> None:
        """Nothing: it is about no class."""
        return

    @property
    def is_on(self) -> bool:
        """Whether the event has begun and is not over."""
        return self._latch.is_on

    def step(self, now_s: float, away_since_s: float | None) -> Kind | None:
        """Take in since when it has been away, and return what happens.

        Args:
            now_s: Monotonic seconds.
            away_since_s: Since when, on the same clock; None: it is there.
        """
        is_away = away_since_s is not None and now_s - away_since_s >= self.rule.begins_after_s
        return self._latch.step(now_s, is_away)


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
