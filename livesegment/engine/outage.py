"""What the viewer is told while the source gives no pictures."""

import time

from livesegment.sources.base import Source


class Outage:
    """Puts into words since when a source is lost.

    Args:
        source: Whose pictures are shown.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._since_s: float | None = None
        self._sentence: str | None = None

    def notice(self) -> str | None:
        """Return what to write across the last picture; None while pictures come."""
        since_s = self._source.lost_since_s
        if since_s is None:
            self._since_s = self._sentence = None
        elif since_s != self._since_s:
            self._since_s = since_s
            # Worked out once for each outage: a clock that is set meanwhile would change it.
            clock_s = time.time() - (time.monotonic() - since_s)
            began = time.strftime("%H:%M:%S", time.localtime(clock_s))
            self._sentence = f"camera lost since {began}"
        return self._sentence
