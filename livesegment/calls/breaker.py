"""What errors do to those who would ask next: one pause for everybody, and how it ends."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from livesegment.backoff import Backoff, asked_wait_s
from livesegment.duration import in_words
from livesegment.errors import EndpointBusy, EndpointError, EndpointTimeout

logger = logging.getLogger(__name__)

_GIVING_UP = Backoff(max_wait_s=60.0)
_NEVER_GIVING_UP = Backoff(attempts=None, first_wait_s=0.25, max_wait_s=5.0)
_ASKED_JITTER_S = 0.5  # many cameras are told the same, and are not to come back at one moment
_QUIET_S = 10.0  # after a pause that was said, the next is said only if it is worth a line


@dataclass(frozen=True, slots=True)
class AskedPause:
    """A pause that the endpoint asked for.

    Attributes:
        asked_s: The seconds that it asked for.
        until_s: When it is asked again, monotonic seconds.
    """

    asked_s: float
    until_s: float

    @property
    def sentence(self) -> str:
        """What the endpoint asks for, such as `the endpoint asks to wait 12 min`."""
        return f"the endpoint asks to wait {in_words(self.asked_s)}"

    def remainder(self, now_s: float) -> str:
        """Return when it is asked again, such as `tried again in 9 min`."""
        return f"tried again in {in_words(max(0.0, self.until_s - now_s))}"


class Breaker:
    """Holds requests back after errors. Used under its limiter's lock, but for what is read.

    When the endpoint asks for patience (429, 502, 503, 504), everybody pauses until what it asked
    for with `Retry-After` has passed, or longer with every refusal in a row where it does not
    say. Requests that were sent before count as the same refusal. No later error shortens a pause,
    but a person may have one request go at once: if that is answered, the pause is over.

    Args:
        gives_up: Whether callers give up: after other errors each waits by itself, and being told
            to come back after an hour or more pauses nobody, for the error ends the run. Else
            every error pauses everybody, for an hour at the most.
        clock: Monotonic seconds.

    Attributes:
        refusals_in_a_row: Refusals since a request last succeeded; see `gives_up` for what is one.
        has_answered: Whether any request has succeeded.
        trouble: The latest error, until a request that was sent after it succeeds.
        asked: The pause that the endpoint asked for last, over or not; None: it asked for none.
    """

    def __init__(self, *, gives_up: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.refusals_in_a_row = 0
        self.has_answered = False
        self.trouble: EndpointError | None = None
        self.asked: AskedPause | None = None
        self._gives_up = gives_up
        self._pauses_after = EndpointBusy if gives_up else EndpointError
        self._backoff = _GIVING_UP if gives_up else _NEVER_GIVING_UP
        self._clock = clock
        self._refusals = 0
        self._resume_at_s = self._said_until_s = -inf
        self._tries_now = False

    @property
    def refusals(self) -> int:
        """A number that every refusal changes; a request is sent after one of them."""
        return self._refusals

    def hold_s(self) -> float:
        """Return the seconds until requests may go; 0: now."""
        return 0.0 if self._tries_now else max(0.0, self._resume_at_s - self._clock())

    def try_now(self) -> None:
        """Let one request go in spite of the pause."""
        self._tries_now = self._resume_at_s > self._clock()

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
                what comes after.
            is_trial: Whether it went in spite of a pause, which is over then.
        """
        self.has_answered = True
        if refusals != self._refusals:
            return
        self.refusals_in_a_row = 0
        self.trouble = None
        if is_trial:
            self.asked = None
            self._resume_at_s = self._said_until_s = -inf

    def failed(self, error: EndpointError, refusals: int) -> bool:
        """Take in an error, and return whether it shows for the first time that there is overload.

        Args:
            error: What a request met.
            refusals: `refusals` when it was sent.
        """
        self.trouble = error
        shows_overload = isinstance(error, EndpointBusy | EndpointTimeout)
        pauses = isinstance(error, self._pauses_after)
        is_news = refusals == self._refusals
        if pauses or shows_overload:
            self._refusals += is_news
        if pauses:
            self.refusals_in_a_row += is_news
            self._pause(error, is_news=is_news)
        return is_news and shows_overload

    def _pause(self, error: EndpointError, *, is_news: bool) -> None:
        asked_s = asked_wait_s(error)
        if asked_s is None:
            if is_news:
                count = max(1, self.refusals_in_a_row)
                pause_s = self._backoff.delay_s(count, share=random.random())
                self._resume_at_s = max(self._resume_at_s, self._clock() + pause_s)
            return
        longest_s = self._backoff.max_retry_after_s
        if asked_s > longest_s and self._gives_up:
            return
        pause_s = min(asked_s, longest_s) + _ASKED_JITTER_S * random.random()
        until_s = self._clock() + pause_s
        if until_s > self._resume_at_s:
            self._resume_at_s = until_s
            self.asked = AskedPause(asked_s, until_s)
            self._say(self.asked)

    def _say(self, asked: AskedPause) -> None:
        if asked.until_s < self._said_until_s + _QUIET_S:
            return
        self._said_until_s = asked.until_s
        is_cut = asked.asked_s > self._backoff.max_retry_after_s
        does = asked.remainder(self._clock()) if is_cut else "waiting"
        logger.warning("%s: %s", asked.sentence, does)
