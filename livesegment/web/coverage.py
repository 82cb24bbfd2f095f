"""How much of the picture each class took over the last minutes."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from livesegment.mask import Mask
from livesegment.overlay.palette import class_colours
from livesegment.web.feed import ClassShare, CoveragePoint

KEPT_S = 300
_RECENT_S = 3

# Counting every pixel of a large mask takes as long as drawing it; every nth row tells the same.
_ROWS_ENOUGH = 180


class Coverage:
    """Measures masks once a second and keeps five minutes of it. For any thread.

    Args:
        clock: Seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._points: deque[CoveragePoint] = deque(maxlen=KEPT_S)
        self._colours: dict[str, str] = {}
        self._class_map: Mapping[int, str] | None = None

    def see(self, mask: Mask | None) -> None:
        """Measure the mask of a picture, unless one of this second was measured already.

        Without a mask nothing is known of that second.
        """
        if mask is None:
            return
        second = int(self._clock())
        with self._lock:
            if self._points and self._points[-1].second >= second:
                return
            if mask.class_map != self._class_map:
                self._class_map = mask.class_map
                self._colours = _colours(mask)
            self._points.append(CoveragePoint(second, self._shares(mask)))

    def history(self, after: int) -> Sequence[CoveragePoint]:
        """Return what is kept of seconds above `after`, oldest first."""
        with self._lock:
            return [point for point in self._points if point.second > after]

    def classes(self) -> Sequence[ClassShare]:
        """Return every class that may be drawn, with its share now; 0 where that is not known."""
        with self._lock:
            newest = self._points[-1] if self._points else None
            is_recent = newest is not None and newest.second >= self._clock() - _RECENT_S
            now = newest.shares if newest is not None and is_recent else {}
            return [
                ClassShare(name, colour, now.get(name, 0.0))
                for name, colour in self._colours.items()
            ]

    def _shares(self, mask: Mask) -> Mapping[str, float]:
        step = max(1, mask.class_ids.shape[0] // _ROWS_ENOUGH)
        measured = Mask(mask.class_ids[::step], mask.class_map).coverage()
        shares: dict[str, float] = {}
        for class_id, share in measured.items():
            name = mask.class_name(class_id)
            if name in self._colours:
                shares[name] = round(shares.get(name, 0.0) + share, 4)
        return shares


def _colours(mask: Mask) -> dict[str, str]:
    """Return the colour on the picture of every class that may be drawn, by name."""
    colours = class_colours(mask.class_map)
    return {
        name: "#" + bytes(colours[class_id][::-1]).hex()
        for class_id, name in sorted(mask.class_map.items())
        if name and class_id not in mask.unclassed
    }
