"""The files of one recording: their names, and which of them go when there are too many."""

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
    ended_s: float


class SegmentFolder:
    """Names the segments of a recording and removes the oldest.

    `garden.mp4` is recorded as `garden_20261123-155138Z.mp4` and so on: the time of the first
    picture in UTC, so that names are in order whatever becomes of the local time. A second segment
    of one second is called `garden_20261123-155138Z_2.mp4`. Only files of such names, with the
    recording's own name and suffix, are ever removed.

    Args:
        path: What the recording is called.
        keep: How much of it stays; None: everything.
    """

    def __init__(self, path: Path, keep: Retention | None = None) -> None:
        self._path = path
        self._keep = keep
        stem, suffix = re.escape(path.stem), re.escape(path.suffix)
        self._pattern = re.compile(rf"{stem}_(\d{{8}}-\d{{6}})Z(?:_(\d+))?{suffix}")
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
            match = self._pattern.fullmatch(path.name)
            if match is None or path == current:
                continue
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                continue
            order = (match[1], int(match[2] or 1))
            found.append((order, _Segment(path, status.st_size, status.st_mtime)))
        self._finished = deque(segment for _, segment in sorted(found, key=lambda each: each[0]))

    def prune(self, current: Path) -> None:
        """Remove the oldest finished segments until what is left may stay."""
        if self._keep is None:
            return
        size = sum(segment.size for segment in self._finished) + _size(current)
        now_s = time.time()
        while self._finished:
            oldest = self._finished[0]
            is_too_much = self._keep.size is not None and size > self._keep.size
            is_too_old = self._keep.age_s is not None and now_s - oldest.ended_s > self._keep.age_s
            if not (is_too_much or is_too_old):
                return
            self._finished.popleft()
            size -= oldest.size
            try:
                oldest.path.unlink(missing_ok=True)
            except OSError as error:
                _log.warning("%s cannot be removed: %s", oldest.path, error.strerror)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
