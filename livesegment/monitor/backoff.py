"""How long a camera's process that ended is left alone."""

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
