"""The lines of the HUD."""

from collections import deque

from livesegment.engine.mask_choice import ChosenMask
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
        elapsed_s = self._times[-1] - self._times[0] if self._times else 0.0
        # Two frames may have one time: the clock of Windows goes in steps of 16 ms.
        return (len(self._times) - 1) / elapsed_s if elapsed_s > 0 else 0.0


def hud_lines(
    frames_per_s: float,
    chosen: ChosenMask,
    align: str,
    calls: str,
    trouble: EndpointError | None,
    delay_s: float = 0.0,
) -> list[str]:
    """Return what the HUD says.

    Args:
        frames_per_s: Frames shown a second.
        chosen: The mask on the picture.
        align: Name of the alignment.
        calls: The calls so far, in words.
        trouble: What the endpoint's latest answer was, if it was an error.
        delay_s: How long the picture is held back.
    """
    lines = [f"{frames_per_s:.1f} frames/s"]
    if chosen.arrived is None:
        lines.append("waiting for the first mask")
    else:
        age = f"mask {chosen.age_s * 1000:.0f} ms old, {align}"
        lines.append(age if chosen.mask is not None else f"{age}: not shown")
        lines.append(f"round trip {chosen.arrived.round_trip_s * 1000:.0f} ms")
    if delay_s > 0:
        lines.append(f"picture {delay_s * 1000:.0f} ms late")
    lines.append(calls)
    if trouble is not None:
        lines.append(f"{type(trouble).__name__}: waiting for the endpoint")
    return lines
