"""Takes in which files of a recording there are, and how far they have come."""

import os
import stat
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from livesegment.review.fragments import Fragments
from livesegment.review.index import Index, Recording
from livesegment.review.reading import Places
from livesegment.sinks.segment_folder import SegmentNames

_AGREE_S = 2.0  # of a file's time with what its successor's name says
_COARSE_S = 2.0  # within which a folder's time may not tell of another change


class RecordingFiles:
    """Looks at a camera's recording again and again, and no more of it than has changed.

    Args:
        index: Takes in what there is.
        places: Where that is.
    """

    def __init__(self, index: Index, places: Places) -> None:
        self._index = index
        self._camera = places.camera
        self._recording = places.recording
        self._is_segmented = places.is_segmented
        self._folder_ns: int | None = None  # when it last changed, as far as all of it is known
        self._grown: tuple[str, int, float] = ("", 0, 0.0)  # file, bytes and seconds looked through

    def read(self) -> None:
        """Take in what is new, has grown, or is no more."""
        if self._recording is None:
            return
        try:
            if not self._is_segmented:
                self._read_single(self._recording)
                return
            folder_ns = self._recording.parent.stat().st_mtime_ns
            if folder_ns != self._folder_ns:
                is_settled = time.time() - folder_ns / 1e9 > _COARSE_S
                self._folder_ns = None
                if self._read_all(self._recording) and is_settled:
                    self._folder_ns = folder_ns
            else:
                self._read_newest(self._recording)
        except OSError:  # a disk that is away for a while, or there is none yet
            return

    def _read_single(self, path: Path) -> None:
        """Take in a recording of one file, whose end is when it was last written to."""
        known = self._index.all_recordings(self._camera)
        try:
            status = path.stat()
        except FileNotFoundError:
            self._index.set_recordings(self._camera, [], known)
            return
        before = known.get(path.name)
        if before is not None and (before.size, before.mtime_s) == _state(status):
            return
        length_s = self._length_s(path)
        if length_s is not None:
            size, ended_s = _state(status)
            new = Recording(path.name, ended_s - length_s, ended_s, size, ended_s)
            self._index.set_recordings(self._camera, [new], known.keys() - {path.name})

    def _read_newest(self, recording: Path) -> None:
        newest = self._index.newest_recording(self._camera)
        if newest is None:
            return
        path = recording.with_name(newest.name)
        size, mtime_s = _state(path.stat())
        if (size, mtime_s) != (newest.size, newest.mtime_s):
            grown = replace(newest, size=size, mtime_s=mtime_s)
            grown = replace(grown, ended_s=self._end_s(path, grown, None))
            self._index.set_recordings(self._camera, [grown])

    def _read_all(self, recording: Path) -> bool:
        """Look at every file; tell whether that came to its end."""
        known, found = self._index.all_recordings(self._camera), _segments(recording)
        changed = []
        for number, (each, after) in enumerate(pairwise([*found, None])):
            assert each is not None
            before = known.get(each.name)
            is_other = before is None or (before.size, before.mtime_s) != (each.size, each.mtime_s)
            # Of the newest but one the end may be known only now.
            if is_other or number == len(found) - 2:
                path = recording.with_name(each.name)
                ended = replace(each, ended_s=self._end_s(path, each, after))
                if ended != before:
                    changed.append(ended)
            if self._index.is_stopping:
                return False
        gone = known.keys() - {each.name for each in found}
        self._index.set_recordings(self._camera, changed, gone)
        return True

    def _end_s(self, path: Path, each: Recording, after: Recording | None) -> float:
        """Return when a segment's last picture was taken.

        That is when it was last written to, which costs nothing to find out; where that cannot be,
        as of a copy, and of the newest, the file itself says it.
        """
        latest_s = each.mtime_s if after is None else after.began_s + _AGREE_S
        if after is not None and each.began_s <= each.mtime_s <= latest_s:
            return each.mtime_s
        try:
            length_s = self._length_s(path)
        except OSError:
            return each.began_s
        if length_s is None:  # Matroska
            return max(each.began_s, min(each.mtime_s, latest_s))
        return each.began_s + length_s

    def _length_s(self, path: Path) -> float | None:
        """Return how long a file is, of which only what is new is looked through."""
        name, end, end_s = self._grown
        if name != path.name or end > path.stat().st_size:
            end, end_s = 0, 0.0
        found = Fragments.read(path, end)
        if found is None:
            return None
        if found.places:
            end_s = found.end_s
        self._grown = (path.name, found.end, end_s)
        return end_s


def _state(status: os.stat_result) -> tuple[int, float]:
    return status.st_size, status.st_mtime


def _segments(recording: Path) -> list[Recording]:
    """Return the segments, the oldest first, as if each ended when it began.

    Raises:
        OSError: If the folder cannot be read.
    """
    names, found = SegmentNames(recording), []
    with os.scandir(recording.parent) as folder:
        for each in folder:
            began_s = names.began_s(each.name)
            if not began_s:
                continue
            try:
                status = each.stat(follow_symlinks=False)
            except FileNotFoundError:  # it went meanwhile
                continue
            if stat.S_ISREG(status.st_mode):
                found.append(Recording(each.name, began_s, began_s, *_state(status)))
    return sorted(found, key=lambda each: names.order(each.name) or ("", 0))
