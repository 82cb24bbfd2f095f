"""How many requests are under way at once: one limit and one pause for everybody who asks."""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from livesegment.backoff import Backoff
from livesegment.calls.saturation import Saturation
from livesegment.errors import EndpointBusy, EndpointTimeout

PAUSES = Backoff(max_wait_s=60.0)

_BESIDES = 2  # threads that read a reply while others have taken the place of its request


class Ration(Protocol):
    """Says how many calls may be made, and when: a CallMeter, in this process or in another."""

    @property
    def exhausted(self) -> bool:
        """Whether no call is allowed any more."""

    def try_turn(self) -> float | None:
        """Count a call if it is allowed now.

        Returns:
            0 if it is counted, else the seconds until it may be; None when the calls are used up.
        """


@dataclass(slots=True, eq=False)
class Place:
    """A request under way.

    Attributes:
        round_trip_s: Seconds that it took, from the moment it was let go; 0 while it is under way.
        is_free: Whether somebody else may have the place.
    """

    entered_at_s: float
    era: int
    refusals: int
    round_trip_s: float = 0.0
    is_free: bool = False


class Flight:
    """The places for requests of a run, over all its files. All methods may be called anywhere.

    Whoever asks queues for a place, first come, first served, so that the oldest frame is not
    overtaken. The head of the queue waits for three things: a free place, the end of a pause, and
    a turn of the call meter; so a turn is taken only when the call is made at once.

    When the endpoint asks for patience (429, 502, 503, 504), everybody pauses until what it asked
    for with `Retry-After` has passed, or longer with every refusal in a row where it does not
    say. Requests that were under way then count as the same refusal. Being told to come back
    after an hour or more does not pause the run: the error ends it.

    Args:
        limit: Requests at once; a Saturation finds the number by itself.
        clock: Monotonic seconds.
    """

    def __init__(
        self, limit: int | Saturation, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fixed = limit if isinstance(limit, int) else 0
        self._saturation = None if isinstance(limit, int) else limit
        self._clock = clock
        self._lock = threading.Lock()
        self._queue: deque[threading.Condition] = deque()
        self._in_flight = 0
        self._resume_at_s = -float("inf")
        self._refusals = 0
        self._refusals_in_a_row = 0
        self._has_answered = False

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
        return self._has_answered

    @property
    def refusals_in_a_row(self) -> int:
        """How often the endpoint asked for patience since a request last succeeded."""
        return self._refusals_in_a_row

    @contextmanager
    def place(self, meter: Ration, stopping: threading.Event) -> Iterator[Place | None]:
        """Wait for a place, hold it while the request is made, and learn from how that goes.

        Args:
            meter: Says when a call is allowed; it has counted the call once a place is given.
            stopping: Ends the wait, together with `wake`.

        Yields:
            The place; None when the calls are used up or the wait was ended.
        """
        place = self._enter(meter, stopping)
        if place is None:
            yield None
            return
        raised: BaseException | None = None
        try:
            yield place
        except BaseException as error:
            raised = error
            raise
        finally:
            self._leave(place, raised)

    def arrived(self, place: Place) -> None:
        """Free the place as soon as the reply has come, while its holder has still to read it."""
        self._leave(place, None)

    def wake(self) -> None:
        """Have everybody who waits look again: to be called after `stopping` was set."""
        with self._lock:
            for waiter in self._queue:
                waiter.notify()

    def _enter(self, meter: Ration, stopping: threading.Event) -> Place | None:
        with self._lock:
            waiter = threading.Condition(self._lock)
            self._queue.append(waiter)
            try:
                while not (stopping.is_set() or meter.exhausted):
                    wait_s = self._hold_s(waiter)
                    if wait_s == 0:
                        wait_s = meter.try_turn()
                        if wait_s is None:
                            return None
                        if wait_s == 0:
                            return self._admit()
                    waiter.wait(wait_s)
                return None
            finally:
                self._queue.remove(waiter)
                self._wake_head()

    def _hold_s(self, waiter: threading.Condition) -> float | None:
        """Return how many seconds to wait; 0: it may go; None: until it is woken."""
        if self._queue[0] is not waiter or self._in_flight >= self.limit:
            return None
        return min(max(0.0, self._resume_at_s - self._clock()), threading.TIMEOUT_MAX)

    def _admit(self) -> Place:
        self._in_flight += 1
        era = 0 if self._saturation is None else self._saturation.era
        return Place(self._clock(), era, self._refusals)

    def _leave(self, place: Place, error: BaseException | None) -> None:
        with self._lock:
            if place.is_free:
                return
            place.is_free = True
            place.round_trip_s = self._clock() - place.entered_at_s
            if error is None:
                self._has_answered = True
                self._refusals_in_a_row = 0
                if self._saturation is not None:
                    self._saturation.replied(place.round_trip_s, self._in_flight, place.era)
            elif isinstance(error, EndpointBusy | EndpointTimeout):
                self._refused(place, error)
            self._in_flight -= 1
            self._wake_head()

    def _refused(self, place: Place, error: EndpointBusy | EndpointTimeout) -> None:
        is_news = place.refusals == self._refusals
        if is_news:
            self._refusals += 1
            if self._saturation is not None:
                self._saturation.refused(self._in_flight)
        if isinstance(error, EndpointTimeout):
            return
        self._refusals_in_a_row += is_news
        asked_s = error.retry_after_s
        says_nothing_new = asked_s is None and not is_news
        if says_nothing_new or (asked_s is not None and asked_s > PAUSES.max_retry_after_s):
            return
        pause_s = PAUSES.pause_s(error, max(1, self._refusals_in_a_row), share=random.random())
        self._resume_at_s = max(self._resume_at_s, self._clock() + pause_s)

    def _wake_head(self) -> None:
        if self._queue:
            self._queue[0].notify()
