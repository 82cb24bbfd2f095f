"""What finds how many requests may be under way."""

from typing import Protocol


class LimitSearch(Protocol):
    """Finds how many requests may be under way; see `Saturation`, whose methods these are."""

    @property
    def limit(self) -> int: ...  # noqa: D102
    @property
    def largest(self) -> int: ...  # noqa: D102
    @property
    def step(self) -> int: ...  # noqa: D102
    @property
    def era(self) -> int: ...  # noqa: D102
    def replied(self, round_trip_s: float, in_flight: int, era: int) -> None: ...  # noqa: D102
    def refused(self, in_flight: int) -> None: ...  # noqa: D102
