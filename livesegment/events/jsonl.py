"""Events as lines of JSON in a file."""

import errno
import logging
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from livesegment.errors import OutputNotWritable, system_words
from livesegment.events.delivery import Courier, OnLost
from livesegment.events.event import Event

logger = logging.getLogger(__name__)

_TAIL = 65536  # more than a line can be long
_KEEP = 5


class JsonlFile(Courier):
    """Appends each event as a line, handed to the disk before the next one is looked at.

    When a line would make `events.jsonl` larger than `most_bytes`, the file becomes
    `events.jsonl.1`, that one `events.jsonl.2` and so on, and the oldest is removed. A line that a
    crash or power cut has torn off is removed before the next one is written.

    Args:
        path: The file; what is in it stays.
        on_lost: Told how many events could not be written.
        most_bytes: Size at which a new file is begun.
        keep: Full files that stay beside it.

    Raises:
        OutputNotWritable: If the file cannot be written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        on_lost: OnLost = lambda _: None,
        *,
        most_bytes: int = 10_000_000,
        keep: int = _KEEP,
    ) -> None:
        self._path = Path(path)
        super().__init__(str(self._path), on_lost)
        self._most_bytes = most_bytes
        self._keep = keep
        self._has_failed = False
        try:
            self._file: FileIO | None = _open(self._path)
        except OSError as error:
            reason = system_words(error)
            raise OutputNotWritable(f"cannot write {self._path}: {reason}") from error
        self._start()

    def close(self) -> None:
        """Write what waits, and close the file. May be called twice."""
        super().close()
        if self._file is not None:
            self._file.close()

    def _carry(self, event: Event) -> bool:
        line = event.as_json().encode() + b"\n"
        try:
            self._write(line)
        except (OSError, ValueError) as error:
            if not self._has_failed:
                reason = getattr(error, "strerror", None) or type(error).__name__
                logger.warning("%s cannot be written: %s", self._path, reason.lower())
            self._has_failed = True
            return False
        self._has_failed = False
        return True

    def _write(self, line: bytes) -> None:
        if self._file is None:
            self._file = _open(self._path)
        size = self._file.seek(0, os.SEEK_END)
        if size and size + len(line) > self._most_bytes:
            self._rotate()
            self._file, size = _open(self._path), 0
        try:
            _write_all(self._file, line)
            os.fsync(self._file.fileno())
        except OSError:
            # Half a line on a full disk would spoil the next one.
            self._file.truncate(size)
            raise

    def _rotate(self) -> None:
        assert self._file is not None
        self._file.close()
        self._file = None
        for number in range(self._keep, 0, -1):
            older = numbered(self._path, number)
            newer = numbered(self._path, number - 1)
            if newer.exists():
                newer.replace(older)
        if self._keep == 0:
            self._path.unlink(missing_ok=True)


def numbered(path: Path, number: int) -> Path:
    """Return the name of a full file, 1 for the newest; the file itself for 0."""
    return path.with_name(f"{path.name}.{number}") if number else path


def event_files(path: Path) -> list[Path]:
    """Return the names that an event file and its full ones may have, the oldest first."""
    return [numbered(path, number) for number in range(_KEEP, -1, -1)]


def read_events(path: str | os.PathLike[str]) -> Iterator[Event]:
    """Yield the events of a file, oldest first; what is no event, such as a torn line, is left out.

    Raises:
        OSError: If the file cannot be read.
    """
    with Path(path).open("rb") as file:
        for line in file:
            try:
                yield Event.from_json(line)
            except ValueError:
                continue


def _write_all(file: FileIO, line: bytes) -> None:
    if file.write(line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _open(path: Path) -> FileIO:
    """Open for appending, and see to it that a new line begins."""
    file = path.open("ab+", buffering=0)
    size = file.seek(0, os.SEEK_END)
    begin = max(0, size - _TAIL)
    file.seek(begin)
    tail = file.read()
    if tail.endswith(b"\n") or not tail:
        return file
    last = tail.rpartition(b"\n")[2]
    try:
        Event.from_json(last)
    except ValueError:
        if last.startswith(b'{"id": '):
            file.truncate(size - len(last))
            return file
    file.write(b"\n")  # whole, or none of ours
    return file
