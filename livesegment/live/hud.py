"""What the window's picture says of the run: a line for each figure that has one in the table."""

from livesegment.errors import EndpointError
from livesegment.figures import FIGURES, Figure
from livesegment.live.alignment import ChosenMask
from livesegment.metrics import Metrics


def hud_lines(
    metrics: Metrics,
    frames_per_s: float,
    chosen: ChosenMask,
    *,
    align: str,
    calls_used_up: bool = False,
    trouble: EndpointError | None = None,
    delay_s: float = 0.0,
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
        lines.append(f"{type(trouble).__name__}: waiting for the endpoint")
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
