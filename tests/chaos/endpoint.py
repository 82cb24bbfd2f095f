"""An endpoint that is well, then in trouble, then well again."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from math import inf
from typing import Literal

from chaos.answers import good
from odd_endpoint import Answer, OddEndpoint, hold, reset

Door = Literal["refuses", "resets", "is silent"]


@dataclass(frozen=True)
class Trouble:
    """What goes wrong with an endpoint, from when on, and for how long.

    Attributes:
        answers: What calls get meanwhile, one after the other, again and again.
        door: What new connections meet meanwhile, and what becomes of the others: it `refuses` as
            a port at which nobody listens; it `resets` them; it `is silent` as a machine that is
            no more, for those there are too.
        after_s: Seconds from the first call.
        after_calls: Calls, in the place of seconds.
        for_s: Seconds.
        for_calls: Calls, in the place of seconds.
    """

    answers: tuple[Answer, ...] = ()
    door: Door | None = None
    after_s: float = 2.0
    after_calls: int | None = None
    for_s: float = 4.0
    for_calls: int | None = None


class Endpoint(OddEndpoint):
    """Has at most one time of trouble.

    Args:
        trouble: What goes wrong; None: nothing does.
        usual: What calls get else.

    Attributes:
        began_s: When the trouble began, monotonic seconds; infinite: not yet.
        well_s: When it was over; infinite: not yet.
    """

    def __init__(self, trouble: Trouble | None = None, usual: Answer | None = None) -> None:
        super().__init__(self._answer_to)
        self.began_s = self.well_s = inf
        self._trouble = trouble
        self._usual = usual or good()
        self._odd = cycle(trouble.answers if trouble else ())
        self._schedule = threading.Lock()
        self._begins, self._ends = threading.Event(), threading.Event()
        self._is_over = threading.Event()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve within the block, and let things happen as they are to; yields the address."""
        director = threading.Thread(target=self._direct, name="director")
        with super().serving() as url:
            director.start()
            try:
                yield url
            finally:
                self._is_over.set()
                self._begins.set()
                self._ends.set()
                director.join()

    def recover(self) -> None:
        """End the trouble now."""
        self._ends.set()
        while self.well_s == inf:
            time.sleep(0.005)

    def asked_in_trouble(self) -> int:
        """Return how many calls came while the trouble lasted."""
        return sum(self.began_s <= call.at_s < self.well_s for call in self.log)

    def masks_sent(self) -> int:
        """Return how many good answers were written to their ends."""
        return sum(not call.is_odd and call.answered_s is not None for call in self.log)

    def recovery_s(self) -> float | None:
        """Return the seconds from the trouble's end to the end of the first good answer after."""
        times = [
            call.answered_s
            for call in self.log
            if not call.is_odd and call.answered_s is not None and call.at_s >= self.began_s
        ]
        later = [time_s for time_s in times if time_s >= self.well_s]
        return min(later) - self.well_s if later else None

    def _answer_to(self, number: int) -> Answer:
        with self._schedule:
            trouble = self._trouble
            if trouble is None:
                return self._usual
            if number == 0 and trouble.after_calls is None:
                self._begins.set()
            if number == trouble.after_calls:
                self.began_s = self.log[number].at_s
                self._begins.set()
            if not self.began_s <= time.monotonic() < self.well_s or not trouble.answers:
                return self._usual
            self.log[number].is_odd = True
            if trouble.for_calls is not None and self.asked_in_trouble() >= trouble.for_calls:
                self.well_s = time.monotonic()
            return next(self._odd)

    def _direct(self) -> None:
        """Let the trouble begin and end at its times."""
        trouble = self._trouble
        if trouble is None:
            return
        self._begins.wait()
        if self._is_over.is_set():
            return
        if trouble.after_calls is None and self._is_over.wait(trouble.after_s):
            return
        with self._schedule:
            self.began_s = min(self.began_s, time.monotonic())
        self._shut(trouble.door)
        if trouble.for_calls is not None:
            return
        self._ends.wait(trouble.for_s)
        if not self._is_over.is_set():
            self._open(trouble.door)
            with self._schedule:
                self.well_s = time.monotonic()

    def _shut(self, door: Door | None) -> None:
        if door == "is silent":
            self.at_door = hold
        elif door == "resets":
            self.at_door = reset
        elif door == "refuses":
            self.close(end=reset)

    def _open(self, door: Door | None) -> None:
        self.at_door = None
        if door == "refuses":
            self.open()
