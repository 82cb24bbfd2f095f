"""Percentiles and histograms of positive numbers, in bounded memory."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

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
