"""Shares requests in flight and calls per hour among cameras, fairly and never too many."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from livesegment.calls.lease import Lease, Need
from livesegment.monitor.call_ledger import CallLedger

CALL_TERM_S = 5.0
"""Calls that were not made by then lapse."""

PERMIT_TERM_S = 0.5
"""Where fewer requests may be in flight than cameras want, permits are handed on after this."""

_HOUR_S = 3600.0
_SLACK_S = 1.0  # leases may be told late, and no two calls are to be an hour apart to the dot


SendLease = Callable[[Lease], None]


@dataclass
class _Member:
    need: Need
    told: Lease
    send: SendLease
    most_in_use: int = 0  # requests that may be under way, whatever it was told since
    goal: int = 0
    has_extra: bool = False
    extra_since_s: float | None = None
    in_line: int = 0  # the lowest number has waited longest

    @property
    def held(self) -> int:
        """Requests in flight that nobody else can have."""
        return max(self.told.in_flight, self.most_in_use)


class Coordinator:
    """Says what each camera may do. Leases are small and handed on, so that nobody starves.

    A permit is somebody else's only when its camera has confirmed that it is free, or is gone: so
    there are never more requests in flight than allowed. Calls are given out evenly over the hour,
    and counted as made when they are given: so there are never more in any hour than allowed,
    whatever becomes of those who got them.

    Args:
        in_flight: Requests at once.
        calls_per_hour: Calls within any hour; None: any number.
        clock: Monotonic seconds, as an event loop counts them.
        has_loop: Whether it belongs to an event loop, in which it settles whenever something
            changes and sends what changed; else it is for whoever owns it to `settle`.
        ledger: Remembers beyond the process when the next call is allowed; None: nobody does.
    """

    def __init__(
        self,
        in_flight: int,
        calls_per_hour: int | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        has_loop: bool = True,
        ledger: CallLedger | None = None,
    ) -> None:
        self._clock = clock
        self._ledger = ledger
        self._has_loop = has_loop
        self._timer: asyncio.TimerHandle | None = None
        self._members: dict[str, _Member] = {}
        self._due_s = -float("inf")
        self._next_calls: list[str] = []  # whose call is next
        self._last_in_line = 0
        self._allow(in_flight, calls_per_hour)
        if self._is_limited and ledger is not None:
            # No later than after the most calls at once: the clock, or the limit, may have changed.
            latest_s = clock() + self._ahead_s + self._spacing_s
            self._due_s = min(latest_s, ledger.due_s())

    def change(self, in_flight: int, calls_per_hour: int | None) -> None:
        """Allow more or less from now on."""
        self._allow(in_flight, calls_per_hour)
        self._tell()

    def _allow(self, in_flight: int, calls_per_hour: int | None) -> None:
        self._in_flight = in_flight
        self._is_limited = calls_per_hour is not None
        self._all_have_to_know = True
        if calls_per_hour is None:
            return
        # The generic cell rate algorithm (ITU-T I.371): within any T seconds it lets through at
        # most burst + T / spacing. T is an hour and the time for which calls may be kept.
        burst = max(1, calls_per_hour // 3600)
        self._spacing_s = (_HOUR_S + CALL_TERM_S + _SLACK_S) / (calls_per_hour - burst + 1)
        self._ahead_s = (burst - 1) * self._spacing_s

    def join(self, name: str, send: SendLease = lambda _: None) -> None:
        """Begin to share with a camera, which is sent its leases."""
        self._members[name] = _Member(Need(), Lease(0, 0, None), send)
        if name not in self._next_calls:
            self._next_calls.append(name)
        self._tell()

    def leave(self, name: str) -> None:
        """Share no more with a camera whose requests have all ended. May be called twice."""
        self._members.pop(name, None)
        self._tell()

    def forget(self, name: str) -> None:
        """Give up the place in line of a camera that will not come back."""
        self.leave(name)
        if name in self._next_calls:
            self._next_calls.remove(name)

    def hear(self, name: str, need: Need) -> None:
        """Take in what a camera could use, and what it has under way."""
        member = self._members.get(name)
        if member is None:
            return
        member.need = need
        if need.number == member.told.number:
            member.most_in_use = need.in_use
        self._tell()

    def close(self) -> None:
        """Send nothing more."""
        if self._is_limited and self._ledger is not None:
            self._ledger.close(self._due_s)
        self._members.clear()
        if self._timer is not None:
            self._timer.cancel()

    def settle(self) -> dict[str, Lease]:
        """Return a new lease for every camera whose lease has changed."""
        permits, calls = self._permit_changes(), self._call_grants()
        until_s = self._clock() + CALL_TERM_S
        changed = {}
        for name, member in self._members.items():
            is_new = member.told.number == 0 or self._all_have_to_know
            if not (is_new or name in permits or name in calls):
                continue
            count = permits.get(name, member.told.in_flight)
            given = calls.get(name, 0) if self._is_limited else None
            # Until it confirms, it may have as many under way as it was allowed before.
            member.most_in_use = member.held
            member.told = Lease(member.told.number + 1, count, given, until_s)
            changed[name] = member.told
        self._all_have_to_know = False
        return changed

    @property
    def next_at_s(self) -> float | None:
        """When to settle again, monotonic seconds, though nobody says anything; None: not so."""
        moments = [
            member.extra_since_s + PERMIT_TERM_S
            for member in self._members.values()
            if member.has_extra and member.extra_since_s is not None
        ]
        if self._is_limited and any(member.need.calls for member in self._members.values()):
            moments.append(self._due_s - self._ahead_s)
        return min(moments, default=None)

    def _tell(self) -> None:
        """Send every camera its lease if that has changed."""
        if not self._has_loop:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for name, lease in self.settle().items():
            self._members[name].send(lease)
        next_at_s = self.next_at_s
        if next_at_s is not None:
            # The loop's clock is ours, but its timers may be early by its resolution.
            at_s = next_at_s + 0.001
            self._timer = asyncio.get_running_loop().call_at(at_s, self._tell)

    def _permit_changes(self) -> dict[str, int]:
        """Return the requests in flight of every camera for which their number changes."""
        now_s = self._clock()
        self._set_goals(now_s)
        free = self._in_flight - sum(member.held for member in self._members.values())
        changes = {}
        line = sorted(self._members.items(), key=lambda each: each[1].in_line)
        for name, member in line:
            permits = member.told.in_flight
            # What it holds beyond its lease is its own to use again.
            available = max(0, free) + member.held - permits
            count = min(member.goal, permits + available)
            free -= max(0, count - member.held)
            if member.has_extra and count == member.goal and member.extra_since_s is None:
                member.extra_since_s = now_s
            if count != permits:
                changes[name] = count
        return changes

    def _set_goals(self, now_s: float) -> None:
        """Share out the permits: evenly, and what is left over one after the other."""
        members = self._members.values()
        for member in members:
            member.goal = 0
        left = self._in_flight
        while (takers := [each for each in members if each.goal < each.need.wants]) and (
            left >= len(takers)
        ):
            for member in takers:
                member.goal += 1
            left -= len(takers)

        def rank(member: _Member) -> tuple[int, int]:
            since_s = member.extra_since_s
            is_in_term = member.has_extra and (since_s is None or now_s < since_s + PERMIT_TERM_S)
            return 0 if is_in_term else 2 if member.has_extra else 1, member.in_line

        chosen = sorted(takers, key=rank)[:left]
        for member in sorted(members, key=lambda each: each.in_line):
            has_extra = any(member is each for each in chosen)
            if member.has_extra and not has_extra:
                self._last_in_line += 1
                member.in_line = self._last_in_line
            since_s = member.extra_since_s
            is_over = since_s is not None and now_s >= since_s + PERMIT_TERM_S
            if not has_extra or is_over:
                member.extra_since_s = None
            member.has_extra = has_extra
            member.goal += has_extra

    def _call_grants(self) -> dict[str, int]:
        """Return how many calls each camera gets now, one after the other."""
        grants: dict[str, int] = {}
        if not self._is_limited:
            return grants
        now_s = self._clock()
        wanted = {name: each.need.calls for name, each in self._members.items()}
        while self._due_s - self._ahead_s <= now_s:
            name = next((each for each in self._next_calls if wanted.get(each, 0) > 0), None)
            if name is None:
                break
            self._next_calls.remove(name)
            self._next_calls.append(name)
            wanted[name] -= 1
            grants[name] = grants.get(name, 0) + 1
            self._due_s = max(self._due_s, now_s) + self._spacing_s
        if grants and self._ledger is not None:
            self._ledger.note(self._due_s)
        for name in grants:
            member = self._members[name]
            need = member.need
            member.need = Need(need.number, need.in_use, need.wants, wanted[name])
        return grants
