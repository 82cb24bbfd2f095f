"""What a run counts, in bounded memory: every figure is a row of the table in `figures`."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from livesegment.distribution import Distribution, Histogram
from livesegment.figures import FIGURES, Command, Figure, Kind

BOUNDS_S = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5),
    *(0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0),
)
"""Bounds of the histograms of durations, in seconds."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Figures at one moment: they add up from one process to the next, and travel as JSON.

    What the table has and a snapshot has not counts as nothing so far.

    Attributes:
        counts: Counters by name.
        kinds: Counters by name and kind.
        durations: Histograms of durations by name, between `BOUNDS_S`.
        moment: Newest values by name, in seconds or frames a second; None: there is none.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    durations: Mapping[str, Histogram] = field(default_factory=dict)
    moment: Mapping[str, float | None] = field(default_factory=dict)

    def plus(self, later: "Snapshot") -> "Snapshot":
        """Return what both counted, at the moment of the later one."""
        kinds, durations = dict(self.kinds), dict(self.durations)
        for name, counts in later.kinds.items():
            kinds[name] = dict(Counter(kinds.get(name, {})) + Counter(counts))
        for name, histogram in later.durations.items():
            durations[name] = durations.get(name, Histogram()).plus(histogram)
        # Not `+` alone, which forgets counters that are 0.
        counted = dict.fromkeys((*self.counts, *later.counts), 0)
        counted.update(Counter(self.counts) + Counter(later.counts))
        return Snapshot(counted, kinds, durations, later.moment)

    def value(self, figure: Figure, price_per_call: float | None = None) -> float | None:
        """Return a figure as one number, as the page and /metrics show it; None: there is none."""
        if figure.kind == "counter":
            return self.counts.get(figure.name, None if "live" not in figure.by else 0)
        if figure.kind == "counter by kind":
            return sum(self.kinds.get(figure.name, {}).values())
        if figure.kind == "cost":
            calls = self.counts.get("calls", 0)
            return None if price_per_call is None else round(calls * price_per_call, 4)
        return self.moment.get(figure.name, 0.0 if figure.kind == "rate" else None)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, sent: Mapping[str, Any]) -> "Snapshot":
        """Return the snapshot that was sent."""
        durations = {
            name: Histogram(tuple(each["counts"]), each["total"])
            for name, each in sent["durations"].items()
        }
        return cls(**{**sent, "durations": durations})


