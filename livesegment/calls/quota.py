"""Counts calls and keeps them within what the user allows, because each one is billed."""

import threading
import time
from collections.abc import Callable
from typing import Protocol


class Turns(Protocol):
    """Says when a call is allowed. For any number of threads."""

    def take_turn(self, stopping: threading.Event) -> bool:
        """Wait until a call is allowed and count it; False when none will be, or when stopped."""

    def give_back(self) -> None:
        """Take back a turn for which no call was made."""

    def end_turn(self) -> None:
        """Note that a turn's call has ended."""

    def wake(self) -> None:
        """Let threads that wait for a turn see whether they are to stop."""


class CallMeter:
    """Counts calls, and holds them back by number and by rate.

    Args:
        max_calls: Calls allowed in all; None: any number.
        calls_per_s: Calls allowed a second, evenly spaced; None: any number.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        max_calls: int | None = None,
        calls_per_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_calls = max_calls
        self._spacing_s = 1 / calls_per_s if calls_per_s else 0.0
        self._clock = clock
        self._lock = threading.Lock()
        self._calls = 0
        self._next_s = clock()

    @property
    def calls(self) -> int:
        """Calls made so far, turns taken for one included."""
        with self._lock:
            return self._calls

    @property
    def exhausted(self) -> bool:
        """Whether no call is allowed any more."""
        with self._lock:
            return self._max_calls is not None and self._calls >= self._max_calls

    def take_turn(self, stopping: threading.Event) -> bool:
        """Wait until a call is allowed and count it.

        Args:
            stopping: Ends the wait.

        Returns:
            False when the calls are used up or the wait was ended; then nothing is counted.
        """
        while not stopping.is_set():
            wait_s = self.try_turn()
            if wait_s is None:
                return False
            if wait_s == 0:
                return True
            stopping.wait(wait_s)
        return False

    def try_turn(self) -> float | None:
        """Count a call if it is allowed now.

        Returns:
            0 if it is counted, else the seconds until it may be; None when the calls are used up.
        """
        with self._lock:
            if self._max_calls is not None and self._calls >= self._max_calls:
                return None
            now_s = self._clock()
            wait_s = self._next_s - now_s
            if wait_s > 0:
                return min(wait_s, threading.TIMEOUT_MAX)
            self._calls += 1
            # From the due time, not from now: a late wake-up must not lower the rate.
            self._next_s = max(self._next_s, now_s - self._spacing_s) + self._spacing_s
            return 0.0

    def give_back(self) -> None:
        """Take back a turn for which no call was made."""
        with self._lock:
            self._calls -= 1

    def end_turn(self) -> None:
        """Note that a turn's call has ended, which makes no difference here."""

    def wake(self) -> None:
        """Do nothing: what `take_turn` waits for is the stop itself."""
