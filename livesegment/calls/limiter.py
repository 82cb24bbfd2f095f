"""Who may ask now: requests in flight, the quota, and one pause for everybody who asks."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from math import inf

from livesegment.calls.asked_pause import AskedPause
from livesegment.calls.breaker import Breaker, GivingUp
from livesegment.calls.circuit import NeverGivingUp
from livesegment.calls.limit_search import LimitSearch
from livesegment.calls.permit import Permit, UnderWay, late_after_s
from livesegment.calls.quota import Quota
from livesegment.calls.spacing import Spacing
from livesegment.duration import in_words
from livesegment.errors import EndpointError, EndpointTimeout
from livesegment.metrics import Circuit

_BESIDES = 2  # threads that read a reply while others have the permit of its request
_PROBE_S = 2.0  # a probe is waited for: an endpoint that restarts may be slow at first


class Limiter:
    """Admits the requests of a run, over all its files. All methods may be called anywhere.

    Whoever asks queues for a permit, first come, first served, so that the oldest frame is not
    overtaken. The head of the queue waits until fewer requests are in flight than may be, until a
    pause is over (see `Breaker`), and for a call of the quota; so a call is taken only when it is
    made at once. Of those who give up, the first request goes alone: what it meets, others would
    meet as well.

    Args:
        in_flight: Requests at once; a search, such as Saturation, finds the number by itself.
        quota: Says when a call is allowed; None: always.
        is_live: Whether only the newest frame counts, for as long as there are any: no request is
            made again, so every error makes everybody pause, and requests are spread evenly over
            the time that an answer takes; see `Spacing`.
        spare: Requests that may be under way beyond `in_flight` where earlier ones seem lost: an
            endpoint that has become silent is asked all the same. 0: none, each is waited for.
        useful_s: Returns how old a picture may be when its answer comes; later ones are trouble.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        in_flight: int | LimitSearch,
        quota: Quota | None = None,
        *,
        is_live: bool = False,
        spare: int = 0,
        useful_s: Callable[[], float] = lambda: inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._has_given_masks = False
        self._unread: set[Permit] = set()
        self._fixed = in_flight if isinstance(in_flight, int) else 0
        self._search = None if isinstance(in_flight, int) else in_flight
        self._spare = spare
        self._useful_s = useful_s
        self._quota = quota or Quota()
        self._breaker: Breaker = NeverGivingUp(clock) if is_live else GivingUp(clock)
        self._spacing = Spacing(is_even=is_live)
        self._answered_at_s = -inf
        self._clock = clock
        self._lock = threading.Lock()
        self._queue: deque[threading.Condition] = deque()
        self._under_way = UnderWay(spare)
        self._quota.on_change = self.wake

    @property
    def limit(self) -> int:
        """Requests that may be under way now."""
        return self._fixed if self._search is None else self._search.limit

    @property
    def width(self) -> int:
        """How many threads can be of use: a few more than the limit may ever become."""
        most = self._fixed if self._search is None else self._search.largest
        return most + _BESIDES + self._spare

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        with self._lock:
            return self._under_way.count

    def under_way(self) -> list[Permit]:
        """Return the requests under way, those that seem lost too, in the order of asking."""
        with self._lock:
            return self._under_way.all()

    @property
    def circuit(self) -> Circuit:
        """Whether requests go, or one at a time finds out whether they may."""
        return self._breaker.circuit

    @property
    def refused_to_all(self) -> EndpointError | None:
        """The error that everybody would meet who asks, to be raised; None: there is none."""
        return copy(self._breaker.refused_to_all)

    @property
    def has_answered(self) -> bool:
        """Whether any request has succeeded."""
        return self._breaker.has_answered

    @property
    def gives_masks(self) -> bool:
        """Whether any reply was a mask, or is still being read and may be one."""
        with self._lock:
            return self._has_given_masks or bool(self._unread)

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

    def outage(self) -> str:
        """Return how the outage goes on that there is, in words; empty: there is none."""
        asked, circuit = self.asked_pause, self.circuit
        if asked is not None:
            return f"{asked.sentence}, {asked.remainder(self._clock())}"
        if circuit == "open":
            return f"tried again in {in_words(max(1.0, self._breaker.hold_s()))}"
        return "being tried" if circuit == "half open" else ""

    @contextmanager
    def permit(self, stopping: threading.Event) -> Iterator[Permit | None]:
        """Wait for a permit, hold it while the request is made, and learn from how that goes.

        Args:
            stopping: Ends the wait, together with `wake`.

        Yields:
            The permit, whose call the quota has counted; None when the calls are used up, the
            wait was ended, or nobody need ask any more (see `refused_to_all`).
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
        with self._lock:
            permit.began_at_s = self._clock()
            permit.is_sent = True
            permit.timeout_s = self._timeout_s(permit)
            self._wake_head()

    def arrived(self, permit: Permit) -> None:
        """Free the permit as soon as the reply has come, while its holder has still to read it.

        The holder says with `was_read` what it is.
        """
        with self._lock:
            self._unread.add(permit)
        self._leave(permit, None)

    def was_read(self, permit: Permit, *, is_mask: bool) -> None:
        """Note whether the reply to a request, if there was one, is a mask."""
        with self._lock:
            self._unread.discard(permit)
            self._has_given_masks |= is_mask

    def give_back(self, permit: Permit) -> None:
        """Free a permit for which no call was made."""
        with self._lock:
            permit.is_free = True
            self._quota.give_back()
            self._breaker.stayed(is_trial=permit.is_trial)
            self._under_way.remove(permit)
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
                while not (stopping.is_set() or self._is_over()):
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

    def _is_over(self) -> bool:
        return self._quota.exhausted or self._breaker.refused_to_all is not None

    def _hold_s(self, waiter: threading.Condition) -> float:
        """Return how many seconds to wait; 0: it may go; infinity: until it is woken."""
        if self._queue[0] is not waiter:
            return inf
        self._notice_silence()
        if not self._has_room():
            return self._under_way.next_late_s(self._clock(), self._late_s)
        hold_s = self._breaker.hold_s()
        if hold_s > 0:
            self._quota.wanted(0)
        return max(hold_s, self._spacing.hold_s(self._clock()))

    def _has_room(self) -> bool:
        breaker, count = self._breaker, self._under_way.count
        return breaker.tries_now or count < (1 if breaker.asks_alone else self.limit)

    def _notice_silence(self) -> None:
        """Give up requests that are late, and with them the endpoint if it has become silent."""
        for permit in self._under_way.newly_lost(self._clock(), self._late_s):
            if self._answered_at_s <= permit.began_at_s:
                late_s = self._clock() - permit.began_at_s
                error = EndpointTimeout(f"the endpoint has not answered for {late_s:.1f} s")
                self._breaker.became_silent(error, permit.refusals)

    def _late_s(self, permit: Permit) -> float:
        return late_after_s(
            self._spacing.round_trip_s, self._breaker.next_wait_s if permit.is_probe else None
        )

    def _timeout_s(self, permit: Permit) -> float | None:
        """Return how long an answer is of use; the first one says that there is somebody at all."""
        if not self._breaker.has_answered:
            return None
        if permit.is_probe:
            return max(_PROBE_S, self._breaker.next_wait_s, 2 * self._spacing.round_trip_s)
        useful_s = self._useful_s()
        return None if useful_s == inf else useful_s

    def _admit(self) -> Permit:
        self._spacing.went(self._clock(), self.limit)
        is_probe = self._breaker.circuit != "closed"
        permit = Permit(
            self._clock(),
            era=0 if self._search is None else self._search.era,
            refusals=self._breaker.refusals,
            is_trial=self._breaker.went(),
            step=0 if self._search is None else self._search.step,
            is_probe=is_probe,
        )
        self._under_way.add(permit)
        return permit

    def _leave(self, permit: Permit, error: BaseException | None) -> None:
        with self._lock:
            if permit.is_free:
                return
            permit.is_free = True
            permit.round_trip_s = self._clock() - permit.began_at_s
            self._quota.ended()
            if error is None:
                self._answered(permit)
            elif isinstance(error, EndpointError) and not permit.is_lost:
                is_overload = self._breaker.failed(error, permit.refusals)
                if is_overload and self._search is not None:
                    self._search.refused(self._under_way.count)
            self._under_way.remove(permit)
            self._wake_head()

    def _answered(self, permit: Permit) -> None:
        now_s = self._answered_at_s = self._clock()
        if permit.round_trip_s > self._useful_s():
            text = f"answers take {permit.round_trip_s:.1f} s, too long to be drawn (--mask-ttl)"
            self._breaker.answered_too_late(EndpointTimeout(text), permit.refusals)
        else:
            self._breaker.answered(permit.refusals, is_trial=permit.is_trial)
        if self._search is not None:
            self._search.replied(permit.round_trip_s, self._under_way.count, permit.era)
        self._spacing.answered(now_s, permit.round_trip_s)

    def _wake_head(self) -> None:
        if self._queue:
            self._queue[0].notify()
