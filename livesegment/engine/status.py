"""The lines of the HUD."""

from collections import deque

from livesegment.engine.mask_board import ArrivedMask
from livesegment.errors import EndpointError

WINDOW_S = 2.0


class FrameRate:
    """Frames a second over the last two seconds."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def tick(self, now_s: float) -> None:
        """Note a frame shown at this time."""
        self._times.append(now_s)
        while self._times[0] < now_s - WINDOW_S:
            self._times.popleft()

    def value(self) -> float:
        """Return the rate; 0 before the second frame."""
        if len(self._times) < 2:
            return 0.0
        return (len(self._times) - 1) / (self._times[-1] - self._times[0])


def hud_lines(
    frames_per_s: float,
    arrived: ArrivedMask | None,
    now_s: float,
    calls: str,
    align: str,
    trouble: EndpointError | None,
) -> list[str]:
    """Return what the HUD says.

    Args:
        frames_per_s: Frames shown a second.
        arrived: The newest mask; None before the first.
        now_s: The time, in monotonic seconds.
        calls: The calls so far, in words.
        align: Name of the alignment.
        trouble: What the endpoint's latest answer was, if it was an error.
    """
    lines = [f"{frames_per_s:.1f} frames/s"]
    if arrived is None:
        lines.append("waiting for the first mask")
    else:
        lines.append(f"mask {(now_s - arrived.captured_at_s) * 1000:.0f} ms old, {align}")
        lines.append(f"round trip {arrived.round_trip_s * 1000:.0f} ms")
    lines.append(calls)
    if trouble is not None:
        lines.append(f"{type(trouble).__name__}: waiting for the endpoint")
    return lines
