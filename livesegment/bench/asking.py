"""Asks as `live` does, and takes the time."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count

from livesegment.bench.found import Asked
from livesegment.calls.breaker import REFUSED_TO_ALL
from livesegment.calls.limiter import Limiter
from livesegment.calls.quota import Quota
from livesegment.errors import EndpointBusy, EndpointError
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.segmenters.base import Segmenter, Sending
from livesegment.workers import WorkerGroup

_GRACE_S = 1.0
_HOPELESS = 3  # errors in a row
_SHORTEST_S = 0.1


class _Held:
    """A limit of requests that is set from outside: a `LimitSearch` that does not search."""

    step = era = 0

    def __init__(self, largest: int) -> None:
        self.limit = 1
        self.largest = largest

    def replied(self, round_trip_s: float, in_flight: int, era: int) -> None:
        """Stay with the limit."""

    def refused(self, in_flight: int) -> None:
        """Stay with the limit."""


@dataclass(slots=True)
class _Turn:
    """Calls of one kind, while they are made."""

    calls: int
    settling: int
    sending: Sending
    left: int = 0
    answered: int = 0
    round_trips_s: list[float] = field(default_factory=list)
    errors: list[EndpointError] = field(default_factory=list)
    in_a_row: int = 0
    working: int = 0
    done: threading.Event = field(default_factory=threading.Event)


class Asker:
    """Makes calls by one limiter, which holds them back after errors as it does in `live`.

    Args:
        segmenter: Makes the calls.
        frames: What it is asked about, by turns.
        quota: Counts the calls, and says when there are no more.
        most_at_once: Requests at once are never more.
        ends_at_s: When nothing is begun any more, by the clock.
        clock: Monotonic seconds.

    Attributes:
        mask: What was answered last; None: nothing so far.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        frames: Sequence[Frame],
        quota: Quota,
        most_at_once: int,
        ends_at_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.mask: Mask | None = None
        self._segmenter = segmenter
        self._frames = frames
        self._held = _Held(most_at_once)
        self._limiter = Limiter(self._held, quota, is_live=True)
        self._ends_at_s = ends_at_s
        self._clock = clock
        self._numbers = count()
        self._lock = threading.Lock()

    @property
    def left_s(self) -> float:
        """Seconds in which something may still be begun."""
        return self._ends_at_s - self._clock()

    def ask(self, sending: Sending, calls: int, at_once: int = 1) -> Asked:
        """Make some calls and return what came of them; those that come too late are left out.

        That the endpoint asks for patience, or for fewer calls, is an answer too: no more follow.

        Args:
            sending: How pictures are sent.
            calls: How many.
            at_once: So many are under way; the first ones, which find nobody there, do not count.

        Raises:
            EndpointError: If nobody ever answered, or one is met that all others would meet.
        """
        self._held.limit = at_once
        turn = _Turn(calls, at_once if at_once > 1 else 0, sending, left=calls, working=at_once)
        with WorkerGroup(_GRACE_S) as workers:
            workers.on_stop(self._limiter.wake)
            workers.on_stop(turn.done.set)
            for number in range(at_once):
                work = partial(self._work, turn, workers.stopping)
                workers.start(f"ask-{number}", work, daemon=True)
            turn.done.wait(max(0.0, self.left_s))
        with self._lock:
            return Asked(
                at_once,
                tuple(turn.round_trips_s),
                turn.answered + len(turn.errors),
                tuple(map(str, turn.errors)),
                any(isinstance(each, EndpointBusy) for each in turn.errors),
            )

    def _work(self, turn: _Turn, stopping: threading.Event) -> None:
        """Make calls of a turn until there are none left; on a thread of its own.

        Raises:
            EndpointError: As `ask` does.
        """
        while not stopping.is_set() and self._takes(turn):
            try:
                with self._limiter.permit(stopping) as permit:
                    if permit is None:
                        break
                    self._limiter.begin(permit)
                    with self._lock:
                        frame = self._frames[next(self._numbers) % len(self._frames)]
                    # What comes later than the end is waited for by nobody.
                    left_s = max(_SHORTEST_S, self.left_s + _GRACE_S)
                    sending = replace(turn.sending, timeout_s=left_s)
                    self.mask = self._segmenter.segment_sent(frame, sending)
            except EndpointError as error:
                self._failed(turn, error)
            else:
                self._answered(turn, permit.round_trip_s)
        with self._lock:
            turn.working -= 1
            if turn.working == 0:
                turn.done.set()

    def _takes(self, turn: _Turn) -> bool:
        with self._lock:
            turn.left -= 1
            return turn.left >= 0

    def _answered(self, turn: _Turn, round_trip_s: float) -> None:
        with self._lock:
            turn.answered += 1
            turn.in_a_row = 0
            if turn.answered > turn.settling:
                turn.round_trips_s.append(round_trip_s)

    def _failed(self, turn: _Turn, error: EndpointError) -> None:
        with self._lock:
            turn.errors.append(error)
            turn.in_a_row += 1
            is_hopeless = turn.in_a_row >= _HOPELESS and not isinstance(error, EndpointBusy)
            if isinstance(error, EndpointBusy):  # the pause that it asks for is none of ours
                turn.left = 0
                turn.done.set()
        is_first = not self._limiter.has_answered
        if is_first or is_hopeless or isinstance(error, REFUSED_TO_ALL):
            raise error
