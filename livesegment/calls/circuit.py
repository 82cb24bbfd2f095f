"""The circuit breaker of a run that never gives up: an endpoint that fails is hardly asked."""

import random
import time
from collections.abc import Callable

from livesegment.backoff import Backoff
from livesegment.calls.breaker import REFUSED_TO_ALL, Breaker
from livesegment.errors import EndpointError, RateLimited
from livesegment.metrics import Circuit

_OPENS_AFTER = 3  # errors in a row: one or two may be about these requests alone
_BRISK_S = 10.0  # an outage this short is a restart, whose end is to be noticed within a second
_BRISK_WAIT_S = 0.5
_SLOW_WAIT_S = 1.0  # after that, doubled with every probe
_LONGEST_WAIT_S = 5.0
_LONGEST_WAIT_FOR_GOOD_S = 30.0  # where the error will not go away by itself
_JITTER = 0.1  # of a wait, on top: many cameras lost the endpoint at one moment


class NeverGivingUp(Breaker):
    """For a run that goes on whatever the endpoint does, and never asks about a picture again.

    Every error makes everybody pause, for an hour at the most. After three in a row the circuit is
    open, at once if the endpoint has become silent: then one request goes at a time, a probe, every
    half second for ten seconds, after that less and less often. The first answer closes it.
    Whoever is asked for fewer calls (429) is probed less and less often from the start.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        backoff = Backoff(attempts=None, first_wait_s=0.25, max_wait_s=_LONGEST_WAIT_S)
        super().__init__(backoff, clock)
        self._errors_in_a_row = 0
        self._opened_at_s: float | None = None
        self._probe_at_s: float | None = None  # when the probe went that is under way
        self._slow_probes = 0

    @property
    def circuit(self) -> Circuit:
        """Whether requests go."""
        if self._opened_at_s is None:
            return "closed"
        return "open" if self._probe_at_s is None else "half open"

    @property
    def asks_alone(self) -> bool:
        """Whether no more than one request may be under way: to see whether anybody is there."""
        return self._opened_at_s is not None

    @property
    def next_wait_s(self) -> float:
        """Seconds from one probe to the next, and so how long an answer to one is waited for."""
        opened_at_s = self._clock() if self._opened_at_s is None else self._opened_at_s
        if self._clock() - opened_at_s < _BRISK_S:
            return _BRISK_WAIT_S
        is_for_good = isinstance(self.trouble, REFUSED_TO_ALL)
        longest_s = _LONGEST_WAIT_FOR_GOOD_S if is_for_good else _LONGEST_WAIT_S
        return float(min(longest_s, _SLOW_WAIT_S * 2.0 ** min(self._slow_probes, 8)))

    def went(self) -> bool:
        """Note that a request goes, and return whether it does so in spite of the pause."""
        if self._opened_at_s is not None:
            self._probe_at_s = self._clock()
        return super().went()

    def stayed(self, *, is_trial: bool) -> None:
        """Note that a request did not go after all: there was nothing to ask about."""
        self._probe_at_s = None
        super().stayed(is_trial=is_trial)

    def answered(self, refusals: int, *, is_trial: bool) -> None:
        """Take in that a request succeeded; see `Breaker.answered`."""
        is_probe = self._opened_at_s is not None
        super().answered(refusals, is_trial=is_trial or is_probe)
        if self.trouble is not None:
            return
        self._errors_in_a_row = self._slow_probes = 0
        self._opened_at_s = self._probe_at_s = None

    def failed(self, error: EndpointError, refusals: int) -> bool:
        """Take in an error, and return whether it shows for the first time that there is overload.

        Args:
            error: What a request met.
            refusals: `refusals` when it was sent.
        """
        self._errors_in_a_row += 1
        if self._errors_in_a_row >= _OPENS_AFTER:
            self._open()
        return super().failed(error, refusals)

    def became_silent(self, error: EndpointError, refusals: int) -> None:
        """Take in that a request, and all others since it was sent, have had no answer."""
        self._open()
        super().became_silent(error, refusals)

    def _open(self) -> None:
        if self._opened_at_s is None:
            self._opened_at_s = self._clock()

    def _pauses_after(self, error: EndpointError) -> bool:  # noqa: ARG002
        return True

    def _wait_s(self, error: EndpointError) -> float:
        if self._opened_at_s is None or isinstance(error, RateLimited):
            return super()._wait_s(error)
        wait_s = self.next_wait_s
        since_s, now_s = self._probe_at_s, self._clock()
        # From one probe to the next, not from its end.
        elapsed_s = 0.0 if since_s is None else now_s - since_s
        self._slow_probes += now_s - self._opened_at_s >= _BRISK_S
        return max(0.0, wait_s * (1 + _JITTER * random.random()) - elapsed_s)

    def _pause(self, error: EndpointError, *, is_news: bool) -> None:
        super()._pause(error, is_news=is_news)
        if is_news:
            self._probe_at_s = None
