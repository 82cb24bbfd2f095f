"""A pause that an endpoint asks for with `Retry-After`, and how it is said."""

import logging
import random
from dataclasses import dataclass
from math import inf

from livesegment.duration import in_words

logger = logging.getLogger(__name__)

_JITTER_S = 0.5  # many cameras are told the same, and are not to come back at one moment
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

    @classmethod
    def begin(cls, asked_s: float, now_s: float, longest_s: float) -> "AskedPause":
        """Return the pause that begins now; it lasts `longest_s` at the most."""
        wait_s = min(asked_s, longest_s) + _JITTER_S * random.random()
        return cls(asked_s, now_s + wait_s)

    @property
    def sentence(self) -> str:
        """What the endpoint asks for, such as `the endpoint asks to wait 12 min`."""
        return f"the endpoint asks to wait {in_words(self.asked_s)}"

    def remainder(self, now_s: float) -> str:
        """Return when it is asked again, such as `tried again in 9 min`."""
        return f"tried again in {in_words(max(0.0, self.until_s - now_s))}"


class PauseLog:
    """Logs pauses: many short ones are not a line each."""

    def __init__(self) -> None:
        self._said_until_s = -inf

    def say(self, asked: AskedPause, now_s: float, longest_s: float) -> None:
        """Log a pause that begins, if it is worth a line; it lasts `longest_s` at the most."""
        if asked.until_s < self._said_until_s + _QUIET_S:
            return
        self._said_until_s = asked.until_s
        does = asked.remainder(now_s) if asked.asked_s > longest_s else "waiting"
        logger.warning("%s: %s", asked.sentence, does)

    def forget(self) -> None:
        """Take in that the pause is over before its time."""
        self._said_until_s = -inf
