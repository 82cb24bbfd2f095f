"""The files of one recording: their names, and which of them go when there are too many."""

import calendar
import logging
import re
import stat
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from livesegment.settings import Retention

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Segment:
    path: Path
    size: int
    began_s: float
    ended_s: float


class SegmentNames:
    """Tells the segments of one recording from all other files, by their names.

    Args:
        path: What the recording is called.
    """

    def __init__(self, path: Path) -> None:
        stem, suffix = re.escape(path.stem), re.escape(path.suffix)
        self._pattern = re.compile(rf"{stem}_(\d{{8}}-\d{{6}})Z(?:_(\d{{1,9}}))?{suffix}", re.ASCII)

    def order(self, name: str) -> tuple[str, int] | None:
        """Return what the segments are sorted by; None for a file that is none of them."""
        match = self._pattern.fullmatch(name)
        return None if match is None else (match[1], int(match[2] or 1))

    def began_s(self, name: str) -> float | None:
        """Return when a segment's first picture was taken, seconds since 1970, whole.

        Returns:
            None for a file that is no segment.
        """
        order = self.order(name)
        return None if order is None else _began_s(order[0])


class SegmentFolder:
    """Names the segments of a recording and removes the oldest.

    `garden.mp4` is recorded as `garden_20261123-155138Z.mp4` and so on: the time of the first
    picture in UTC, so that names are in order whatever becomes of the local time. A second segment
    of one second is called `garden_20261123-155138Z_2.mp4`. Only files of such names, with the
    recording's own name and suffix, are ever removed.

    How old one is, is counted from the newest file and not from the clock, and for their age no
    more of them go than was recorded since: a clock that jumps ahead deletes nothing.

    Args:
        path: What the recording is called.
        keep: How much of it stays; None: everything.
        segment_s: How long a segment is, in seconds.
    """

    def __init__(self, path: Path, keep: Retention | None = None, segment_s: float = 600.0) -> None:
        self._path = path
        self._keep = keep
        self._segment_s = segment_s
        self._made_room_s: float | None = None
        self._names = SegmentNames(path)
        self._finished: deque[_Segment] = deque()

    def new_path(self, began_s: float) -> Path:
        """Return a name that is free for a segment.

        Args:
            began_s: When its first picture was taken, seconds since 1970.
        """
        stamp = time.strftime("%Y%m%d-%H%M%SZ", time.gmtime(began_s))
        number, ending = 1, ""
        while True:
            path = self._path.with_name(f"{self._path.stem}_{stamp}{ending}{self._path.suffix}")
            if not (path.exists() or path.is_symlink()):
                return path
            number += 1
            ending = f"_{number}"

    def look(self, current: Path) -> None:
        """Take in which finished segments there are, those of earlier runs too.

        Args:
            current: The one that is about to be written, or is; it is never removed.

        Raises:
            OSError: If the folder cannot be read.
        """
        found: list[tuple[tuple[str, int], _Segment]] = []
        for path in self._path.parent.iterdir():
            order = self._names.order(path.name)
            if order is None or path == current:
                continue
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                continue
            segment = _Segment(path, status.st_size, _began_s(order[0]), status.st_mtime)
            found.append((order, segment))
        self._finished = deque(segment for _, segment in sorted(found, key=lambda each: each[0]))

    def prune(self, current: Path, recorded_s: float) -> None:
        """Remove the oldest finished segments until what is left may stay.

        Args:
            current: The one that is being written.
            recorded_s: How much this run has recorded so far, in seconds.
        """
        if self._keep is None:
            return
        if self._keep.size is not None:
            size = sum(segment.size for segment in self._finished) + _status(current)[0]
            while self._finished and size > self._keep.size:
                size -= self._finished[0].size
                self._remove_oldest()
        if self._keep.age_s is not None:
            self._prune_by_age(self._keep.age_s, _status(current)[1], recorded_s)

    def _prune_by_age(self, age_s: float, current_s: float, recorded_s: float) -> None:
        if not self._finished:
            self._made_room_s = recorded_s
            return
        newest_s = max(current_s, *(each.ended_s for each in self._finished))
        if self._made_room_s is None:
            # What a run just before recorded came in, too: else one that ends again and again
            # before a segment is full would remove nothing.
            last = self._finished[-1]
            is_recent = newest_s - last.ended_s <= age_s
            self._made_room_s = -self._length_s(last) if is_recent else 0.0
        while self._finished and newest_s - self._finished[0].ended_s > age_s:
            length_s = self._length_s(self._finished[0])
            if recorded_s - self._made_room_s < length_s:
                return
            self._made_room_s += length_s
            self._remove_oldest()
        # Room that nobody needed is none that a jump may use up.
        self._made_room_s = recorded_s

    def _length_s(self, segment: _Segment) -> float:
        length_s = segment.ended_s - segment.began_s
        # Else it was copied, or the clock jumped in it.
        return length_s if 0 < length_s < self._segment_s else self._segment_s

    def _remove_oldest(self) -> None:
        oldest = self._finished.popleft()
        try:
            oldest.path.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("%s cannot be removed: %s", oldest.path, error.strerror)


def _began_s(stamp: str) -> float:
    try:
        return calendar.timegm(time.strptime(stamp, "%Y%m%d-%H%M%S"))
    except ValueError:  # somebody's own, such as month 13
        return 0.0


def _status(path: Path) -> tuple[int, float]:
    """Return the size of a file and when it was last written to; zeros if it is not there."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0.0
    return status.st_size, status.st_mtime
