"""The index of what was seen and recorded: a cache in SQLite of what files say."""

import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from livesegment.resource import Resource
from livesegment.review.entry import Noted
from livesegment.review.query import COLUMNS, Wanted, newest_first
from livesegment.review.tables import Tables

_OF_CAMERA = ("entries", "sources", "seen")
_BEGIN = """
INSERT INTO entries (camera, kind, id, began_s, began, rule, subject, class, coverage, count,
    counted, snapshot, clip, source) VALUES (?, 'event', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET source = coalesce(excluded.source, source)
"""
_END = """
UPDATE entries SET ended_s = ?, ended = ?, clip = coalesce(?, clip)
WHERE camera = ? AND kind = 'event' AND id = ?
"""
_PRUNE_EVERY = 100
_PRUNE = """
DELETE FROM entries WHERE camera = ? AND kind = 'event' AND source IS NULL AND began_s < (
    SELECT began_s FROM entries WHERE camera = ? AND kind = 'event' AND source IS NULL
    ORDER BY began_s DESC LIMIT 1 OFFSET 999
)
"""
_RECORDING = """
INSERT OR REPLACE INTO entries (camera, kind, id, began_s, ended_s, size, mtime_s)
VALUES (?, 'recording', ?, ?, ?, ?, ?)
"""
_RECORDINGS = """SELECT id, began_s, ended_s, size, mtime_s FROM entries
WHERE camera = ? AND kind = 'recording'"""


@dataclass(frozen=True, slots=True)
class Recording:
    """A file of a recording.

    Attributes:
        name: Of the file.
        began_s: When its first picture was taken, seconds since 1970.
        ended_s: When its last one was, as far as it has come.
        size: Bytes.
        mtime_s: When it was last written to.
    """

    name: str
    began_s: float
    ended_s: float
    size: int
    mtime_s: float


