"""What a line of a file of events says, cleaned: whatever stands in a file may be anything."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

_LONGEST = 200  # letters of a name
_LONGEST_FILE = 255  # bytes, on all usual file systems
_LATEST_S = 253402300800.0  # the year 10000
_MOST_COUNTED = 2**31


@dataclass(frozen=True, slots=True)
class Noted:
    """The begin or the end of an event, as the index takes it.

    Attributes:
        id: The same for both.
        is_end: Whether it is the end.
        time_s: When, seconds since 1970.
        time: The same as ISO 8601 with the zone.
        rule: Name of the rule.
        subject: What it is about.
        class_name: The class; None: it is about none.
        coverage: Share of the zone, 0 to 1; None: not known.
        count: How many there were; None: not known.
        counted: Of what; None likewise.
        snapshot: Name of a picture, without any folder; None: there is none.
        clip: Name of a video likewise.
    """

    id: str
    is_end: bool
    time_s: float
    time: str
    rule: str
    subject: str
    class_name: str | None = None
    coverage: float | None = None
    count: int | None = None
    counted: str | None = None
    snapshot: str | None = None
    clip: str | None = None

    @classmethod
    def of(cls, said: object) -> "Noted | None":
        """Return what an event's fields say, as `Event.fields` has them; None if they are none."""
        if not isinstance(said, Mapping):
            return None
        event_id, moment = _text(said.get("id")), _moment(said.get("time"))
        kind = said.get("kind")
        if not event_id or moment is None or kind not in ("begin", "end"):
            return None
        count = said.get("count")
        is_counted = type(count) is int and 0 <= count < _MOST_COUNTED
        return cls(
            id=event_id,
            is_end=kind == "end",
            time_s=moment.timestamp(),
            time=moment.isoformat(timespec="milliseconds"),
            rule=_text(said.get("rule")) or "unnamed",
            subject=_text(said.get("subject")) or "coverage",
            class_name=_text(said.get("class")),
            coverage=_share(said.get("coverage")),
            count=count if is_counted else None,
            counted=_text(said.get("counted")) if is_counted else None,
            snapshot=file_name(said.get("snapshot"), ".jpg"),
            clip=file_name(said.get("clip"), ".mp4"),
        )


def file_name(said: Any, *suffixes: str) -> str | None:
    """Return the name of a file in a folder; None for what is none, or leads anywhere else."""
    if not isinstance(said, str) or not said.endswith(suffixes) or said.startswith("."):
        return None
    if PurePosixPath(said).name != said or not said.isprintable():
        return None
    try:
        size = len(said.encode())
    except UnicodeEncodeError:
        return None
    return said if size <= _LONGEST_FILE else None


def _text(said: Any) -> str | None:
    """Return a text that can be written and shown; None where there is none."""
    if not isinstance(said, str) or not said:
        return None
    shown = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in said)
    return shown[:_LONGEST]


def _share(said: Any) -> float | None:
    is_number = isinstance(said, int | float) and not isinstance(said, bool)
    return float(said) if is_number and math.isfinite(said) and 0 <= said <= 1 else None


def _moment(said: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(said)
        moment = moment if moment.tzinfo is not None else moment.astimezone()
        is_usual = 0 <= moment.timestamp() < _LATEST_S
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return moment if is_usual else None
