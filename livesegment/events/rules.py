"""Rules at work: told what is to be seen and when, they say what begins and ends."""

import logging
from abc import ABC, abstractmethod

from livesegment.class_name import comparable
from livesegment.events.event import Counted, Kind
from livesegment.events.zone import ZoneGrid
from livesegment.mask import VOID, Mask
from livesegment.settings.rule import Rule

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


class SeenWatch(ABC):
    """Follows how much, or how many, of a class is to be seen in a zone.

    Around the threshold there is a band in which nothing changes, the hysteresis: what is measured
    has to leave it on the other side. Then the time runs, and only leaving it back stops that.

    Args:
        rule: What is looked at.

    Attributes:
        rule: The rule.
        coverage: The share of the zone at the last step; None: it is not known.
        count: How many there were; None: it is not known.
        counted: Of what; None likewise.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.coverage: float | None = None
        self.count: int | None = None
        self.counted: Counted | None = None
        self._debounce = Debounce(rule.begins_after_s, rule.begins_after_s, rule.cooldown_s)
        self._is_beyond = False
        self._class_map: dict[int, str] | None = None
        self._wanted: list[int] = []
        self._has_warned = False

    @property
    def is_on(self) -> bool:
        """Whether the event has begun and is not over."""
        return self._debounce.is_on

    def step(self, now_s: float, mask: Mask | None, answer: Mask | None = None) -> Kind | None:
        """Look at the mask of the next picture and return what happens.

        Args:
            now_s: Time of the picture in seconds, never falling.
            mask: Its mask; None: there is none, and nothing changes for as long.
            answer: What the model said, of which the mask was made; None: the mask itself.
        """
        if mask is None:
            self.coverage = self.count = self.counted = None
            self._is_beyond = self._debounce.is_on
            return self._debounce.step(now_s, None)
        self._is_beyond = self._judge(self._measured(mask, answer or mask))
        return self._debounce.step(now_s, self._is_beyond)

    @abstractmethod
    def _measured(self, mask: Mask, answer: Mask) -> float:
        """Return what is to be compared with the threshold, and keep it."""

    def _judge(self, value: float) -> bool:
        limit = self.rule.release if self._is_beyond else self.rule.threshold
        return value > limit if self.rule.is_about_much else value < limit

    def _ids_in(self, mask: Mask) -> list[int]:
        """Return the ids of the rule's class in a mask."""
        if mask.class_map == self._class_map:
            return self._wanted
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
        return self._wanted


class CoverageWatch(SeenWatch):
    """Follows how much of a zone a class covers.

    Args:
        rule: Of the subject `coverage`.
    """

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        self._grid: ZoneGrid | None = None

    def _measured(self, mask: Mask, answer: Mask) -> float:  # noqa: ARG002
        wanted = self._ids_in(mask)
        if self._grid is None or self._grid.frame_size != mask.frame_size:
            self._grid = ZoneGrid(self.rule.zone, mask.frame_size)
        self.coverage = self._grid.coverage(mask.class_ids, wanted)
        return self.coverage


class OutageWatch:
    """Follows whether something has been away for too long; its first sign ends that.

    Args:
        rule: Of the subject `camera` or `endpoint`.

    Attributes:
        rule: The rule.
    """

    coverage = count = counted = None  # it is about no class

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._debounce = Debounce(cooldown_s=rule.cooldown_s)

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