class Index(Resource):
    """All events and recordings of all cameras, by time; for any thread.

    It holds what files say, and what runs tell that have no file. Whoever reads the files finds it
    empty where it was lost, and fills it again.

    Args:
        path: Where it is; None: in memory.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._tables = Tables(path)
        self._lock = threading.Lock()
        self._going_on: set[tuple[str, str]] = set()
        self._revisions: dict[str, int] = {}
        self._is_stopping = False
        self._told = 0

    def stop(self) -> None:
        """Say that nothing more is to be read into it."""
        self._is_stopping = True

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._is_stopping = True
        self._tables.close()

    @property
    def is_stopping(self) -> bool:
        """Whether nothing more is to be read into it."""
        return self._is_stopping

    @property
    def generation(self) -> int:
        """A number that rises when it is begun anew, and empty."""
        return self._tables.generation

    def revision(self, camera: str) -> int:
        """Return a number that rises with every change of a camera's events."""
        return self._revisions.get(camera, 0)

    def note(self, camera: str, noted: Noted) -> None:
        """Take in what a run tells, before it stands in a file.

        Of what stands in none the newest thousand or so of a camera stay.
        """
        key = (camera, noted.id)
        (self._going_on.discard if noted.is_end else self._going_on.add)(key)
        self._told += 1
        self._tables.do(lambda tables: _add(tables, camera, noted, None))
        if self._told % _PRUNE_EVERY == 0:
            self._tables.do(lambda tables: tables.execute(_PRUNE, (camera, camera)))
        self._change(camera)

    def end_all(self, camera: str) -> None:
        """Note that nobody watches any more: that what went on is not known further."""
        over = {each for each in self._going_on if each[0] == camera}
        if over:
            self._going_on -= over
            self._change(camera)

    def entries(self, wanted: Wanted) -> list[dict[str, Any]]:
        """Return entries, newest first, as columns by name; `goes_on` tells of an event."""
        asked, values = newest_first(wanted)
        rows = self._tables.do(lambda tables: tables.execute(asked, values).fetchall())
        return [self._entry(row) for row in rows]

    def event(self, camera: str, event_id: str) -> dict[str, Any] | None:
        """Return one event; None if there is none."""
        asked = f"SELECT {COLUMNS} FROM entries WHERE camera = ? AND kind = 'event' AND id = ?"
        row = self._tables.do(lambda tables: tables.execute(asked, (camera, event_id)).fetchone())
        return None if row is None else self._entry(row)

    def names(self, column: Literal["rule", "class"]) -> list[str]:
        """Return every rule or class that there are events of."""
        asked = f"SELECT DISTINCT {column} FROM entries WHERE {column} IS NOT NULL ORDER BY 1"
        rows = self._tables.do(lambda tables: tables.execute(asked).fetchall())
        return [row[0] for row in rows]

    def recordings(self, camera: str, from_s: float, to_s: float, most: int) -> list[Recording]:
        """Return what was recorded in a time, oldest first."""
        first = self.newest_recording(camera, from_s)
        since_s = from_s if first is None else first.began_s
        asked = f"{_RECORDINGS} AND began_s >= ? AND began_s < ? AND ended_s > ?"
        asked += " ORDER BY began_s LIMIT ?"
        values = (camera, since_s, to_s, from_s, most)
        rows = self._tables.do(lambda tables: tables.execute(asked, values).fetchall())
        return [Recording(*row) for row in rows]

    def recording(self, camera: str, name: str) -> Recording | None:
        """Return a file of a recording; None if there is none of that name."""
        asked = f"{_RECORDINGS} AND id = ?"
        row = self._tables.do(lambda tables: tables.execute(asked, (camera, name)).fetchone())
        return None if row is None else Recording(*row)

    def newest_recording(self, camera: str, until_s: float = 1e12) -> Recording | None:
        """Return the file of a camera's recording that was begun last up to a time, if any was."""
        asked = f"{_RECORDINGS} AND began_s <= ? ORDER BY began_s DESC LIMIT 1"
        row = self._tables.do(lambda tables: tables.execute(asked, (camera, until_s)).fetchone())
        return None if row is None else Recording(*row)

    def names_file(self, camera: str, name: str) -> bool:
        """Tell whether an event of a camera names a picture or a clip."""
        asked = "SELECT 1 FROM entries WHERE {} = ? AND camera = ?"
        asked = " UNION ALL ".join(asked.format(each) for each in ("snapshot", "clip"))
        values = (name, camera, name, camera)
        return self._tables.do(lambda tables: tables.execute(asked, values).fetchone()) is not None

    def keep_to(self, places: Mapping[str, str]) -> None:
        """Forget all that is not of these cameras, or was elsewhere; and what no file has told.

        Args:
            places: Where the files of each camera are, by their names.
        """

        def forget(tables: sqlite3.Connection) -> None:
            known = dict(tables.execute("SELECT camera, place FROM places"))
            for camera in known.keys() | places.keys():
                if known.get(camera) != places.get(camera):
                    _wipe(tables, camera)
                    tables.execute("DELETE FROM places WHERE camera = ?", (camera,))
            for camera, place in places.items():
                tables.execute("INSERT OR IGNORE INTO places VALUES (?, ?)", (camera, place))

        self._tables.do(forget)

    def forget_untold(self) -> None:
        """Forget events that no file has told: those of a run that is over."""
        self._tables.do(
            lambda tables: tables.execute(
                "DELETE FROM entries WHERE kind = 'event' AND source IS NULL"
            )
        )

    # What follows is for whoever reads the files.

    def offsets(self, camera: str) -> dict[str, int]:
        """Return how far each file of a camera's events has been read, by what it is."""
        asked = "SELECT source, offset FROM sources WHERE camera = ?"
        return dict(self._tables.do(lambda tables: tables.execute(asked, (camera,)).fetchall()))

    def add(self, camera: str, source: str, noted: Iterable[Noted], offset: int) -> None:
        """Take in what a file says, and how far it has been read, both or neither."""
        events = list(noted)

        def add(tables: sqlite3.Connection) -> None:
            for each in events:
                _add(tables, camera, each, source)
            tables.execute(
                "INSERT OR REPLACE INTO sources VALUES (?, ?, ?)", (camera, source, offset)
            )

        self._tables.do(add)
        if events:
            self._change(camera)

    def drop(self, camera: str, sources: Iterable[str] | None = None) -> None:
        """Forget events of files that are no more, or all events of a camera."""

        def drop(tables: sqlite3.Connection) -> None:
            if sources is None:
                asked = "DELETE FROM entries WHERE camera = ? AND kind = 'event'"
                tables.execute(asked, (camera,))
                tables.execute("DELETE FROM sources WHERE camera = ?", (camera,))
                return
            for each in sources:
                for table in ("entries", "sources"):
                    asked = f"DELETE FROM {table} WHERE camera = ? AND source = ?"
                    tables.execute(asked, (camera, each))

        self._tables.do(drop)
        self._change(camera)

    def all_recordings(self, camera: str) -> dict[str, Recording]:
        """Return every file of a camera's recording by its name."""
        found = self.recordings(camera, -1.0, 1e12, -1)
        return {each.name: each for each in found}

    def set_recordings(
        self, camera: str, changed: Iterable[Recording], gone: Iterable[str] = ()
    ) -> None:
        """Take in files of a recording that are new or have grown, and those that are no more."""
        rows = [
            (camera, each.name, each.began_s, each.ended_s, each.size, each.mtime_s)
            for each in changed
        ]
        names = [(camera, name) for name in gone]

        def change(tables: sqlite3.Connection) -> None:
            asked = "DELETE FROM entries WHERE camera = ? AND kind = 'recording' AND id = ?"
            tables.executemany(asked, names)
            tables.executemany(_RECORDING, rows)

        if rows or names:
            self._tables.do(change)

    def set_seen(self, camera: str, events: Iterable[str]) -> None:
        """Take in which events of a camera were marked as seen: these, and no others."""
        rows = [(camera, each) for each in events]

        def change(tables: sqlite3.Connection) -> None:
            tables.execute("DELETE FROM seen WHERE camera = ?", (camera,))
            tables.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", rows)

        self._tables.do(change)

    def mark(self, camera: str, events: Iterable[str], *, is_seen: bool) -> None:
        """Take in that some events were marked as seen, or as not seen."""
        rows = [(camera, each) for each in events]
        asked = (
            "INSERT OR IGNORE INTO seen VALUES (?, ?)"
            if is_seen
            else "DELETE FROM seen WHERE camera = ? AND id = ?"
        )
        self._tables.do(lambda tables: tables.executemany(asked, rows))

    def _entry(self, row: sqlite3.Row) -> dict[str, Any]:
        entry = dict(row)
        entry["is_seen"] = bool(entry["is_seen"])
        key = (entry["camera"], entry["id"])
        entry["goes_on"] = entry["ended_s"] is None and key in self._going_on
        return entry

    def _change(self, camera: str) -> None:
        with self._lock:
            self._revisions[camera] = self._revisions.get(camera, 0) + 1


def _add(tables: sqlite3.Connection, camera: str, noted: Noted, source: str | None) -> None:
    if noted.is_end:
        tables.execute(_END, (noted.time_s, noted.time, noted.clip, camera, noted.id))
        return
    tables.execute(
        _BEGIN,
        (
            *(camera, noted.id, noted.time_s, noted.time),
            *(noted.rule, noted.subject, noted.class_name),
            *(noted.coverage, noted.count, noted.counted, noted.snapshot, noted.clip, source),
        ),
    )


def _wipe(tables: sqlite3.Connection, camera: str) -> None:
    for table in _OF_CAMERA:
        tables.execute(f"DELETE FROM {table} WHERE camera = ?", (camera,))
