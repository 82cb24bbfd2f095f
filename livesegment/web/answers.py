"""What the page answers in JSON, and the JSON Schemas of that."""

from dataclasses import asdict
from typing import Any, get_args

from livesegment.figures import Figure, shown_figures
from livesegment.metrics import Circuit
from livesegment.openapi import NUMBER, TEXT, any_of, list_of, or_null, record
from livesegment.review.query import EntryKind
from livesegment.web.controls import shown_controls, values_schema
from livesegment.web.feed import CameraState, EndpointState, Feed

_WHETHER = {"type": "boolean"}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_COUNT = {"type": "integer", "minimum": 0}

HEALTH = record(status={"enum": ["ok", "hangs"]})
READINESS = {
    "type": "object",
    "properties": {"status": {"enum": ["ready", "not ready"]}, "cameras_missing": _COUNT},
    "required": ["status"],
}

VALUES = values_schema()

_FIGURE = record(key=TEXT, label=TEXT, help=TEXT, unit=TEXT, is_first=_WHETHER)
_CLASS = record(name=TEXT, colour={"type": "string", "pattern": "^#[0-9a-f]{6}$"}, share=_SHARE)
_POINT = {
    "type": "array",
    "description": "A second since the epoch, and the share of each class at it.",
    "items": any_of((_COUNT, {"type": "object", "additionalProperties": _SHARE})),
    "minItems": 2,
    "maxItems": 2,
}
_CAMERA = record(
    name=TEXT,
    title=TEXT,
    state={"enum": list(get_args(CameraState))},
    state_text=TEXT,
    since=or_null(NUMBER),
    endpoint={"enum": list(get_args(EndpointState))},
    endpoint_text=TEXT,
    circuit={"enum": list(get_args(Circuit))},
    is_hidden=_WHETHER,
    classes=list_of(_CLASS),
    currency=or_null(TEXT),
    figures=record(**{figure.key: or_null(NUMBER) for figure in shown_figures()}),
    controls=VALUES,
    inlet=or_null(record(max_side=_COUNT, is_taken=_WHETHER)),
    events_revision=_COUNT,
    history=list_of(_POINT),
)
CAMERAS = record(
    now=NUMBER,
    needs_login=_WHETHER,
    role={"enum": ["look", "change"], "description": "What you may do."},
    can_save={"type": "boolean", "description": "Whether /api/settings has a file to change."},
    phones={**_COUNT, "description": "How many addresses are told of events."},
    figures=list_of(_FIGURE),
    cameras=list_of(_CAMERA),
)
CONTROLS = record(
    controls=list_of(
        record(name=TEXT, label=TEXT, kind={"enum": ["switch", "slider", "choice", "classes"]})
    ),
    keys=list_of(record(shown=TEXT, does=TEXT)),
)
_EVENT = record(
    **dict.fromkeys(("id", "rule", "subject", "began"), TEXT),
    **dict.fromkeys(("class", "counted", "snapshot", "clip", "ended"), or_null(TEXT)),
    **dict.fromkeys(("coverage", "count"), or_null(NUMBER)),
    **dict.fromkeys(("goes_on", "is_recorded"), _WHETHER),
)
EVENTS = record(events=list_of(_EVENT))
ENTRY = record(
    **dict.fromkeys(("camera", "id"), TEXT),
    kind={"enum": list(get_args(EntryKind))},
    **dict.fromkeys(("rule", "subject", "class", "counted"), or_null(TEXT)),
    **dict.fromkeys(("snapshot", "clip", "partial"), or_null(TEXT)),
    **dict.fromkeys(("coverage", "count", "size", "ended"), or_null(NUMBER)),
    **dict.fromkeys(("is_seen", "goes_on"), _WHETHER),
    began=NUMBER,
    recording=or_null(record(file=TEXT, at_s=NUMBER)),
)
_NAMED = record(name=TEXT, title=TEXT)
ENTRIES = record(
    now=NUMBER,
    role={"enum": ["look", "change"], "description": "What you may do."},
    is_complete={**_WHETHER, "description": "Whether all files have been read."},
    cameras=list_of(_NAMED),
    rules=list_of(TEXT),
    classes=list_of(TEXT),
    entries=list_of(ENTRY),
    next={**or_null(TEXT), "description": "`before` of the next page; null: there is none."},
)
TIMELINE = record(
    now=NUMBER,
    is_complete=_WHETHER,
    cameras=list_of(
        record(
            name=TEXT,
            title=TEXT,
            recordings=list_of(record(file=TEXT, began=NUMBER, ended=NUMBER)),
            events=list_of(
                record(id=TEXT, rule=TEXT, began=NUMBER, ended=or_null(NUMBER), goes_on=_WHETHER)
            ),
        )
    ),
)
FRAGMENTS = record(
    type=TEXT,
    head=_COUNT,
    fragments=list_of(
        {
            "type": "array",
            "description": "Where a fragment begins, in bytes, and when it is shown, in seconds.",
            "items": NUMBER,
            "minItems": 2,
            "maxItems": 2,
        }
    ),
    end=_COUNT,
    ended=NUMBER,
    grows=_WHETHER,
)
TOLD = record(told=list_of(record(place=TEXT, is_told=_WHETHER)))


def figure_row(figure: Figure) -> dict[str, Any]:
    """Return what the page has to know to draw a figure."""
    return {
        "key": figure.key,
        "label": figure.label,
        "help": figure.help.replace("`", ""),
        "unit": "s" if figure.kind == "duration" else figure.unit,
        "is_first": figure.is_first,
    }


def camera_report(feed: Feed, after: int) -> dict[str, Any]:
    """Return all that is known of a camera but its picture; its history after a second."""
    return {
        "name": feed.name,
        "title": feed.title,
        **asdict(feed.report()),
        "currency": feed.currency,
        "figures": feed.figures(),
        "controls": shown_controls(feed.controls()),
        "inlet": _inlet_report(feed),
        "events_revision": feed.events.revision,
        "history": [[point.second, dict(point.shares)] for point in feed.history(after)],
    }


def _inlet_report(feed: Feed) -> dict[str, Any] | None:
    """Return what a page has to know that may send its camera's pictures."""
    inlet = feed.inlet
    return None if inlet is None else {"max_side": inlet.max_side, "is_taken": inlet.is_taken}
