"""Counts calls and keeps them within what the user allows, because each one is billed."""

import threading
import time
from collections.abc import Callable


class Quota:
    """Says how many calls may be made, and when: so many in all, evenly spaced.

    A quota that is kept elsewhere, or shared, extends this one. All methods may be called from
    any thread; a limiter asks for whoever is first in its queue.

    Args:
        max_calls: Calls allowed in all; None: any number.
        calls_per_s: Calls allowed a second, evenly spaced; None: any number.
        clock: Monotonic seconds.

    Attributes:
        on_change: Called when more may be allowed than was said last, by whoever made it so and
            never from within a method that a limiter calls.
    """

    def __init__(
        self,
        max_calls: int | None = None,
        calls_per_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._max_calls = max_calls
        self._spacing_s = 1 / calls_per_s if calls_per_s else 0.0
        self._clock = clock
        self._lock = threading.RLock()
        self._calls = 0
        self._next_s = clock()

    @property
    def calls(self) -> int:
        """Calls taken so far."""
        with self._lock:
            return self._calls

    @property
    def exhausted(self) -> bool:
        """Whether no call is allowed any more."""
        with self._lock:
            return self._max_calls is not None and self._calls >= self._max_calls

    def wanted(self, calls: int) -> None:
        """Take note of how many calls would be made now if they were allowed."""

    def try_take(self) -> float | None:
        """Count a call if it is allowed now.

        Returns:
            0 if it is counted, else the seconds until it may be, infinity where only `on_change`
            tells; None when the calls are used up.
        """
        with self._lock:
            wait_s = self._wait_s()
            if wait_s == 0:
                self._calls += 1
                # From the due time, not from now: a late wake-up must not lower the rate.
                now_s = self._clock()
                self._next_s = max(self._next_s, now_s - self._spacing_s) + self._spacing_s
            return wait_s

    def give_back(self) -> None:
        """Take back a call that was not made; in the thread that took it."""
        with self._lock:
            self._calls -= 1
            self._next_s -= self._spacing_s

    def ended(self) -> None:
        """Note that a call that was made has ended."""

    def _wait_s(self) -> float | None:
        """Return what `try_take` does, and count nothing. Holds the lock."""
        if self._max_calls is not None and self._calls >= self._max_calls:
            return None
        return max(0.0, self._next_s - self._clock())
