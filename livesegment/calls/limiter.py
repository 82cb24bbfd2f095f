"""Who may ask now: requests in flight, the quota, and one pause for everybody who asks."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from livesegment.calls.breaker import AskedPause, Breaker
from livesegment.calls.quota import Quota
from livesegment.calls.saturation import Saturation
from livesegment.errors import EndpointError

_NEW_SHARE = 0.2  # of the latest round trip in the running mean
_OF_EVEN = 0.9  # a little closer than even, so that a request that came back is not kept waiting
_BESIDES = 2  # threads that read a reply while others have the permit of its request


@dataclass(slots=True, eq=False)
class Permit:
    """A request under way.

    Attributes:
        round_trip_s: Seconds that it took, from the moment it was let go; 0 while it is under way.
        is_free: Whether somebody else may have the permit.
        changes_trouble: Whether with it the endpoint began to fail, or to answer again.
    """

    began_at_s: float
    era: int
    refusals: int
    is_trial: bool
    round_trip_s: float = 0.0
    is_free: bool = False
    changes_trouble: bool = False


class Limiter:
    """Admits the requests of a run, over all its files. All methods may be called anywhere.

    Whoever asks queues for a permit, first come, first served, so that the oldest frame is not
    overtaken. The head of the queue waits until fewer requests are in flight than may be, until a
    pause is over (see `Breaker`), and for a call of the quota; so a call is taken only when it is
    made at once.

    Args:
        in_flight: Requests at once; a Saturation finds the number by itself.
        quota: Says when a call is allowed; None: always.
        is_live: Whether only the newest frame counts, for as long as there are any: no request is
            made again, so every error makes everybody pause, and requests are spread evenly over
            the time that an answer takes: eight that are free at once would take eight frames in
            a row, and then none until the first answer.
        clock: Monotonic seconds.

    Attributes:
        has_given_masks: Whether any reply was a mask; set by whoever reads replies.
    """

    def __init__(
        self,
        in_flight: int | Saturation,
        quota: Quota | None = None,
        *,
        is_live: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.has_given_masks = False
        self._fixed = in_flight if isinstance(in_flight, int) else 0
        self._saturation = None if isinstance(in_flight, int) else in_flight
        self._quota = quota or Quota()
        self._breaker = Breaker(gives_up=not is_live, clock=clock)
        self._is_spread = is_live
        self._round_trip_s = 0.0  # a running mean
        self._next_s = -float("inf")  # when the next request is to go
        self._clock = clock
        self._lock = threading.Lock()
        self._queue: deque[threading.Condition] = deque()
        self._in_flight = 0
        self._quota.on_change = self.wake

    @property
    def limit(self) -> int:
        """Requests that may be under way now."""
        return self._fixed if self._saturation is None else self._saturation.limit

    @property
    def width(self) -> int:
        """How many threads can be of use: a few more than the limit may ever become."""
        most = self._fixed if self._saturation is None else self._saturation.largest
        return most + _BESIDES

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        with self._lock:
            return self._in_flight

    @property
    def has_answered(self) -> bool:
        """Whether any request has succeeded."""
        return self._breaker.has_answered

    @property
    def refusals_in_a_row(self) -> int:
        """How often the endpoint asked for patience since a request last succeeded."""
        return self._breaker.refusals_in_a_row

    @property
    def trouble(self) -> EndpointError | None:
        """The latest error, until a request that was sent after it succeeds."""
        return self._breaker.trouble

    @property
    def asked_pause(self) -> AskedPause | None:
        """The pause that the endpoint asked for, while it lasts."""
        asked = self._breaker.asked
        is_on = self.trouble is not None and asked is not None and self._clock() < asked.until_s
        return asked if is_on else None

    @contextmanager
    def permit(self, stopping: threading.Event) -> Iterator[Permit | None]:
        """Wait for a permit, hold it while the request is made, and learn from how that goes.

        Args:
            stopping: Ends the wait, together with `wake`.

        Yields:
            The permit, whose call the quota has counted; None when the calls are used up or the
            wait was ended.
        """
        permit = self._enter(stopping)
        if permit is None:
            yield None
            return
        raised: BaseException | None = None
        try:
            yield permit
        except BaseException as error:
            raised = error
            raise
        finally:
            self._leave(permit, raised)

    def begin(self, permit: Permit) -> None:
        """Count its round trip from now: there was something to wait for before it could go."""
        permit.began_at_s = self._clock()

    def arrived(self, permit: Permit) -> None:
        """Free the permit as soon as the reply has come, while its holder has still to read it."""
        self._leave(permit, None)

    def give_back(self, permit: Permit) -> None:
        """Free a permit for which no call was made."""
        with self._lock:
            permit.is_free = True
            self._quota.give_back()
            self._breaker.stayed(is_trial=permit.is_trial)
            self._in_flight -= 1
            self._wake_head()

    def try_now(self) -> None:
        """Let one request go in spite of a pause, because a person asks."""
        with self._lock:
            self._breaker.try_now()
            self._wake_head()

    def wake(self) -> None:
        """Have everybody who waits look again: to be called after `stopping` was set."""
        with self._lock:
            for waiter in self._queue:
                waiter.notify()

    def _enter(self, stopping: threading.Event) -> Permit | None:
        with self._lock:
            waiter = threading.Condition(self._lock)
            self._queue.append(waiter)
            try:
                while not (stopping.is_set() or self._quota.exhausted):
                    wait_s = self._hold_s(waiter)
                    if wait_s == 0:
                        self._quota.wanted(len(self._queue))
                        call_s = self._quota.try_take()
                        if call_s is None:
                            return None
                        if call_s == 0:
                            return self._admit()
                        wait_s = call_s
                    waiter.wait(min(wait_s, threading.TIMEOUT_MAX))
                return None
            finally:
                self._queue.remove(waiter)
                if not self._queue:
                    self._quota.wanted(0)
                self._wake_head()

    def _hold_s(self, waiter: threading.Condition) -> float:
        """Return how many seconds to wait; 0: it may go; infinity: until it is woken."""
        if self._queue[0] is not waiter or self._in_flight >= self.limit:
            return float("inf")
        hold_s = self._breaker.hold_s()
        if hold_s > 0:
            self._quota.wanted(0)
        return max(hold_s, self._next_s - self._clock())

    def _admit(self) -> Permit:
        self._in_flight += 1
        if self._is_spread:
            due_s = max(self._clock(), self._next_s)
            # With one request there is nothing to spread.
            spacing_s = _OF_EVEN * self._round_trip_s / self.limit if self.limit > 1 else 0.0
            self._next_s = due_s + spacing_s
        era = 0 if self._saturation is None else self._saturation.era
        return Permit(self._clock(), era, self._breaker.refusals, self._breaker.went())

    def _leave(self, permit: Permit, error: BaseException | None) -> None:
        with self._lock:
            if permit.is_free:
                return
            permit.is_free = True
            permit.round_trip_s = self._clock() - permit.began_at_s
            self._quota.ended()
            had_trouble = self.trouble is not None
            if error is None:
                self._answered(permit)
            elif isinstance(error, EndpointError):
                is_overload = self._breaker.failed(error, permit.refusals)
                if is_overload and self._saturation is not None:
                    self._saturation.refused(self._in_flight)
            permit.changes_trouble = had_trouble != (self.trouble is not None)
            self._in_flight -= 1
            self._wake_head()

    def _answered(self, permit: Permit) -> None:
        self._breaker.answered(permit.refusals, is_trial=permit.is_trial)
        if self._saturation is not None:
            self._saturation.replied(permit.round_trip_s, self._in_flight, permit.era)
        share = _NEW_SHARE if self._round_trip_s else 1.0
        self._round_trip_s += share * (permit.round_trip_s - self._round_trip_s)

    def _wake_head(self) -> None:
        if self._queue:
            self._queue[0].notify()
