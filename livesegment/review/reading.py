"""Reads what is new in the files of a camera's events into the index."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

from livesegment.events.jsonl import event_files
from livesegment.review.entry import Noted
from livesegment.review.index import Index
from livesegment.settings import LiveOptions

_LONGEST_LINE = 65536
_BATCH = 500  # events: while they are written, nobody reads


@dataclass(frozen=True, slots=True)
class Places:
    """Where the files of a camera are.

    Attributes:
        camera: Its name.
        events: The file of its events; None: there is none.
        clips: The folder of its clips and snapshots; None likewise.
        recording: What its recording is called: the file, or what its segments are named after.
        is_segmented: Whether that is one without end.
    """

    camera: str
    events: Path | None = None
    clips: Path | None = None
    recording: Path | None = None
    is_segmented: bool = True

    @classmethod
    def of(cls, camera: str, options: LiveOptions) -> "Places":
        """Return where the files are that a run writes."""
        events, clips, recording = (
            None if path is None else Path(path)
            for path in (options.events.jsonl, options.events.clips, options.record)
        )
        is_segmented = options.segment_minutes is not None
        return cls(camera, events, clips, recording, is_segmented)

    @property
    def in_words(self) -> str:
        """All of it as one text, which differs for other places."""
        paths = (self.events, self.recording)
        known = [None if path is None else str(path.absolute()) for path in paths]
        return json.dumps([*known, self.is_segmented])

    @property
    def seen(self) -> Path | None:
        """The file of what was marked as seen, beside that of the events."""
        return None if self.events is None else self.events.with_name(f"{self.events.name}.seen")


def read_events(index: Index, places: Places) -> None:
    """Take in what the files of events say that was not read before; what is no event is left out.

    A file that has become shorter is another one, and all of the camera's are read again; so they
    are where the index is begun anew meanwhile.
    """
    if places.events is None:
        return
    generation = index.generation
    _read_new(index, places, places.events)
    if index.generation != generation:  # how far they were read, was true of the one before
        index.drop(places.camera)
        _read_new(index, places, places.events)


def _read_new(index: Index, places: Places, events: Path) -> None:
    camera = places.camera
    known = index.offsets(camera)
    there: set[str] = set()
    for path in event_files(events):
        try:
            with path.open("rb") as file:
                source = _identity(file)
                if source is None:
                    continue
                there.add(source)
                offset = known.get(source, 0)
                if os.fstat(file.fileno()).st_size < offset:
                    index.drop(camera)
                    _read_new(index, places, events)
                    return
                _read_on(index, camera, file, source, offset)
        except FileNotFoundError:  # there is none of that number, or it went meanwhile
            continue
        except OSError:  # a disk that is away for a while
            return
    gone = known.keys() - there
    # While files are renamed one may be missed, but not twice.
    if gone and gone <= known.keys() - set(_sources(events)):
        index.drop(camera, gone)


def _sources(path: Path) -> Iterator[str]:
    for each in event_files(path):
        try:
            with each.open("rb") as file:
                source = _identity(file)
        except OSError:
            continue
        if source is not None:
            yield source


def _identity(file: BinaryIO) -> str | None:
    """Return what tells a file from others whatever it is called; None for one without a line.

    Files are renamed as they become full, and never changed at their beginning.
    """
    line = file.readline(_LONGEST_LINE)
    is_line = line.endswith(b"\n") or len(line) == _LONGEST_LINE
    return blake2b(line, digest_size=12).hexdigest() if is_line else None


def _read_on(index: Index, camera: str, file: BinaryIO, source: str, offset: int) -> None:
    file.seek(offset)
    batch: list[Noted] = []
    for line, end in _lines(file):
        offset = end
        noted = Noted.of(_json(line))
        if noted is not None:
            batch.append(noted)
        if len(batch) >= _BATCH:
            index.add(camera, source, batch, offset)
            batch = []
        if index.is_stopping:
            return
    index.add(camera, source, batch, offset)


def _lines(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield each whole line and where it ends; of one that is too long, nothing."""
    is_rest = False
    while line := file.readline(_LONGEST_LINE):
        is_whole = line.endswith(b"\n")
        if not is_whole and len(line) < _LONGEST_LINE:
            return  # it is being written
        if is_whole:
            yield (b"" if is_rest else line), file.tell()
        is_rest = not is_whole


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
