"""What a camera has counted since the program began, for programs that watch over it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from livesegment.metrics import Histogram, Metrics

ROUND_TRIP_BOUNDS_S = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5),
    *(0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0),
)
"""Bounds of the histogram of round trips, in seconds."""


@dataclass(frozen=True, slots=True)
class Counters:
    """Numbers that only rise. Plain values, for `dataclasses.asdict`.

    Attributes:
        frames_captured: Frames read from the source.
        frames_shown: Frames shown, each counted once.
        frames_submitted: Frames sent to the model.
        frames_dropped: Frames not sent, because a newer one came.
        frames_unwritten: Frames that a recording was too slow to take.
        masks_received: Answers.
        masks_stale: Of these, later than a newer frame's.
        calls: Calls made.
        reconnects: How often the source came back.
        process_ends: How often the camera's process ended without being asked to.
        errors: Calls that failed, by the name of the error's class.
        round_trips: Seconds from asking for a mask to having it, between `ROUND_TRIP_BOUNDS_S`.
    """

    frames_captured: int = 0
    frames_shown: int = 0
    frames_submitted: int = 0
    frames_dropped: int = 0
    frames_unwritten: int = 0
    masks_received: int = 0
    masks_stale: int = 0
    calls: int = 0
    reconnects: int = 0
    process_ends: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    round_trips: Histogram = field(default_factory=Histogram)

    @classmethod
    def of(cls, metrics: Metrics, *, reconnects: int) -> "Counters":
        """Return what a run has counted, and how often its source came back."""
        counted = metrics.report()
        whole = {
            each.name: counted[each.name]
            for each in fields(cls)
            if each.name in counted and each.name not in {"errors", "reconnects"}
        }
        return cls(
            **whole,
            reconnects=reconnects,
            errors=counted["errors"],
            round_trips=metrics.histogram("round_trip_ms", ROUND_TRIP_BOUNDS_S),
        )

    @classmethod
    def unpacked(cls, sent: Mapping[str, Any]) -> "Counters":
        """Return the counters whose `asdict` was sent as JSON."""
        trips = sent["round_trips"]
        histogram = Histogram(tuple(trips["counts"]), trips["total"])
        return cls(**{**sent, "round_trips": histogram})

    def plus(self, other: "Counters") -> "Counters":
        """Return both one's numbers added up."""
        whole = {
            each.name: getattr(self, each.name) + getattr(other, each.name)
            for each in fields(self)
            if each.name not in {"errors", "round_trips"}
        }
        return Counters(
            **whole,
            errors=dict(Counter(self.errors) + Counter(other.errors)),
            round_trips=self.round_trips.plus(other.round_trips),
        )
