"""What is written on a picture: the HUD, a line for each figure that has one; sentences."""

import time
from collections import deque
from collections.abc import Callable

from livesegment.calls.asked_pause import AskedPause
from livesegment.errors import EndpointError
from livesegment.figures import FIGURES, Figure
from livesegment.live.alignment import ChosenMask
from livesegment.metrics import Metrics
from livesegment.settings.controls import Controls
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


class Remark:
    """Says for a moment what the user has just done.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: tuple[str, float] | None = None
        self._opacity: float | None = None

    def say(self, text: str) -> None:
        """Have a sentence shown, in place of the one before; from any thread."""
        self._said = text, self._clock() + REMARK_S

    def text(self, controls: Controls, *, has_ended: bool = False) -> str | None:
        """Return what to say at the moment; None: nothing. On the main thread only.

        Why a picture stands still is said for as long as it does: it looks like one that hangs.

        Args:
            controls: The user's wishes.
            has_ended: Whether it was the last picture.
        """
        if self._opacity not in (None, controls.opacity):
            self.say(f"opacity {controls.opacity:.0%}")
        self._opacity = controls.opacity
        said = self._said
        # Who hides the HUD wants to see the picture alone.
        if controls.show_hud and said is not None and self._clock() < said[1]:
            return said[0]
        if has_ended:
            return "ended, q quits"
        return "paused, space goes on" if controls.paused else None


REMARK_S = 2.0
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


HudLines = Callable[[float, ChosenMask], list[str]]
"""Says what the HUD shows, given the frames a second and the mask on the picture."""

FIGURES_STAND_S = 0.1


class SteadyHud:
    """Lets the HUD's lines stand for a moment, while pictures go by.

    Figures that change with each picture cannot be read, and to draw them takes as long as all the
    rest of a picture.

    Args:
        say: Says what the HUD shows.
        clock: Monotonic seconds.
    """

    def __init__(self, say: HudLines, clock: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._clock = clock
        self._lines: list[str] = []
        self._of: object = None
        self._until_s = 0.0

    def lines(
        self, frames_per_s: float, chosen: ChosenMask, wishes: object, *, is_new: bool
    ) -> list[str]:
        """Return the lines for a picture.

        Args:
            frames_per_s: Frames shown a second.
            chosen: The mask on the picture.
            wishes: What else the lines depend on; when that is another, they do not stand.
            is_new: Whether it is a new picture; one that is drawn again may be looked at for long,
                so its lines are of the moment.
        """
        now_s = self._clock()
        of = wishes, chosen.mask is None, chosen.arrived is None
        if not is_new or of != self._of or now_s >= self._until_s:
            self._lines, self._of = self._say(frames_per_s, chosen), of
            self._until_s = now_s + FIGURES_STAND_S
        return self._lines


def hud_lines(
    metrics: Metrics,
    frames_per_s: float,
    chosen: ChosenMask,
    *,
    align: str,
    calls_used_up: bool = False,
    trouble: EndpointError | None = None,
    delay_s: float = 0.0,
    asked: AskedPause | None = None,
    outage: str = "",
) -> list[str]:
    """Return what the HUD says: figures, and beside them what they mean for the picture.

    Args:
        metrics: What the run counted.
        frames_per_s: Frames shown a second.
        chosen: The mask on the picture.
        align: Name of the alignment.
        calls_used_up: No call is allowed any more.
        trouble: What the endpoint's latest answer was, if it was an error.
        delay_s: How long the picture is held back.
        asked: The pause that the endpoint asked for, while it lasts.
        outage: How the outage goes on, in words; empty: there is none.
    """
    arrived = chosen.arrived
    moment = {
        "fps_shown": frames_per_s,
        "mask_age_ms": None if arrived is None else chosen.age_s,
        "round_trip_ms": None if arrived is None else arrived.round_trip_s,
    }
    remarks = {
        "mask_age_ms": f", {align}" if chosen.mask is not None else f", {align}: not shown",
        "calls": ", the limit" if calls_used_up else "",
    }
    below = {
        "fps_shown": "waiting for the first mask" if arrived is None else "",
        "round_trip_ms": f"picture {_milliseconds(delay_s)} late" if delay_s > 0 else "",
    }
    lines = []
    for figure in FIGURES.values():
        text = _text(figure, metrics, moment) if figure.hud else ""
        if text:
            lines.append(figure.hud.format(text) + remarks.get(figure.name, ""))
        lines.append(below.get(figure.name, ""))
    if trouble is not None:
        words = [trouble.in_short, outage or "waiting for it"]
        lines += words if asked is None else [asked.sentence]
    if asked is not None:
        lines.append(f"{asked.remainder(time.monotonic())}, r tries now")
    return [line for line in lines if line]


def _text(figure: Figure, metrics: Metrics, moment: dict[str, float | None]) -> str:
    """Return a figure's value in words; empty if there is nothing to say."""
    if figure.kind == "counter":
        count = metrics.get(figure.name)
        # Of what should not happen the picture is silent until it does.
        return str(count) if count or figure.is_first else ""
    value = moment.get(figure.name)
    if value is None:
        return ""
    return _milliseconds(value) if figure.kind == "duration" else f"{value:.1f}"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
