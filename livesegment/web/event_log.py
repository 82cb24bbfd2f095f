"""The newest events of one camera, as the page lists them."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_MOST = 50


class EventLog:
    """Joins begin and end of each event, and knows which files may be looked at.

    All methods may be called from any thread.

    Attributes:
        folder: Where snapshots and clips are; None: there are none.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._revision = 0

    @property
    def revision(self) -> int:
        """A number that rises with every change."""
        return self._revision

    def note(self, event: Mapping[str, Any]) -> None:
        """Take an event as `events.event.Event.fields` has it."""
        with self._lock:
            self._revision += 1
            entry = self._entries.get(event["id"])
            if event["kind"] == "end":
                if entry is not None:
                    entry["ended"] = event["time"]
                    entry["clip"] = event["clip"] or entry["clip"]
                return
            names = (
                "id",
                "rule",
                "subject",
                "class",
                "coverage",
                "count",
                "counted",
                "snapshot",
                "clip",
            )
            self._entries[event["id"]] = {
                **{name: event.get(name) for name in names},
                "began": event["time"],
                "ended": None,
            }
            while len(self._entries) > _MOST:
                self._entries.popitem(last=False)

    def load(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Take the events of earlier runs, oldest first; none of them goes on."""
        time = None
        for event in events:
            self.note(event)
            time = event["time"]
        if time is not None:
            self.end_all(time)

    def end_all(self, time: str) -> None:
        """Note that nobody watches any more, so that what went on is not known further.

        Args:
            time: When, as ISO 8601 with the zone.
        """
        with self._lock:
            for entry in self._entries.values():
                if entry["ended"] is None:
                    self._revision += 1
                    entry["ended"] = time

    def recent(self) -> list[dict[str, Any]]:
        """Return the events, newest first; `ended` is None while one goes on."""
        with self._lock:
            return [dict(entry) for entry in reversed(self._entries.values())]

    def file(self, name: str) -> Path | None:
        """Return a snapshot or clip that an event names; None if none does, or it is not there."""
        with self._lock:
            named = {entry[key] for entry in self._entries.values() for key in ("snapshot", "clip")}
        if self.folder is None or name not in named:
            return None
        path = self.folder / name
        return path if path.is_file() else None
