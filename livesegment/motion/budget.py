"""Keeps the time that a frame takes within bounds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_FRAMES = 12  # over which the time is averaged before anything is changed
_TOO_MUCH, _TOO_LITTLE = 1.1, 0.8  # of the budget; between them nothing changes
_LESS, _MORE = 0.8, 1.15  # what the work is then multiplied by
_LEAST = 0.2


class Budget:
    """Measures what frames take and says how much of the full work there is time for.

    The work is laid out for a common server; a slower machine, or a busier one, gets less of it.
    What is measured is the thread's own time, so that a thread that has to wait for a core does
    not do worse work, only later.

    Args:
        budget_s: Seconds a frame may take.
        clock: The thread's time in seconds.
    """

    def __init__(self, budget_s: float, clock: Callable[[], float] = time.thread_time) -> None:
        self._budget_s = budget_s
        self._clock = clock
        self._frames = 0
        self._spent_s = 0.0
        self.share = 1.0
        """How much of the full work there is time for, 0.2 to 1."""

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Measure what is done inside."""
        began_s = self._clock()
        try:
            yield
        finally:
            self._spent_s += self._clock() - began_s

    def next_frame(self) -> bool:
        """Begin another frame and return whether `share` has changed."""
        self._frames += 1
        if self._frames <= _FRAMES:
            return False
        mean_s, before = self._spent_s / self._frames, self.share
        self._frames, self._spent_s = 0, 0.0
        if mean_s > _TOO_MUCH * self._budget_s:
            self.share = max(_LEAST, self.share * _LESS)
        elif mean_s < _TOO_LITTLE * self._budget_s:
            self.share = min(1.0, self.share * _MORE)
        return self.share != before
