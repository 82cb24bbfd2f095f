"""Events to deliver."""

from typing import Any

from livesegment.events.event import Event


def event(number: int = 0, kind: str = "begin", **fields: Any) -> Event:
    """Return an event that is told from others by its number."""
    known = {"rule": "door", "subject": "coverage", "camera": "yard", "class_name": "person"}
    time = f"2026-11-23T15:51:{number % 60:02d}.000+01:00"
    return Event(id=f"{number:032x}", kind=kind, time=time, **{**known, **fields})
