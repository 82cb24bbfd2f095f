"""Turns a condition that may flicker into one that begins and ends."""

from livesegment.events.event import Kind

_TOLERANCE_S = 1e-6  # times of pictures are sums of fractions


class Latch:
    """Switches on when it has been told so for a time, and off likewise. No clock of its own.

    Args:
        begin_after_s: Seconds for which it must be told to be on.
        end_after_s: Seconds for which it must be told to be off.
        cooldown_s: Seconds from switching off in which it does not switch on.

    Attributes:
        is_on: What it is.
    """

    def __init__(
        self, begin_after_s: float = 0.0, end_after_s: float = 0.0, cooldown_s: float = 0.0
    ) -> None:
        self._after_s = {True: begin_after_s, False: end_after_s}
        self._cooldown_s = cooldown_s
        self._since_s: float | None = None
        self._ended_s: float | None = None
        self.is_on = False

    def step(self, now_s: float, told: bool | None) -> Kind | None:
        """Take in what it is told to be at a time, and return what happens.

        Args:
            now_s: Seconds of any clock, never falling.
            told: What it is to be; None: nobody knows, which begins the wait anew.
        """
        if told is None or told == self.is_on:
            self._since_s = None
            return None
        if self._since_s is None:
            self._since_s = now_s
        if now_s - self._since_s < self._after_s[told] - _TOLERANCE_S:
            return None
        if told and self._ended_s is not None and now_s - self._ended_s < self._cooldown_s:
            return None
        self.is_on, self._since_s = told, None
        if not told:
            self._ended_s = now_s
        return "begin" if told else "end"
