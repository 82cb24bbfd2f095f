"""What an event is: when it begins and when it is over."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Literal, get_args

from livesegment.errors import OptionsError
from livesegment.settings.group import Settings, option
from livesegment.settings.kinds import number, share
from livesegment.settings.text_kinds import text
from livesegment.settings.zone import Polygon, corners, zone_mistake

Subject = Literal["coverage", "count", "camera", "endpoint"]
"""coverage: how much of a zone a class covers; count: how many of a class are in it; camera: lost
and back; endpoint: failing."""

DEFAULT_FOR_S: dict[Subject, float] = {
    "coverage": 1.0,
    "count": 1.0,
    "camera": 5.0,
    "endpoint": 10.0,
}
SMALLEST = 0.001
"""Share of the picture that a region needs to be counted, unless a rule says otherwise."""

_MARGIN = 0.2  # of the threshold
_LONGEST_S = 86400
_TIME = number(0, _LONGEST_S, "seconds")
_MOST_COUNTED = 10_000
_COUNT = number(0, _MOST_COUNTED, whole=True)


@dataclass(frozen=True, slots=True)
class Rule(Settings):
    """Says when an event begins, and when it ends.

    A coverage event begins when a class has covered more (or less) of a zone than a threshold for
    a time, and ends when it has been back beyond the threshold by the hysteresis for the same
    time; a count event likewise, by how many of the class are in the zone. A camera is lost, and an
    endpoint fails, once nothing good has come from it for a time; the first thing that comes ends
    the event.

    Attributes:
        name: What the event is called; no two rules of a camera share one.
        subject: What is looked at; a count where a number of it is given.
        class_name: The class, by the model's name for it; of a coverage or a count.
        above: Share of the zone, 0 to 1, that the class has to exceed; None: `below` counts.
        below: Share of the zone that it has to stay under.
        count_above: How many of the class there have to be more of; None: `count_below` counts.
        count_below: How many of it there have to be fewer of.
        count_hysteresis: By how many the count has to go back beyond that for the event to end.
        smallest: Share of the picture, 0 to 1, that a region needs to be counted, where the model
            tells no instances apart.
        for_s: Seconds for which it has to; None: 1 for a coverage or a count, 5 for a camera, 10
            for an endpoint.
        zone: Where to look; what lies outside of the picture does not count. None: everywhere.
        hysteresis: How far back beyond the threshold the event ends, as a share of the zone; None:
            a fifth of the threshold.
        cooldown_s: Seconds from an event's end in which none begins.

    Raises:
        OptionsError: If a value is out of range or contradicts another.
    """

    name: str = option(
        ..., text("NAME", "a text for people"), "What it is called.", key="rule.name"
    )
    subject: Subject = "coverage"
    class_name: str = option(
        "", text("CLASS", "the name of a class"), "The class.", key="rule.class"
    )
    above: float | None = option(None, share(), "Begin above this share.", key="rule.above")
    below: float | None = option(None, share(), "Begin below this share.", key="rule.below")
    count_above: int | None = option(
        None, _COUNT, "Begin with more of the class.", key="rule.count_above"
    )
    count_below: int | None = option(
        None, _COUNT, "Begin with fewer of the class.", key="rule.count_below"
    )
    count_hysteresis: int = option(
        0, _COUNT, "By how many it has to go back for it to end.", key="rule.count_hysteresis"
    )
    smallest: float = option(
        SMALLEST,
        share(),
        "Share of the picture that a region needs to be counted.",
        key="rule.smallest",
    )
    for_s: float | None = option(None, _TIME, "For so many seconds.", key="rule.for")
    zone: Polygon | None = option(None, corners(), "Where to look.", key="rule.zone")
    hysteresis: float | None = option(
        None, share(), "How far back beyond the threshold it ends.", key="rule.hysteresis"
    )
    cooldown_s: float = option(
        0.0, _TIME, "Seconds from its end in which it does not begin.", key="rule.cooldown"
    )

    def __post_init__(self) -> None:
        """Check everything in sentences that begin with the rule's name: there may be many."""
        is_text = isinstance(self.name, str) and isinstance(self.class_name, str)
        self._require(is_text, "its name and its class are texts")
        known = get_args(Subject)
        self._require(self.subject in known, f"it is about one of {', '.join(known)}")
        numbers = (self.above, self.below, self.for_s, self.hysteresis, self.cooldown_s)
        are_right = all(
            each is None or isinstance(each, Real) for each in (*numbers, self.smallest)
        )
        self._require(are_right, "its shares and times are numbers")
        counts = (self.count_above, self.count_below, self.count_hysteresis)
        are_whole = all(each is None or type(each) is int for each in counts)
        self._require(are_whole, "its counts are whole numbers")
        if self.subject == "coverage" and counts[:2] != (None, None):
            object.__setattr__(self, "subject", "count")
        self.check()

    def check(self) -> None:
        """Check what the rule says."""
        self._require(any(each.isalnum() for each in self.name), "its name has a letter or digit")
        for what, value in (("'for'", self.for_s), ("the cooldown", self.cooldown_s)):
            ok = value is None or 0 <= value <= _LONGEST_S
            self._require(ok, f"{what} is from 0 seconds to a day")
        if self.subject == "coverage":
            self._check_coverage()
        elif self.subject == "count":
            self._check_count()
        if not self.is_outage:
            self._check_zone()

    @property
    def is_outage(self) -> bool:
        """Whether it is about what is missing, and not about what is to be seen."""
        return self.subject in ("camera", "endpoint")

    @property
    def begins_after_s(self) -> float:
        """Seconds for which the condition has to hold."""
        return DEFAULT_FOR_S[self.subject] if self.for_s is None else self.for_s

    @property
    def is_about_much(self) -> bool:
        """Whether it begins above its threshold, and not below."""
        return self.above is not None or self.count_above is not None

    @property
    def threshold(self) -> float:
        """Share of the zone, or number, at which the event begins; 0 where it is about neither."""
        given = (self.above, self.below, self.count_above, self.count_below)
        return next((float(each) for each in given if each is not None), 0.0)

    @property
    def release(self) -> float:
        """Share of the zone, or number, at which the event ends."""
        if self.subject == "count":
            margin = float(self.count_hysteresis)
            return self.threshold + (-margin if self.is_about_much else margin)
        margin = _MARGIN * self.threshold if self.hysteresis is None else self.hysteresis
        if self.is_about_much:
            return max(0.0, self.threshold - margin)
        return min(1.0, self.threshold + margin)

    def _check_count(self) -> None:
        self._require(bool(self.class_name.strip()), "it names a class")
        has_one = (self.count_above is None) != (self.count_below is None)
        self._require(has_one, "it has either 'count_above' or 'count_below'")
        has_share = any(each is not None for each in (self.above, self.below, self.hysteresis))
        self._require(
            not has_share, "it counts: 'above', 'below' and 'hysteresis' are about a share"
        )
        least = 0 if self.count_above is not None else 1
        ok = least <= self.threshold <= _MOST_COUNTED
        self._require(ok, f"a count is from {least} to {_MOST_COUNTED}")
        most = self.count_above if self.count_above is not None else _MOST_COUNTED
        ok = 0 <= self.count_hysteresis <= most
        self._require(ok, f"the hysteresis is from 0 to {most}, or it would never end")
        self._require(0 <= self.smallest < 1, "the smallest region is from 0% to under 100%")

    def _check_coverage(self) -> None:
        self._require(bool(self.class_name.strip()), "it names a class")
        self._require(
            (self.above is None) != (self.below is None), "it has either 'above' or 'below'"
        )
        if self.above is not None:
            self._require(0 <= self.above < 1, "a class covers more than 0% to under 100%")
            most = self.above
        else:
            self._require(0 < self.threshold <= 1, "a class covers less than above 0% to 100%")
            most = 1 - self.threshold
        ok = self.hysteresis is None or 0 <= self.hysteresis <= most
        self._require(ok, f"the hysteresis is from 0% to {100 * most:g}%, or it would never end")

    def _check_zone(self) -> None:
        if self.zone is None:
            return
        mistake = zone_mistake(self.zone)
        self._require(mistake is None, f"{mistake}")

    def _require(self, ok: bool, sentence: str) -> None:
        if not ok:
            raise OptionsError(f"rule '{self.name}': {sentence}")


def file_name(name: str) -> str:
    """Return a rule's or camera's name as files and topics bear it: a-z, A-Z, 0-9, - and _.

    Names that differ in other letters get different ones.
    """
    plain = re.sub(r"[^A-Za-z0-9-]+", "_", name.strip()).strip("_")
    if not name.isascii():
        plain = f"{plain}_{zlib.crc32(name.strip().encode()):08x}".strip("_")
    return plain or "unnamed"


def with_outages(rules: Sequence[Rule]) -> list[Rule]:
    """Return rules with those for the camera and the endpoint, which are there unasked.

    Raises:
        OptionsError: If two have names that files and topics cannot tell apart.
    """
    subjects = {rule.subject for rule in rules}
    complete = list(rules)
    if "camera" not in subjects:
        complete.append(Rule("camera", "camera"))
    if "endpoint" not in subjects:
        complete.append(Rule("endpoint", "endpoint"))
    names: dict[str, str] = {}
    for rule in complete:
        name = file_name(rule.name).casefold()
        if name in names:
            raise OptionsError(
                f"rules '{names[name]}' and '{rule.name}' need different names: give one another"
            )
        names[name] = rule.name
    return complete
