"""The tables of the index in SQLite, in a file that may be lost, spoiled or in use."""

import logging
import sqlite3
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from livesegment.resource import Resource

logger = logging.getLogger(__name__)

T = TypeVar("T")

_VERSION = 1
_TABLES = f"""
CREATE TABLE entries (
    camera TEXT, kind TEXT, id TEXT, began_s REAL, ended_s REAL, began TEXT, ended TEXT,
    rule TEXT, subject TEXT,
    class TEXT, coverage REAL, count INTEGER, counted TEXT, snapshot TEXT, clip TEXT,
    size INTEGER, mtime_s REAL, source TEXT,
    PRIMARY KEY (camera, kind, id)
) WITHOUT ROWID;
CREATE INDEX by_time ON entries (began_s, camera, kind, id);
CREATE INDEX by_camera ON entries (camera, kind, began_s);
CREATE INDEX by_source ON entries (camera, source) WHERE source IS NOT NULL;
CREATE INDEX by_rule ON entries (rule, began_s) WHERE rule IS NOT NULL;
CREATE INDEX by_class ON entries (class, began_s) WHERE class IS NOT NULL;
CREATE INDEX by_snapshot ON entries (snapshot) WHERE snapshot IS NOT NULL;
CREATE INDEX by_clip ON entries (clip) WHERE clip IS NOT NULL;
CREATE TABLE sources (camera TEXT, source TEXT, offset INTEGER, PRIMARY KEY (camera, source));
CREATE TABLE seen (camera TEXT, id TEXT, PRIMARY KEY (camera, id)) WITHOUT ROWID;
CREATE TABLE places (camera TEXT PRIMARY KEY, place TEXT);
PRAGMA user_version = {_VERSION};
"""


class Tables(Resource):
    """Keeps the tables of an index, empty where nobody kept them before; for any thread.

    A file that is spoiled or of another version is begun anew, and one that cannot be had is done
    without: all is in memory then.

    Args:
        path: The file; None: in memory.

    Attributes:
        generation: A number that rises when they are begun anew, and empty.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.RLock()
        self._is_closed = False
        self.generation = 0
        self._open()

    def close(self) -> None:
        """Close the file. May be called twice."""
        with self._lock:
            self._is_closed = True
            with suppress(sqlite3.Error):
                self._tables.close()

    def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something in one transaction; in an index begun anew where this one is spoiled."""
        with self._lock:
            try:
                with self._tables:
                    return work(self._tables)
            except sqlite3.DatabaseError as error:
                if self._is_closed or self._path is None:
                    raise
                self._replace(error)
            with self._tables:
                return work(self._tables)

    def _open(self) -> None:
        if self._path is None:
            self._connect(":memory:")
            return
        with suppress(OSError):  # who opens it says so
            self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connect(self._path)
        except sqlite3.Error as error:
            self._replace(error)

    def _connect(self, path: Path | str) -> None:
        self._tables = _connected(path)
        weakref.finalize(self, self._tables.close)  # for one that nobody closes

    def _replace(self, error: sqlite3.Error) -> None:
        """Begin anew where the file is spoiled, and do without where it cannot be had.

        What somebody else holds, or a disk has no room for, is not spoiled.
        """
        self.generation += 1
        with suppress(AttributeError, sqlite3.Error):
            self._tables.close()
        if self._path is not None and _is_spoiled(error):
            logger.warning("%s is begun anew: %s", self._path, error)
            try:
                for each in ("", "-wal", "-shm"):
                    self._path.with_name(f"{self._path.name}{each}").unlink(missing_ok=True)
                self._connect(self._path)
            except (OSError, sqlite3.Error) as another:
                error = another if isinstance(another, sqlite3.Error) else error
            else:
                return
        if self._path is not None:
            logger.warning("%s cannot be used: %s; it is kept in memory", self._path, error)
        self._path = None
        self._connect(":memory:")


_UNUSABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
    }
)


def _is_spoiled(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & 0xFF not in _UNUSABLE  # the other bits say more of the same


def _connected(path: Path | str) -> sqlite3.Connection:
    """Return an index that is open, empty if it is new.

    Raises:
        sqlite3.Error: If it is none, or of another version.
    """
    tables = sqlite3.connect(path, timeout=5.0, check_same_thread=False)
    try:
        tables.row_factory = sqlite3.Row
        # What a power cut takes of it is read again.
        tables.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;"
        )
        version = tables.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            tables.executescript(f"BEGIN; {_TABLES} COMMIT;")
        elif version != _VERSION:
            raise sqlite3.DatabaseError(f"it is of version {version}")
        tables.execute("SELECT count(*) FROM places").fetchone()
    except sqlite3.Error:
        tables.close()
        raise
    return tables
