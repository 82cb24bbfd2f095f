"""What the page of the past asks for, as it is written in addresses and bodies."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from starlette.exceptions import HTTPException

from livesegment.review.query import EntryKind, Wanted

MOST_ENTRIES = 200
MOST_MARKED = 1000


def wanted_entries(query: Mapping[str, str], cameras: Sequence[str]) -> Wanted:
    """Return which entries a query asks for, of some cameras.

    Raises:
        HTTPException: If something in it is wrong.
    """
    kind: Any = query.get("kind") or None
    if kind is not None and kind not in get_args(EntryKind):
        raise HTTPException(400, f"kind is one of {', '.join(get_args(EntryKind))}")
    asked = query.get("camera")
    limit = query.get("limit", "50")
    if not (limit.isdecimal() and len(limit) <= 9 and 0 < int(limit) <= MOST_ENTRIES):
        raise HTTPException(400, f"limit is a number from 1 to {MOST_ENTRIES}")
    since_s, until_s = asked_span(query, 0.0, 1e12)
    return Wanted(
        cameras=[each for each in cameras if not asked or each == asked],
        kind=kind,
        rule=query.get("rule") or None,
        class_name=query.get("class") or None,
        only_unseen=query.get("unseen") == "1",
        since_s=since_s,
        until_s=until_s,
        before=_read_place(query.get("before")),
        most=int(limit),
    )


def sent_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry as it is sent."""
    same = ("camera", "kind", "id", "rule", "subject", "class", "coverage", "count", "counted")
    files = ("snapshot", "clip", "partial", "recording", "size", "is_seen", "goes_on")
    return {
        **{name: entry[name] for name in (*same, *files)},
        "began": entry["began_s"],
        "ended": entry["ended_s"],
    }


def place_of(entry: Mapping[str, Any]) -> str:
    """Return what says where in the list an entry stands."""
    return f"{entry['began_s']!r}~{entry['camera']}~{entry['kind']}~{entry['id']}"


def _read_place(text: str | None) -> tuple[float, str, str, str] | None:
    if not text:
        return None
    began, *names = text.split("~", 3)
    if len(names) != 3:
        raise HTTPException(400, "before is what an answer has as next")
    return _seconds("before", began), names[0], names[1], names[2]


def asked_span(
    query: Mapping[str, str], since_s: float | None = None, until_s: float | None = None
) -> tuple[float, float]:
    """Return from when to when, seconds since 1970; without defaults both have to be given.

    Raises:
        HTTPException: If they are not, or are no such times.
    """
    given = []
    for name, default in (("since", since_s), ("until", until_s)):
        if name in query:
            given.append(_seconds(name, query[name]))
        elif default is None:
            raise HTTPException(400, "since and until say of what time, in seconds since 1970")
        else:
            given.append(default)
    if given[1] <= given[0]:
        raise HTTPException(400, "until comes after since")
    return given[0], given[1]


def _seconds(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1e12:
        raise HTTPException(400, f"{name} is a number of seconds since 1970")
    return value


def asked_marking(sent: object) -> tuple[str, list[str], bool]:
    """Return of which camera which events are to be marked, and whether as seen.

    Raises:
        HTTPException: If a body says nothing of the kind.
    """
    said: Mapping[str, Any] = sent if isinstance(sent, dict) else {}
    camera, events, is_seen = said.get("camera"), said.get("events"), said.get("is_seen")
    if isinstance(camera, str) and isinstance(events, list) and isinstance(is_seen, bool):
        if len(events) > MOST_MARKED:
            raise HTTPException(400, f"{MOST_MARKED} events are marked at once, at the most")
        if all(isinstance(each, str) for each in events):
            return camera, events, is_seen
    raise HTTPException(400, 'a mark is {"camera": "...", "events": ["..."], "is_seen": true}')
