"""The folder of clips and snapshots: their names, and which of them go when there are too many."""

import logging
import os
import re
import stat
import time
from contextlib import suppress
from pathlib import Path

from livesegment.errors import OutputNotWritable, system_words
from livesegment.settings import Retention
from livesegment.settings.rule import file_name

logger = logging.getLogger(__name__)

SNAPSHOT_SUFFIX, CLIP_SUFFIX = ".jpg", ".mp4"


class ClipFolder:
    """Names clips and snapshots, and removes the oldest.

    `garden_20261123-155138Z_door.mp4` and `.jpg` beside it: camera, time of the begin in UTC, rule.
    Only files of such names, of this camera, are ever removed: a clip, its snapshot, and what a
    crash left of one under a partial name go together.

    How old one is, is counted from the newest file and not from the clock, and for its age one at
    the most goes for each that is new: a clock that jumps ahead deletes nothing.

    Args:
        folder: Made if it is missing; its parent must exist.
        camera: What the camera is called.
        keep: How many stay.

    Raises:
        OutputNotWritable: If the folder cannot be made or written to.
    """

    def __init__(self, folder: str | os.PathLike[str], camera: str, keep: Retention) -> None:
        self.path = Path(folder)
        self._camera = file_name(camera)
        self._keep = keep
        self._pruned_for: str | None = None
        stem = rf"({re.escape(self._camera)}_\d{{8}}-\d{{6}}Z_[^.]+(?:\.\d+)?)"
        self._pattern = re.compile(rf"{stem}(?:\.part){{0,2}}(?:\.mp4|\.jpg)")
        try:
            self.path.mkdir(exist_ok=True)
        except FileExistsError:
            raise OutputNotWritable(f"cannot write {self.path}: it is no folder") from None
        except OSError as error:
            reason = system_words(error)
            raise OutputNotWritable(f"cannot make the folder {self.path}: {reason}") from error
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise OutputNotWritable(f"cannot write {self.path}: the folder is read-only")

    def new_stem(self, began_s: float, rule: str) -> str:
        """Return a name without suffix that is free.

        Args:
            began_s: When the event began, seconds since 1970.
            rule: Name of the rule.
        """
        stamp = time.strftime("%Y%m%d-%H%M%SZ", time.gmtime(began_s))
        stem = first = f"{self._camera}_{stamp}_{file_name(rule)}"
        number = 1
        names: list[str] = []
        # No glob: Python keeps hundreds of patterns, and each of these is used once.
        with suppress(OSError):  # whoever writes there says so
            names = [path.name for path in self.path.iterdir()]
        while any(name.startswith(f"{stem}.") for name in names):
            number += 1
            stem = f"{first}.{number}"
        return stem

    def prune(self, current: str) -> None:
        """Remove the oldest until what is left may stay.

        Args:
            current: Stem of a clip; it and newer ones stay.
        """
        groups: dict[str, list[tuple[Path, os.stat_result]]] = {}
        try:
            for path in self.path.iterdir():
                match = self._pattern.fullmatch(path.name)
                if match is not None and stat.S_ISREG((status := path.lstat()).st_mode):
                    groups.setdefault(match[1], []).append((path, status))
            self._remove(groups, current)
        except OSError as error:
            logger.warning("%s cannot be tidied up: %s", self.path, error.strerror)

    def _remove(self, groups: dict[str, list[tuple[Path, os.stat_result]]], current: str) -> None:
        number, size = len(groups), sum(_size(files) for files in groups.values())
        keep = self._keep
        newest_s = {
            stem: max(status.st_mtime for _, status in files) for stem, files in groups.items()
        }
        now_s = max(newest_s.values(), default=0.0)
        may_be_too_old = current != self._pruned_for
        self._pruned_for = current
        for stem in sorted(groups):
            files = groups[stem]
            is_too_many = keep.number is not None and number > keep.number
            is_too_much = keep.size is not None and size > keep.size
            is_too_old = keep.age_s is not None and now_s - newest_s[stem] > keep.age_s
            is_too_old = is_too_old and may_be_too_old
            if stem >= current or not (is_too_many or is_too_much or is_too_old):
                return
            may_be_too_old = False
            for path, _ in files:
                path.unlink(missing_ok=True)
            number, size = number - 1, size - _size(files)


def _size(files: list[tuple[Path, os.stat_result]]) -> int:
    return sum(status.st_size for _, status in files)
