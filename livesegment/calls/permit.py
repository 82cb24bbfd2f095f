"""A request that is under way, and which of them seem lost."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

_FIRST_LATE_S = 2.0  # before any answer: a model that is loaded first takes its time
_LATE_S = 1.0
_LATE_TIMES = 4.0  # of the usual round trip
_LATE_PROBE_TIMES = 1.25


@dataclass(slots=True, eq=False)
class Permit:
    """A request under way.

    Attributes:
        round_trip_s: Seconds that it took, from the moment it was let go; 0 while it is under way.
        timeout_s: Seconds after which its answer is of no use; None: as long as the caller likes.
        step: How much smaller than usual its picture is to be; 0: not at all.
        is_free: Whether somebody else may have the permit.
        is_lost: Whether somebody else has it already, since no answer came for too long.
    """

    began_at_s: float
    era: int
    refusals: int
    is_trial: bool
    step: int = 0
    is_probe: bool = False
    is_sent: bool = False
    round_trip_s: float = 0.0
    timeout_s: float | None = None
    is_free: bool = False
    is_lost: bool = False


class UnderWay:
    """The requests under way. Used under its limiter's lock.

    Args:
        spare: How many that seem lost may be under way beside those that count.
    """

    def __init__(self, spare: int) -> None:
        self._spare = spare
        self._permits: list[Permit] = []

    @property
    def count(self) -> int:
        """How many there are, without those that seem lost."""
        return sum(not each.is_lost for each in self._permits)

    def all(self) -> list[Permit]:
        """Return all of them."""
        return list(self._permits)

    def add(self, permit: Permit) -> None:
        """Take in a request that goes."""
        self._permits.append(permit)

    def remove(self, permit: Permit) -> None:
        """Take in that a request has ended."""
        self._permits.remove(permit)

    def newly_lost(self, now_s: float, late_s: Callable[[Permit], float]) -> list[Permit]:
        """Return requests that have become late; they count no more.

        Args:
            now_s: The time.
            late_s: Returns after how many seconds a request is late.
        """
        late = [each for each in self._awaited() if now_s - each.began_at_s >= late_s(each)]
        late = late[: self._room()]
        for each in late:
            each.is_lost = True
        return late

    def next_late_s(self, now_s: float, late_s: Callable[[Permit], float]) -> float:
        """Return the seconds until the next of them becomes late; infinity: none ever does."""
        if self._room() == 0:
            return inf
        soonest_s = min((each.began_at_s + late_s(each) for each in self._awaited()), default=inf)
        return max(0.0, soonest_s - now_s)

    def _room(self) -> int:
        """Return how many more may seem lost."""
        return max(0, self._spare - len(self._permits) + self.count)

    def _awaited(self) -> list[Permit]:
        """Return those that are sent and do not seem lost."""
        return [each for each in self._permits if each.is_sent and not each.is_lost]


def late_after_s(round_trip_s: float, probe_wait_s: float | None) -> float:
    """Return after how many seconds without an answer a request is late.

    Args:
        round_trip_s: The usual one; 0: not known yet.
        probe_wait_s: Seconds until the next probe is due, of a probe; else None.
    """
    if probe_wait_s is not None:
        return max(probe_wait_s, _LATE_PROBE_TIMES * round_trip_s)
    return max(_LATE_S, _LATE_TIMES * round_trip_s) if round_trip_s else _FIRST_LATE_S
