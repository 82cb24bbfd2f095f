"""How long to wait before something that failed is tried again."""

from dataclasses import dataclass
from math import inf

from livesegment.errors import OptionsError


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often something is tried, and how long the waits between are.

    Waits double from `first_wait_s` up to `max_wait_s`, each made shorter by chance, so that many
    who failed together do not come back together. What an endpoint asks for with `Retry-After`
    goes before that and is never shortened, because an earlier call would only be refused again.
    So a run left alone overnight waits out an hourly quota; one that is told to come back tomorrow
    ends and says so, instead of hanging for a day.

    An error is asked for `retryable` and, if it has it, `retry_after_s`, and for nothing else.

    Attributes:
        attempts: How often it is tried at most, the first time included; None: for ever.
        first_wait_s: Seconds before the second attempt.
        max_wait_s: The longest wait that is not asked for by the endpoint.
        max_retry_after_s: The longest wait asked for by the endpoint that is still worth it.
        jitter: The share of a wait that chance may take away, 0 to 1.

    Raises:
        OptionsError: If a value is out of range.
    """

    attempts: int | None = 5
    first_wait_s: float = 0.5
    max_wait_s: float = 30.0
    max_retry_after_s: float = 3600.0
    jitter: float = 0.5

    def __post_init__(self) -> None:
        if self.attempts is not None and self.attempts < 1:
            raise OptionsError("a backoff makes at least 1 attempt")
        if not 0 <= self.first_wait_s <= self.max_wait_s:
            raise OptionsError("a backoff's first wait is at least 0 and at most its longest wait")
        if self.max_retry_after_s < 0:
            raise OptionsError("a backoff's longest Retry-After is 0 or more")
        if not 0 <= self.jitter <= 1:
            raise OptionsError("a backoff's jitter is 0 to 1")

    def is_over(self, attempt: int) -> bool:
        """Tell whether there is no further attempt after so many, from 1."""
        return self.attempts is not None and attempt >= self.attempts

    def delay_s(self, failures_in_a_row: int, share: float = 0.5) -> float:
        """Return the seconds to wait after a failure that asks for nothing.

        Args:
            failures_in_a_row: Since the last success, this one included, from 1.
            share: A random number from 0 to 1; 1 gives the longest wait.
        """
        # Above 2**64 every wait is the longest one; the bound keeps the power from overflowing.
        doubled_s = self.first_wait_s * 2.0 ** min(failures_in_a_row - 1, 64)
        return min(doubled_s, self.max_wait_s) * (1 - self.jitter + self.jitter * share)

    def wait_s(self, error: BaseException, attempt: int, share: float = 0.5) -> float | None:
        """Return the seconds to wait before the next attempt; None: give up.

        Args:
            error: What the last attempt raised.
            attempt: Attempts so far, from 1.
            share: A random number from 0 to 1.
        """
        if not getattr(error, "retryable", False) or self.is_over(attempt):
            return None
        asked_s = asked_wait_s(error)
        if asked_s is not None and asked_s > self.max_retry_after_s:
            return None
        return self.pause_s(error, attempt, share)

    def pause_s(self, error: BaseException, failures_in_a_row: int, share: float = 0.5) -> float:
        """Return the seconds to hold back after an error, however long that is.

        Args:
            error: What the last attempt raised, retryable or not.
            failures_in_a_row: Since the last success, this one included, from 1.
            share: A random number from 0 to 1.
        """
        asked_s = asked_wait_s(error)
        if asked_s is not None:
            return asked_s + share * self.first_wait_s
        return self.delay_s(failures_in_a_row, share)


def asked_wait_s(error: BaseException) -> float | None:
    """Return the seconds that an endpoint asks to wait; None where it says nothing usable."""
    asked_s: float | None = getattr(error, "retry_after_s", None)
    return asked_s if asked_s is not None and 0 < asked_s < inf else None


class Restarts:
    """Says how long to wait before the next start of something that should run for ever.

    The first restart is at once. Whatever ends soon again and again is waited for longer each
    time; one that ran for a while did not end because of how it begins.

    Args:
        backoff: The waits from the second failure in a row on, without jitter.
        healthy_s: Seconds after which what ran counts as well.
    """

    def __init__(self, backoff: Backoff, healthy_s: float) -> None:
        self._backoff = backoff
        self._healthy_s = healthy_s
        self._failures = 0

    def after(self, lived_s: float) -> float:
        """Return the seconds to wait after a run that lasted so long."""
        self._failures = 1 if lived_s >= self._healthy_s else self._failures + 1
        return 0.0 if self._failures == 1 else self._backoff.delay_s(self._failures - 1, share=1.0)
