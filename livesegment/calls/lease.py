"""Calls that a camera's process may make out of what all cameras share."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from livesegment.calls.quota import Turns


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
        places: Requests that it may have under way at once.
        calls: Calls that it may make in addition to those it has; None: any number.
        until_s: When those calls lapse, monotonic seconds, which all processes share.
    """

    number: int
    places: int
    calls: int | None = None
    until_s: float = 0.0


class LeasedTurns(Turns):
    """Takes turns out of leases, and says ahead what it needs: no call waits for an answer.

    Args:
        own: What holds this camera's calls back besides.
        tell: Told what the camera needs, from any thread; it must not wait.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        own: Turns,
        tell: Callable[[Need], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own = own
        self._tell = tell
        self._clock = clock
        self._changed = threading.Condition()
        self._lease = Lease(0, 0)
        self._calls: deque[tuple[float, int]] = deque()  # until when, how many
        self._taken: dict[int, float] = {}  # by thread: until when its call might be made
        self._in_use = self._waiting = 0
        self._peak = self._made = 0  # requests at once, and calls, in this second
        self._rate = 0  # calls of the second before
        self._wants = self._wants_told = 0
        self._calls_asked = 0  # of those asked for, how many have not come

    def take_turn(self, stopping: threading.Event) -> bool:
        """Wait for a place and a call, and count them."""
        if not self._own.take_turn(stopping):
            return False
        with self._changed:
            self._waiting += 1
            self._say()
            self._changed.wait_for(lambda: stopping.is_set() or self._is_allowed())
            self._waiting -= 1
            if stopping.is_set():
                self._own.give_back()
                return False
            self._in_use += 1
            self._made += 1
            self._take_call()
            self._say()
        return True

    def give_back(self) -> None:
        """Take back a turn for which no call was made; in the thread that took it."""
        self._own.give_back()
        with self._changed:
            self._made -= 1
            if self._lease.calls is not None:
                self._calls.appendleft((self._taken[threading.get_ident()], 1))
        self.end_turn()

    def end_turn(self) -> None:
        """Let the next one have the place."""
        self._own.end_turn()
        with self._changed:
            self._in_use -= 1
            if self._in_use >= self._lease.places:
                self._say(is_place_free=True)
            self._changed.notify_all()

    def wake(self) -> None:
        """Let threads that wait see whether they are to stop."""
        self._own.wake()
        with self._changed:
            self._changed.notify_all()

    def obey(self, lease: Lease) -> None:
        """Go by a new lease from now on."""
        with self._changed:
            is_less = lease.places < self._lease.places
            self._lease = lease
            if lease.calls:
                self._calls.append((lease.until_s, lease.calls))
                self._calls_asked = max(0, self._calls_asked - lease.calls)
            if is_less:
                self._say(is_place_free=True)
            self._changed.notify_all()

    def note_second(self) -> None:
        """Take stock of the second that has passed."""
        with self._changed:
            self._wants = max(self._peak, self._in_use + self._waiting)
            self._rate = self._made
            self._peak = self._made = 0
            self._say(is_second_over=True)

    def _is_allowed(self) -> bool:
        return self._in_use < self._lease.places and (
            self._lease.calls is None or self._calls_left() > 0
        )

    def _calls_left(self) -> int:
        now_s = self._clock()
        while self._calls and self._calls[0][0] <= now_s:
            self._calls.popleft()
        return sum(count for _, count in self._calls)

    def _take_call(self) -> None:
        if self._lease.calls is not None:
            until_s, count = self._calls.popleft()
            self._taken[threading.get_ident()] = until_s
            if count > 1:
                self._calls.appendleft((until_s, count - 1))

    def _say(self, *, is_place_free: bool = False, is_second_over: bool = False) -> None:
        """Say what is needed if it matters now: to say less has time until the second is over."""
        now = self._in_use + self._waiting
        self._peak = max(self._peak, now)
        self._wants = max(self._wants, now)
        calls, is_short = self._calls_needed()
        if is_second_over:
            is_short = calls != self._calls_asked
        if is_place_free or is_short or self._wants != self._wants_told:
            self._wants_told, self._calls_asked = self._wants, calls
            self._tell(Need(self._lease.number, self._in_use, self._wants, calls))

    def _calls_needed(self) -> tuple[int, bool]:
        """Return how many calls are needed for the next second, and whether that is urgent."""
        if self._lease.calls is None:
            return 0, False
        wanted, left = max(self._rate, self._made) + self._waiting, self._calls_left()
        needed = max(0, wanted - left)
        return needed, needed > self._calls_asked and 2 * left <= wanted
