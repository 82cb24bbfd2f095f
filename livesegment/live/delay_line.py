"""Pictures that wait for their masks."""

import logging
import sys
import threading
from collections import deque

from livesegment.frame import Frame
from livesegment.metrics import DropLog

logger = logging.getLogger(__name__)

_RECENT = 32  # latencies that say what to expect
_MOST_FRAMES = 300  # whatever the delay and the frame rate, memory is bounded
_CATCH_UP = 0.1  # a shrinking delay speeds the picture up by this share, which nobody notices


class DelayLine:
    """Holds every frame back for as long as its mask usually takes.

    The delay grows at once, so that masks are in time again, and shrinks slowly, so that the
    picture does not jump. Without any mask so far, nothing is held back.

    Args:
        max_delay_s: The longest delay; 0 lets every frame pass.
        most_bytes: What the frames that wait may take; beyond it the oldest waits no longer.
    """

    def __init__(self, max_delay_s: float, most_bytes: int = sys.maxsize) -> None:
        self._most_bytes = most_bytes
        self._drops = DropLog(logger, "frames held back less long than their masks take: memory")
        self._max_delay_s = max_delay_s
        self._frames: deque[Frame] = deque()
        self._lock = threading.Lock()
        self._latencies_s: deque[float] = deque(maxlen=_RECENT)
        self._delay_s = 0.0
        self._last_captured_s: float | None = None

    @property
    def delay_s(self) -> float:
        """How long frames are held back at the moment."""
        return self._delay_s

    def __len__(self) -> int:
        """Return the number of frames that wait."""
        return len(self._frames)

    def note_latency(self, seconds: float) -> None:
        """Take in how long a mask took from its frame's capture; from any thread."""
        with self._lock:
            self._latencies_s.append(seconds)

    def put(self, frame: Frame, *, hold: bool = True) -> None:
        """Add the newest frame and adapt the delay; without `hold` it shrinks until it is gone."""
        self._frames.append(frame)
        passed_s = 0.0
        if self._last_captured_s is not None:
            passed_s = max(0.0, frame.captured_at_s - self._last_captured_s)
        self._last_captured_s = frame.captured_at_s
        holds = hold and self._max_delay_s > 0
        wanted_s = min(self._expected_s(), self._max_delay_s) if holds else 0.0
        self._delay_s = max(wanted_s, self._delay_s - _CATCH_UP * passed_s)

    def _expected_s(self) -> float:
        """Return the time in which 19 of 20 masks came lately; 0 if none did."""
        with self._lock:
            latencies_s = sorted(self._latencies_s)
        return latencies_s[int(0.95 * (len(latencies_s) - 1))] if latencies_s else 0.0

    def take_due(self, now_s: float) -> Frame | None:
        """Return the oldest frame if its time has come."""
        is_due, is_full = self.wait_s(now_s) <= 0, self._is_full()
        if not (is_due or is_full):
            return None
        if not is_due:
            self._drops.add()
        return self._frames.popleft()

    def _is_full(self) -> bool:
        count = len(self._frames)
        # Asked each time: a frame takes more once somebody has asked for its pixels.
        held = sum(frame.nbytes for frame in self._frames)
        return count > _MOST_FRAMES or (count > 1 and held > self._most_bytes)

    def wait_s(self, now_s: float) -> float:
        """Return the seconds until the oldest frame is due; infinite without frames."""
        if not self._frames:
            return float("inf")
        return self._frames[0].captured_at_s + self._delay_s - now_s
