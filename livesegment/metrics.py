"""Counters and distributions of a run, in bounded memory."""

import logging
import math
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

_GROWTH = 1.01


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values fell between bounds, of any number of runs that have the same bounds.

    Attributes:
        counts: Values up to each bound and above the one before; the last: above all bounds.
        total: Sum of all values.
    """

    counts: tuple[int, ...] = ()
    total: float = 0.0

    def plus(self, other: "Histogram") -> "Histogram":
        """Return the histogram of both one's values; an empty one changes nothing."""
        if not self.counts or not other.counts:
            return self if self.counts else other
        counts = tuple(
            mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)
        )
        return Histogram(counts, self.total + other.total)


class Distribution:
    """Percentiles of a stream of positive numbers, within 0.5%, in memory that does not grow.

    Numbers are counted in buckets whose bounds grow by 1%; the maximum is exact.
    Source: the idea of HdrHistogram (Tene, 2012), with logarithmic buckets.
    """

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self._count = 0
        self._max = 0.0
        self._sum = 0.0

    def add(self, value: float) -> None:
        """Count one value; values below 0.001 count as 0.001."""
        self._buckets[round(math.log(max(value, 1e-3), _GROWTH))] += 1
        self._count += 1
        self._sum += value
        self._max = max(self._max, value)

    def percentile(self, percent: float) -> float | None:
        """Return the value that `percent` of all values do not exceed; None without values."""
        wanted = math.ceil(self._count * percent / 100)
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return min(_GROWTH**bucket, self._max)
        return None

    def histogram(self, bounds: Sequence[float]) -> Histogram:
        """Return how many values fell between bounds, which rise."""
        counts = [0] * (len(bounds) + 1)
        for bucket, count in self._buckets.items():
            counts[bisect_left(bounds, _GROWTH**bucket)] += count
        return Histogram(tuple(counts), self._sum)

    def summary(self) -> dict[str, float | None]:
        """Return p50, p95 and max, rounded to 0.01; None where nothing was counted."""
        p50, p95 = self.percentile(50), self.percentile(95)
        maximum = self._max if self._count else None
        return {
            name: None if value is None else round(value, 2)
            for name, value in (("p50", p50), ("p95", p95), ("max", maximum))
        }


class Metrics:
    """What a run counted. All methods may be called from any thread."""

    _COUNTERS = (
        "frames_captured",
        "frames_shown",
        "frames_submitted",
        "frames_dropped",
        "frames_unwritten",
        "frames_hidden",
        "masks_received",
        "masks_stale",
        "calls",
        "reconnects",
        "events",
        "events_lost",
    )
    _DISTRIBUTIONS = ("mask_age_ms", "round_trip_ms", "capture_to_show_ms")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._distributions = {name: Distribution() for name in self._DISTRIBUTIONS}
        self._first_shown_s: float | None = None
        self._last_shown_s = 0.0

    def count(self, name: str, by: int = 1) -> None:
        """Raise a counter by its name; one that `report` does not list can be had with `get`."""
        with self._lock:
            self._counts[name] += by

    def get(self, name: str) -> int:
        """Return one counter."""
        with self._lock:
            return self._counts[name]

    def error(self, error: BaseException) -> None:
        """Count an error under the name of its class."""
        with self._lock:
            self._errors[type(error).__name__] += 1

    def measure(self, name: str, seconds: float) -> None:
        """Add a duration in seconds to one of the distributions, which report milliseconds."""
        with self._lock:
            self._distributions[name].add(seconds * 1000)

    def shown(self, now_s: float) -> None:
        """Count a new frame shown at `now_s` (monotonic seconds)."""
        with self._lock:
            self._counts["frames_shown"] += 1
            if self._first_shown_s is None:
                self._first_shown_s = now_s
            self._last_shown_s = now_s

    def histogram(self, name: str, bounds_s: Sequence[float]) -> Histogram:
        """Return how many durations of a distribution fell between bounds; its total is in s."""
        with self._lock:
            found = self._distributions[name].histogram([1000 * bound for bound in bounds_s])
        return Histogram(found.counts, found.total / 1000)

    def report(self) -> dict[str, Any]:
        """Return everything as plain JSON types; see the README for what each figure means."""
        with self._lock:
            report: dict[str, Any] = {name: self._counts[name] for name in self._COUNTERS}
            report["errors"] = dict(self._errors)
            report["fps_shown"] = self._fps_shown()
            for name, distribution in self._distributions.items():
                report[name] = distribution.summary()
            return report

    def _fps_shown(self) -> float | None:
        if self._first_shown_s is None or self._last_shown_s <= self._first_shown_s:
            return None
        elapsed_s = self._last_shown_s - self._first_shown_s
        return round((self._counts["frames_shown"] - 1) / elapsed_s, 3)


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
        calls_used_up: No call is allowed any more.
        lost_since_s: When the last picture came, monotonic seconds, if the source is lost and
            waited for.
        reconnects: How often the source came back.
        is_photo: Whether the source is a single picture, after which none is to come.
        turned_at_s: When the run's loop last went round, monotonic seconds; None while it does not
            run.
    """

    frames_per_s: float = 0.0
    shown_at_s: float | None = None
    mask_age_s: float | None = None
    round_trip_s: float | None = None
    trouble: str | None = None
    calls_used_up: bool = False
    lost_since_s: float | None = None
    reconnects: int = 0
    is_photo: bool = False
    turned_at_s: float | None = None


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
