"""Calls that a camera's process may make out of what all cameras share."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from livesegment.calls.quota import Quota


@dataclass(frozen=True, slots=True)
class Need:
    """What a camera could use now.

    Attributes:
        number: The newest lease that it obeys; 0: none yet.
        in_use: Requests that it has under way.
        wants: Requests that it could keep under way.
        calls: Calls that it would like to get in addition to those it has.
    """

    number: int = 0
    in_use: int = 0
    wants: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Lease:
    """What a camera may do from now on, until the next lease.

    Attributes:
        number: Rises from lease to lease.
        in_flight: Requests that it may have under way at once.
        calls: Calls that it may make in addition to those it has; None: any number.
        until_s: When those calls lapse, monotonic seconds, which all processes share.
    """

    number: int
    in_flight: int
    calls: int | None = None
    until_s: float = 0.0


class LeasedQuota(Quota):
    """Takes calls out of leases, and says ahead what it needs: no call waits for an answer.

    Args:
        tell: Told what the camera needs, from any thread; it must not wait.
        max_calls: Calls that this camera is allowed in all; None: any number.
        calls_per_s: Calls that this camera is allowed a second; None: any number.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        tell: Callable[[Need], None],
        max_calls: int | None = None,
        calls_per_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(max_calls, calls_per_s, clock)
        self._tell = tell
        self._lease = Lease(0, 0)
        self._leased: deque[tuple[float, int]] = deque()  # calls: until when, how many
        self._taken: dict[int, float] = {}  # by thread: until when its call might be made
        self._in_use = self._waiting = 0
        self._peak = self._made = 0  # requests at once, and calls, in this second
        self._rate = 0  # calls of the second before
        self._wants = self._wants_told = 0
        self._calls_asked = 0  # of those asked for, how many have not come

    def wanted(self, calls: int) -> None:
        """Take note of how many calls would be made now if they were allowed."""
        with self._lock:
            # At a rate of its own it makes them one after the other.
            self._waiting = min(calls, 1) if self._spacing_s else calls

    def try_take(self) -> float | None:
        """Count a call, and a request in flight, if both are allowed now."""
        with self._lock:
            if (wait_s := self._wait_s()) != 0:
                self._waiting = 0
                return wait_s
            self._say()
            if not self._is_allowed():
                return inf
            self._waiting = max(0, self._waiting - 1)
            self._in_use += 1
            self._made += 1
            self._take_call()
            self._say()
            return super().try_take()

    def give_back(self) -> None:
        """Take back a call that was not made; in the thread that took it."""
        with self._lock:
            super().give_back()
            self._made -= 1
            until_s = self._taken.pop(threading.get_ident(), None)
            if until_s is not None:
                self._leased.appendleft((until_s, 1))
            self.ended()

    def ended(self) -> None:
        """Let the next request go."""
        with self._lock:
            self._in_use -= 1
            if self._in_use >= self._lease.in_flight:
                self._say(is_free=True)

    def obey(self, lease: Lease) -> None:
        """Go by a new lease from now on."""
        with self._lock:
            is_less = lease.in_flight < self._lease.in_flight
            self._lease = lease
            if lease.calls:
                self._leased.append((lease.until_s, lease.calls))
                self._calls_asked = max(0, self._calls_asked - lease.calls)
            if is_less:
                self._say(is_free=True)
        self.on_change()

    def note_second(self) -> None:
        """Take stock of the second that has passed."""
        with self._lock:
            self._wants = max(self._peak, self._in_use + self._waiting)
            self._rate = self._made
            self._peak = self._made = 0
            self._say(is_second_over=True)

    def _is_allowed(self) -> bool:
        return self._in_use < self._lease.in_flight and (
            self._lease.calls is None or self._calls_left() > 0
        )

    def _calls_left(self) -> int:
        now_s = self._clock()
        while self._leased and self._leased[0][0] <= now_s:
            self._leased.popleft()
        return sum(count for _, count in self._leased)

    def _take_call(self) -> None:
        if self._lease.calls is None:
            self._taken.pop(threading.get_ident(), None)
            return
        until_s, count = self._leased.popleft()
        self._taken[threading.get_ident()] = until_s
        if count > 1:
            self._leased.appendleft((until_s, count - 1))

    def _say(self, *, is_free: bool = False, is_second_over: bool = False) -> None:
        """Say what is needed if it matters now: to say less has time until the second is over."""
        now = self._in_use + self._waiting
        self._peak = max(self._peak, now)
        self._wants = max(self._wants, now)
        calls, is_short = self._calls_needed()
        if is_second_over:
            is_short = calls != self._calls_asked
        if is_free or is_short or self._wants != self._wants_told:
            self._wants_told, self._calls_asked = self._wants, calls
            self._tell(Need(self._lease.number, self._in_use, self._wants, calls))

    def _calls_needed(self) -> tuple[int, bool]:
        """Return how many calls are needed for the next second, and whether that is urgent."""
        if self._lease.calls is None:
            return 0, False
        wanted, left = max(self._rate, self._made) + self._waiting, self._calls_left()
        needed = max(0, wanted - left)
        return needed, needed > self._calls_asked and 2 * left <= wanted
