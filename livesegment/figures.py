"""The one table of figures: what is counted and measured, and how people and programs call it.

From it come `--stats`, the lines in the window, the page, `/metrics`, and what
`python tests/generate.py` writes: the table in `samples/deploy/README.md`, the dashboard's panels.
"""

from dataclasses import KW_ONLY, dataclass
from typing import Literal

Command = Literal["live", "annotate", "monitor"]

Kind = Literal["counter", "counter by kind", "duration", "rate", "cost"]
"""counter: only rises. counter by kind: one for each kind, such as an error's class. duration:
percentiles of a run, and its newest value. rate: over a run, and now. cost: calls by their
price."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table.

    Attributes:
        name: What `count` and `measure` call it, and `--stats`; a duration's ends in `_ms`.
        unit: What is counted, or `ms`, `frames/s`, `price`.
        help: What it means, in one sentence.
        kind: What kind of number it is.
        label: What people call it on the page, in up to 12 letters.
        panel: Title of the dashboard's panel that shows it.
        by: The commands that count it.
        hud: Its line in the window, with `{}` for the value; empty: it has none.
        key: What the page's JSON calls it; as a rule its name, durations in seconds.
        exported: What /metrics calls it, without `livesegment_` and `_total`.
        is_gauge: /metrics has a duration's newest value, not a histogram.
        is_first: On the page it stands under the picture, not among the other counters, and the
            HUD shows it also where it is 0.
    """

    name: str
    unit: str
    help: str
    _: KW_ONLY
    kind: Kind = "counter"
    label: str
    panel: str
    by: tuple[Command, ...] = ("live",)
    hud: str = ""
    key: str = ""
    exported: str = ""
    is_gauge: bool = False
    is_first: bool = False

    def __post_init__(self) -> None:
        stem = self.name.removesuffix("_ms")
        is_duration = self.kind == "duration"
        if not self.key:
            object.__setattr__(self, "key", f"{stem}_s" if is_duration else self.name)
        if not self.exported:
            object.__setattr__(self, "exported", f"{stem}_seconds" if is_duration else self.name)

    @property
    def is_shown(self) -> bool:
        """Whether the page and /metrics have it: a run or camera that goes on can have it."""
        return self.by != ("annotate",)


_FRAMES, _LEFT_OUT = "Frames captured and shown", "Frames not sent, not written, hidden"
_ERRORS, _ANSWERS, _REPAIRS = "Errors by kind", "Answers", "Reconnects and ended processes"

_ROWS = (
    Figure(
        "fps_shown",
        "frames/s",
        "Frames shown a second: now, and in `--stats` from the first to the last frame shown.",
        kind="rate",
        label="Frames/s",
        panel=_FRAMES,
        hud="{} frames/s",
        key="frames_per_s",
        exported="frames_shown_per_second",
        is_first=True,
    ),
    Figure(
        "mask_age_ms",
        "ms",
        "How much older the mask's frame is, at every frame shown with a mask.",
        kind="duration",
        label="Mask age",
        panel="Age of masks",
        hud="mask {} old",
        is_gauge=True,
        is_first=True,
    ),
    Figure(
        "round_trip_ms",
        "ms",
        "From asking for a mask to having it.",
        kind="duration",
        label="Round trip",
        panel="Round trip",
        by=("live", "annotate"),
        hud="round trip {}",
        is_first=True,
    ),
    Figure(
        "capture_to_show_ms",
        "ms",
        "From capturing a frame to showing it.",
        kind="duration",
        label="Shown after",
        panel="From capture to show",
    ),
    Figure(
        "calls",
        "calls",
        "Calls made to the endpoint.",
        label="Calls",
        panel="Calls an hour",
        by=("live", "annotate"),
        hud="{} calls",
        is_first=True,
    ),
    Figure(
        "cost",
        "price",
        "What the calls cost, where a price is known.",
        kind="cost",
        label="Cost",
        panel="Cost",
        is_first=True,
    ),
    Figure(
        "errors",
        "errors",
        "Calls that failed, by kind.",
        kind="counter by kind",
        label="Failed calls",
        panel=_ERRORS,
        by=("live", "annotate"),
    ),
    Figure(
        "errors_retried",
        "errors",
        "Calls that failed and were made again.",
        label="Tried again",
        panel=_ERRORS,
        by=("annotate",),
    ),
    Figure(
        "masks_received",
        "masks",
        "Answers of the model.",
        label="Answers",
        panel=_ANSWERS,
        by=("live", "annotate"),
    ),
    Figure(
        "masks_stale",
        "masks",
        "Answers later than a newer frame's.",
        label="Overtaken",
        panel=_ANSWERS,
    ),
    Figure(
        "masks_recalled",
        "masks",
        "Answers from the journal of an earlier run.",
        label="Recalled",
        panel=_ANSWERS,
        by=("annotate",),
    ),
    Figure(
        "frames_captured", "frames", "Frames read from the source.", label="Captured", panel=_FRAMES
    ),
    Figure(
        "frames_shown", "frames", "Frames shown, each counted once.", label="Shown", panel=_FRAMES
    ),
    Figure(
        "frames_published",
        "frames",
        "Frames sent as published streams, those that stand still again and again.",
        label="Published",
        panel=_FRAMES,
    ),
    Figure("frames_submitted", "frames", "Frames sent to the model.", label="Sent", panel=_FRAMES),
    Figure(
        "frames_dropped",
        "frames",
        "Frames not sent to the model, because a newer one came.",
        label="Skipped",
        panel=_LEFT_OUT,
    ),
    Figure(
        "frames_unwritten",
        "frames",
        "Frames that a recording could not take: it is too slow, or its disk full.",
        label="Not written",
        panel=_LEFT_OUT,
        hud="frames not written: {}",
    ),
    Figure(
        "frames_hidden",
        "frames",
        "Frames hidden whole by `--redact` or `--background`, for want of a mask to be trusted.",
        label="Hidden",
        panel=_LEFT_OUT,
        by=("live", "annotate"),
    ),
    Figure(
        "reconnects",
        "times",
        "How often a lost source came back.",
        label="Reconnects",
        panel=_REPAIRS,
    ),
    Figure(
        "loops",
        "times",
        "How often the source began again at its end, with `--loop`.",
        label="Loops",
        panel="Loops",
    ),
    Figure(
        "stream_losses",
        "times",
        "How often a published stream was lost; it is sent again once its receiver is back.",
        label="Streams lost",
        panel=_REPAIRS,
        hud="streams lost: {}",
    ),
    Figure(
        "process_ends",
        "times",
        "How often the camera's process ended without being asked to.",
        label="Restarts",
        panel=_REPAIRS,
        by=("monitor",),
    ),
    Figure(
        "events",
        "events",
        "Begins and ends of events that the rules noticed.",
        label="Events",
        panel="Events",
    ),
    Figure(
        "events_lost",
        "events",
        "Begins and ends of events that could not be delivered somewhere.",
        label="Events lost",
        panel="Events",
        hud="events lost: {}",
    ),
)

FIGURES: dict[str, Figure] = {row.name: row for row in _ROWS}
"""Every figure by its name, in the order in which people see them."""


def shown_figures() -> list[Figure]:
    """Return what the page and /metrics have."""
    return [figure for figure in FIGURES.values() if figure.is_shown]
