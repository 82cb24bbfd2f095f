"""Reads what is new in the files of a camera into the index."""

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

from livesegment.events.jsonl import event_files
from livesegment.review.entry import Noted
from livesegment.review.fragments import Fragments
from livesegment.review.index import Index, Recording
from livesegment.settings import LiveOptions
from livesegment.sinks.segment_folder import SegmentNames

_LONGEST_LINE = 65536
_BATCH = 500  # events: while they are written, nobody reads
_AGREE_S = 2.0  # of a file's time with what its successor's name says


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

    A file that has become shorter is another one, and all of the camera's are read again.
    """
    if places.events is None:
        return
    camera = places.camera
    known = index.offsets(camera)
    there: set[str] = set()
    for path in event_files(places.events):
        try:
            with path.open("rb") as file:
                source = _identity(file)
                if source is None:
                    continue
                there.add(source)
                offset = known.get(source, 0)
                if os.fstat(file.fileno()).st_size < offset:
                    index.drop(camera)
                    read_events(index, places)
                    return
                _read_on(index, camera, file, source, offset)
        except OSError:  # there is none of that number, or it went meanwhile
            continue
    gone = known.keys() - there
    # While files are renamed one may be missed, but not twice.
    if gone and gone <= known.keys() - set(_sources(places.events)):
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


def read_recordings(index: Index, places: Places) -> None:
    """Take in which files of a recording there are, and how far they have come."""
    if places.recording is None:
        return
    camera = places.camera
    known = index.all_recordings(camera)
    found = _segments(places.recording) if places.is_segmented else _single(places.recording, known)
    if found is None:
        return  # a disk that is away for a while
    changed = []
    for number, (each, after) in enumerate(pairwise([*found, None])):
        assert each is not None
        before = known.get(each.name)
        is_as_before = before is not None and (before.size, before.mtime_s) == (
            each.size,
            each.mtime_s,
        )
        # Of the newest but one it may be known only now.
        if not is_as_before or number == len(found) - 2:
            path = places.recording.with_name(each.name)
            ended = replace(each, ended_s=_end_s(path, each, after))
            if ended != before:
                changed.append(ended)
        if index.is_stopping:
            return
    index.set_recordings(camera, changed, known.keys() - {each.name for each in found})


def _segments(recording: Path) -> list[Recording] | None:
    names, found = SegmentNames(recording), []
    try:
        with os.scandir(recording.parent) as folder:
            for each in folder:
                began_s = names.began_s(each.name)
                if not began_s:
                    continue
                status = each.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode):
                    size, mtime_s = status.st_size, status.st_mtime
                    found.append(Recording(each.name, began_s, began_s, size, mtime_s))
    except OSError:
        return None
    return sorted(found, key=lambda each: names.order(each.name) or ("", 0))


def _single(recording: Path, known: dict[str, Recording]) -> list[Recording] | None:
    """Return a recording in one file, which ends when it was last written to."""
    try:
        status = recording.stat()
        fragments = Fragments.read(recording)
    except OSError:
        return None
    if fragments is None:
        return []
    before = known.get(recording.name)
    began_s = status.st_mtime - fragments.end_s
    if before is not None and status.st_size >= before.size:
        began_s = before.began_s  # it does not wander with each look
    return [Recording(recording.name, began_s, began_s, status.st_size, status.st_mtime)]


def _end_s(path: Path, each: Recording, after: Recording | None) -> float:
    """Return when a segment's last picture was taken.

    That is when it was last written to, which costs nothing to find out; where that cannot be, as
    of a copy, and of the newest, the file itself says it.
    """
    latest_s = each.mtime_s if after is None else after.began_s + _AGREE_S
    if after is not None and each.began_s <= each.mtime_s <= latest_s:
        return each.mtime_s
    try:
        fragments = Fragments.read(path)
    except OSError:
        return each.began_s
    if fragments is None:  # Matroska
        return max(each.began_s, min(each.mtime_s, latest_s))
    return each.began_s + fragments.end_s