class Metrics:
    """What a run counts. All methods may be called from any thread.

    Only names of the table are counted; any other raises KeyError.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(_names("counter"), 0)
        kinds = _names("counter by kind")
        self._kinds: dict[str, Counter[str]] = {name: Counter() for name in kinds}
        self._durations = {name: Distribution() for name in _names("duration")}
        self._first_shown_s: float | None = None
        self._last_shown_s = 0.0

    def count(self, name: str, by: int = 1) -> None:
        """Raise a counter."""
        with self._lock:
            self._counts[name] += by

    def get(self, name: str) -> int:
        """Return one counter."""
        with self._lock:
            return self._counts[name]

    def error(self, error: BaseException) -> None:
        """Count an error under the name of its class."""
        with self._lock:
            self._kinds["errors"][type(error).__name__] += 1

    def measure(self, name: str, seconds: float) -> None:
        """Add a duration in seconds to one of the distributions, which report milliseconds."""
        with self._lock:
            self._durations[name].add(seconds * 1000)

    def shown(self, now_s: float) -> None:
        """Count a new frame shown at `now_s` (monotonic seconds)."""
        with self._lock:
            self._counts["frames_shown"] += 1
            if self._first_shown_s is None:
                self._first_shown_s = now_s
            self._last_shown_s = now_s

    def snapshot(self, moment: Mapping[str, float | None] | None = None) -> Snapshot:
        """Return what a live run counted so far, with newest values that the caller knows."""
        bounds_ms = [1000 * bound for bound in BOUNDS_S]
        with self._lock:
            found = {name: each.histogram(bounds_ms) for name, each in self._durations.items()}
            return Snapshot(
                {name: self._counts[name] for name in self._counts if "live" in FIGURES[name].by},
                {name: dict(counts) for name, counts in self._kinds.items()},
                {name: Histogram(each.counts, each.total / 1000) for name, each in found.items()},
                moment or {},
            )

    def report(self, command: Command = "live") -> dict[str, Any]:
        """Return every figure of a command as plain JSON types, as `--stats` writes them."""
        with self._lock:
            return {
                name: self._reported(figure)
                for name, figure in FIGURES.items()
                if command in figure.by and figure.kind != "cost"
            }

    def _reported(self, figure: Figure) -> Any:
        if figure.kind == "counter":
            return self._counts[figure.name]
        if figure.kind == "counter by kind":
            return dict(self._kinds[figure.name])
        if figure.kind == "rate":
            return self._fps_shown()
        return self._durations[figure.name].summary()

    def _fps_shown(self) -> float | None:
        if self._first_shown_s is None or self._last_shown_s <= self._first_shown_s:
            return None
        elapsed_s = self._last_shown_s - self._first_shown_s
        return round((self._counts["frames_shown"] - 1) / elapsed_s, 3)


Circuit = Literal["closed", "open", "half open"]
"""closed: the endpoint is asked; open: not for a while, because it fails; half open: one request is
under way to find out."""


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """What a live run is at, as far as it has come.

    Attributes:
        frames_per_s: Frames shown a second, over the last two seconds before `shown_at_s`.
        shown_at_s: When the last new frame was shown, monotonic seconds; None: none so far.
        mask_age_s: How much older than the frame its newest mask is, also one too old to be
            drawn; None before the first mask.
        round_trip_s: Seconds from asking for that mask to having it; None before the first mask.
        trouble: The endpoint's latest answer, in a sentence, if it was an error.
        circuit: Whether the endpoint is asked.
        calls_used_up: No call is allowed any more.
        lost_since_s: When the last picture came, monotonic seconds, if the source is lost and
            waited for.
        reconnects: How often the source came back.
        is_photo: Whether the source is a single picture, after which none is to come.
        turned_at_s: When the run's loop last went round, monotonic seconds; None while it does not
            run.
        capture_to_show_s: How old the frame shown last was when it was shown; None: none so far.
        is_hidden: Whether the picture shown last is hidden whole, for want of a mask to be trusted.
    """

    frames_per_s: float = 0.0
    shown_at_s: float | None = None
    mask_age_s: float | None = None
    round_trip_s: float | None = None
    trouble: str | None = None
    circuit: Circuit = "closed"
    calls_used_up: bool = False
    lost_since_s: float | None = None
    reconnects: int = 0
    is_photo: bool = False
    turned_at_s: float | None = None
    capture_to_show_s: float | None = None
    is_hidden: bool = False

    def moment(self) -> dict[str, float | None]:
        """Return the newest value of every figure that has one, by the figure's name."""
        return {
            figure.name: getattr(self, figure.key)
            for figure in FIGURES.values()
            if figure.kind in ("duration", "rate")
        }


class DropLog:
    """Logs how many things were dropped, at most once a second, so that a flood is one line."""

    def __init__(
        self,
        logger: logging.Logger,
        what: str,
        level: int = logging.WARNING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger
        self._level = level
        self._what = what
        self._clock = clock
        self._pending = 0
        self._last_s = clock()

    def add(self, dropped: int = 1) -> None:
        """Note `dropped` more; call it with 0 to let an overdue line out."""
        self._pending += dropped
        now_s = self._clock()
        if self._pending and now_s - self._last_s >= 1.0:
            elapsed_s = now_s - self._last_s
            self._logger.log(self._level, "%d %s in %.1f s", self._pending, self._what, elapsed_s)
            self._pending = 0
            self._last_s = now_s


def _names(kind: Kind) -> Iterator[str]:
    return (figure.name for figure in FIGURES.values() if figure.kind == kind)
