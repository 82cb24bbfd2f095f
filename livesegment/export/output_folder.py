"""Where a folder of annotations goes: under a partial name until it is complete."""

import logging
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from livesegment.errors import OutputExists, OutputNotWritable
from livesegment.sinks.output_file import partial_path, refused

_log = logging.getLogger(__name__)


def check_folder_free(path: Path, layout: Sequence[str], *, overwrite: bool) -> None:
    """Check that a folder of annotations may appear at `path`. An empty folder is no hindrance.

    Args:
        path: The final name.
        layout: Glob patterns of the files that such a folder holds, as in `OutputFolder`.
        overwrite: Whether earlier annotations may be replaced.

    Raises:
        OutputExists: If annotations are there and `overwrite` is False, or other files are there.
        OutputNotWritable: If a file or link is there, or the place cannot be looked at.
    """
    try:
        if path.is_symlink():
            raise OutputNotWritable(f"cannot write {path}: it is a link, not a folder")
        if not path.is_dir():
            if path.exists():
                raise OutputNotWritable(f"cannot write {path}: it is a file, not a folder")
            return
        if not any(path.iterdir()):
            return
        if not overwrite:
            raise OutputExists(f"{path} exists already: choose another name or use --overwrite")
        if not (path / layout[0]).is_file():
            raise OutputExists(
                f"{path} is not replaced: it has no {layout[0]}, as annotations would have; "
                "choose another name"
            )
        _refuse_strangers(path, layout)
    except OSError as error:
        raise refused(path, error) from error


def _refuse_strangers(path: Path, layout: Sequence[str]) -> None:
    """Check that a folder holds nothing but what such a folder of annotations holds."""
    known = {each for pattern in layout for each in path.glob(pattern)}
    for each in sorted(path.rglob("*")):
        if each.is_symlink() or not (each.is_dir() or each in known):
            raise OutputExists(
                f"{path} is not replaced: {each} is not from an export; choose another name"
            )


class OutputFolder:
    """The place of a folder of annotations.

    Making it checks that the folder can be written. Files go into `partial_path` of it, which is
    emptied of what an interrupted run left there, until `commit`. Only files that fit the layout
    are ever removed: a folder that holds anything else is refused.

    Args:
        path: The final name.
        layout: Glob patterns of the files in it, relative to it, the first without wildcards: the
            file that is written last and that every complete folder has.
        folders: What is made in it at once, relative to it.
        overwrite: Replace what is there.

    Attributes:
        final_path: The name asked for.
        path: The name it has now; the final one after `commit`.

    Raises:
        OutputExists: If annotations exist and `overwrite` is False, or other files are there.
        OutputNotWritable: If it cannot be made.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        layout: Sequence[str],
        folders: Sequence[str],
        *,
        overwrite: bool = False,
    ) -> None:
        self.final_path = Path(path)
        self._layout = tuple(layout)
        self._overwrite = overwrite
        check_folder_free(self.final_path, self._layout, overwrite=overwrite)
        self.path = partial_path(self.final_path)
        try:
            if self.path.exists():
                _refuse_strangers(self.path, self._layout)
                shutil.rmtree(self.path)
            self.path.mkdir()
            for folder in folders:
                (self.path / folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refused(self.final_path, error) from error

    def commit(self) -> None:
        """Give the complete folder its final name.

        Raises:
            OutputExists: If something else has taken that name meanwhile.
            OutputNotWritable: If the disk does not take all, or the folder cannot be renamed.
        """
        check_folder_free(self.final_path, self._layout, overwrite=self._overwrite)
        try:
            self._sync()
            if self.final_path.exists():
                shutil.rmtree(self.final_path)
            self.path.replace(self.final_path)
        except OSError as error:
            raise refused(self.final_path, error) from error
        self.path = self.final_path

    def leave(self, *, written: bool) -> None:
        """Leave the folder as it is, and log where a partial one stays.

        Args:
            written: Whether anything was written; if not, the folder made for it is removed.
        """
        if self.path == self.final_path:
            return
        if written:
            _log.warning(
                "%s is not complete: what there is stays in %s", self.final_path, self.path
            )
        else:
            shutil.rmtree(self.path, ignore_errors=True)

    def _sync(self) -> None:
        """Hand every file to the disk, so that a complete name means complete files."""
        if sys.platform == "linux":
            # One call for all: thousands of files, each by itself, take seconds. Elsewhere it does
            # not wait for the disk, or is not there.
            os.sync()
        else:
            for each in self.path.rglob("*"):
                if each.is_file():
                    with each.open("rb+") as file:
                        os.fsync(file.fileno())
