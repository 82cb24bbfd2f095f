"""What errors do to those who would ask next: pauses, and how they end."""

import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from math import inf

from livesegment.backoff import Backoff, asked_wait_s
from livesegment.calls.asked_pause import AskedPause, PauseLog
from livesegment.errors import (
    AuthenticationFailed,
    EndpointBusy,
    EndpointError,
    EndpointTimeout,
    ModelNotFound,
    PaymentRequired,
    RequestRefused,
)
from livesegment.metrics import Circuit

REFUSED_TO_ALL = (AuthenticationFailed, ModelNotFound, PaymentRequired)
"""Errors that are about no picture and do not go away by themselves: all would meet the same."""


def is_its_own(error: EndpointError) -> bool:
    """Tell whether an error is the endpoint's own, and may be gone when it is asked again."""
    status = error.status or 0
    return isinstance(error, RequestRefused) and (status in (408, 425) or status >= 500)


class Breaker(ABC):
    """Holds requests back after errors. Used under its limiter's lock, but for what is read.

    What the endpoint asks for with `Retry-After` is waited for by everybody. No later error
    shortens a pause, but a person may have one request go at once: if that is answered, the pause
    is over. Requests that were sent before an error count as the same one.

    Args:
        backoff: The waits after errors for which the endpoint asks for nothing.
        clock: Monotonic seconds.

    Attributes:
        refusals_in_a_row: Errors that made everybody pause since a request last succeeded.
        has_answered: Whether any request has succeeded.
        trouble: The latest error, until a request that was sent after it succeeds.
        asked: The pause that the endpoint asked for last, over or not; None: it asked for none.
        refused_to_all: The error after which nobody need ask any more; None: there was none.
    """

    def __init__(self, backoff: Backoff, clock: Callable[[], float] = time.monotonic) -> None:
        self.refusals_in_a_row = 0
        self.has_answered = False
        self.trouble: EndpointError | None = None
        self.asked: AskedPause | None = None
        self.refused_to_all: EndpointError | None = None
        self._backoff = backoff
        self._clock = clock
        self._refusals = 0
        self._resume_at_s = -inf
        self._pauses = PauseLog()
        self._tries_now = self._is_silent = False

    @property
    def circuit(self) -> Circuit:
        """Whether requests go."""
        return "closed"

    @property
    def asks_alone(self) -> bool:
        """Whether no more than one request may be under way: what it meets, others would meet."""
        return not self.has_answered

    @property
    def next_wait_s(self) -> float:
        """Seconds from one probe to the next, and so how long an answer to one is waited for."""
        return inf

    @property
    def refusals(self) -> int:
        """A number that every refusal changes; a request is sent after one of them."""
        return self._refusals

    def hold_s(self) -> float:
        """Return the seconds until requests may go; 0: now."""
        return 0.0 if self._tries_now else max(0.0, self._resume_at_s - self._clock())

    @property
    def tries_now(self) -> bool:
        """Whether a person wants one request to go in spite of the pause."""
        return self._tries_now

    def try_now(self) -> None:
        """Let one request go in spite of the pause."""
        self._tries_now = self._resume_at_s > self._clock() or self.circuit != "closed"

    def went(self) -> bool:
        """Note that a request goes, and return whether it does so in spite of the pause."""
        is_trial, self._tries_now = self._tries_now, False
        return is_trial

    def stayed(self, *, is_trial: bool) -> None:
        """Note that a request did not go after all: there was nothing to ask about."""
        if is_trial:
            self.try_now()

    def answered(self, refusals: int, *, is_trial: bool) -> None:
        """Take in that a request succeeded.

        Args:
            refusals: `refusals` when it was sent: one from before the latest error says nothing of
                what comes after, unless that was silence.
            is_trial: Whether it went in spite of a pause, which is over then.
        """
        self.has_answered = True
        if refusals != self._refusals and not self._is_silent:
            return
        self.refusals_in_a_row = 0
        self.trouble = None
        self._is_silent = False
        if is_trial:
            self.asked = None
            self._resume_at_s = -inf
            self._pauses.forget()

    def answered_too_late(self, error: EndpointError, refusals: int) -> None:
        """Take in an answer that is of no use any more, and the error that says so."""
        self.has_answered = True
        self.failed(error, refusals)

    def became_silent(self, error: EndpointError, refusals: int) -> None:
        """Take in that a request, and all others since it was sent, have had no answer."""
        self.failed(error, refusals)
        self._is_silent = True

    def failed(self, error: EndpointError, refusals: int) -> bool:
        """Take in an error, and return whether it shows for the first time that there is overload.

        Args:
            error: What a request met.
            refusals: `refusals` when it was sent.
        """
        self.trouble = error
        self._is_silent = False
        shows_overload = isinstance(error, EndpointBusy | EndpointTimeout)
        pauses = self._pauses_after(error)
        is_news = refusals == self._refusals
        if pauses or shows_overload:
            self._refusals += is_news
        if pauses:
            self.refusals_in_a_row += is_news
            self._pause(error, is_news=is_news)
        return is_news and shows_overload

    @abstractmethod
    def _pauses_after(self, error: EndpointError) -> bool:
        """Return whether everybody pauses after an error."""

    def _wait_s(self, error: EndpointError) -> float:  # noqa: ARG002 - others look at it
        """Return the seconds to wait after an error for which the endpoint asks for nothing."""
        return self._backoff.delay_s(max(1, self.refusals_in_a_row), share=random.random())

    def _pause(self, error: EndpointError, *, is_news: bool) -> None:
        now_s, longest_s = self._clock(), self._backoff.max_retry_after_s
        asked_s = asked_wait_s(error)
        if asked_s is None:
            if is_news:
                self._resume_at_s = max(self._resume_at_s, now_s + self._wait_s(error))
            return
        asked = AskedPause.begin(asked_s, now_s, longest_s)
        if asked.until_s > self._resume_at_s:
            self._resume_at_s = asked.until_s
            self.asked = asked
            self._pauses.say(asked, now_s, longest_s)


class GivingUp(Breaker):
    """For callers that give up in the end, and ask again about the same picture until then.

    When the endpoint asks for patience (429, 502, 503, 504), everybody pauses, and once it has
    answered, also after other errors of its own (408, 425, 500 and above); else each waits by
    itself. Being told to come back after an hour or more pauses nobody, for the error
    ends the run. An error that is about no picture ends it for all.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(Backoff(max_wait_s=60.0), clock)

    def failed(self, error: EndpointError, refusals: int) -> bool:
        """Take in an error, and return whether it shows for the first time that there is overload.

        Args:
            error: What a request met.
            refusals: `refusals` when it was sent.
        """
        if isinstance(error, REFUSED_TO_ALL):
            self.refused_to_all = error
        return super().failed(error, refusals)

    def _pauses_after(self, error: EndpointError) -> bool:
        return isinstance(error, EndpointBusy) or (self.has_answered and is_its_own(error))

    def _pause(self, error: EndpointError, *, is_news: bool) -> None:
        asked_s = asked_wait_s(error)
        if asked_s is None or asked_s <= self._backoff.max_retry_after_s:
            super()._pause(error, is_news=is_news)
