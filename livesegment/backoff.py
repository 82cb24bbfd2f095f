"""How long to wait before something that failed is tried again."""

from dataclasses import dataclass

from livesegment.settings.option import require


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a call is made, and how long the waits between are.

    Waits double from `first_wait_s` up to `max_wait_s`. What the endpoint asks for with
    `Retry-After` goes before that and is never shortened, because an earlier call would only be
    refused again. So a run left alone overnight waits out an hourly quota; one that is told to
    come back tomorrow ends and says so, instead of hanging for a day.

    An error is asked for `retryable` and, if it has it, `retry_after_s`, and for nothing else.

    Attributes:
        attempts: Calls for one frame at most, the first one included.
        first_wait_s: Seconds before the second call.
        max_wait_s: The longest wait that is not asked for by the endpoint.
        max_retry_after_s: The longest wait asked for by the endpoint that is still worth it.

    Raises:
        OptionsError: If a value is out of range.
    """

    attempts: int = 5
    first_wait_s: float = 0.5
    max_wait_s: float = 30.0
    max_retry_after_s: float = 3600.0

    def __post_init__(self) -> None:
        require(self.attempts >= 1, "a retry policy makes at least 1 attempt")
        require(
            0 <= self.first_wait_s <= self.max_wait_s,
            "a retry policy's first wait is at least 0 and at most its longest wait",
        )
        require(self.max_retry_after_s >= 0, "a retry policy's longest Retry-After is 0 or more")

    def wait_s(self, error: BaseException, attempt: int, share: float = 0.5) -> float | None:
        """Return the seconds to wait before the next call; None: give up.

        Args:
            error: What the last call raised.
            attempt: Calls made so far for this frame, from 1.
            share: A random number from 0 to 1, so that many callers do not return at once.
        """
        if not getattr(error, "retryable", False) or attempt >= self.attempts:
            return None
        asked_s = _asked_s(error)
        if asked_s is not None and asked_s > self.max_retry_after_s:
            return None
        return self.pause_s(error, attempt, share)

    def pause_s(self, error: BaseException, errors_in_a_row: int, share: float = 0.5) -> float:
        """Return the seconds to hold back after an error, for a caller that never gives up.

        Args:
            error: What the last call raised, retryable or not.
            errors_in_a_row: Failed calls since the last success, this one included, from 1.
            share: A random number from 0 to 1, so that many callers do not return at once.
        """
        # Above 2**64 every wait is the longest one; the bound keeps the power from overflowing.
        doubled_s = self.first_wait_s * 2.0 ** min(errors_in_a_row - 1, 64)
        wait_s = min(doubled_s, self.max_wait_s)
        asked_s = _asked_s(error)
        if asked_s is not None:
            return asked_s + share * self.first_wait_s
        return wait_s * (0.5 + 0.5 * share)


def _asked_s(error: BaseException) -> float | None:
    """Return what the endpoint asked for, if it did."""
    asked_s: float | None = getattr(error, "retry_after_s", None)
    return asked_s


_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 1.0


def wait_before(attempt: int, chance: float) -> float:
    """Return the seconds to wait before the next attempt to open a camera.

    Doubled with each attempt up to a second, and shorter by up to half, so that many cameras
    behind one switch that restarts are not all asked at the same moment.

    Args:
        attempt: How many have failed so far, from 0.
        chance: Random number, 0 to 1.
    """
    longest_s: float = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(attempt, 10))
    return longest_s * (1 - chance / 2)


HEALTHY_S = 20.0
"""A process that lived so long did not end because of how it begins."""

_LONGEST_S = 30.0


class Backoff:
    """Says how long to wait before the next start.

    Nothing the first time, then a second, twice as long each time, up to half a minute.
    """

    def __init__(self) -> None:
        self._failures = 0

    def after(self, lived_s: float) -> float:
        """Return the seconds to wait after a process that lived for so long."""
        self._failures = 1 if lived_s >= HEALTHY_S else self._failures + 1
        if self._failures == 1:
            return 0.0
        longest: float = min(_LONGEST_S, 2.0 ** min(self._failures - 2, 10))
        return longest
