"""Where an output file goes: checked early, under a partial name until it is complete."""

import logging
import os
from pathlib import Path

from livesegment.errors import OutputExists, OutputNotWritable, system_words

_log = logging.getLogger(__name__)


def refused(path: Path, error: OSError) -> OutputNotWritable:
    """Return the error that tells why the system would not create or write `path`."""
    if isinstance(error, FileNotFoundError) and not path.parent.is_dir():
        return OutputNotWritable(f"cannot write {path}: the folder {path.parent} does not exist")
    reason = system_words(error)
    return OutputNotWritable(f"cannot write {path}: {reason}")


def partial_path(path: Path) -> Path:
    """Return the name of an output that is not complete: `clip.mp4` is `clip.part.mp4` so far.

    The suffix stays last, so that players open what an interrupted run left behind.
    """
    return path.with_name(f"{path.stem}.part{path.suffix}")


def check_free(path: Path, *, overwrite: bool) -> None:
    """Check that an output may appear at `path`.

    Raises:
        OutputExists: If something is there and `overwrite` is False.
        OutputNotWritable: If a folder is there, or where `path` should go cannot be looked at.
    """
    try:
        if path.is_dir():
            raise OutputNotWritable(f"cannot write {path}: it is a folder")
        if not overwrite and (path.exists() or path.is_symlink()):
            raise OutputExists(f"{path} exists already: choose another name or use --overwrite")
    except OSError as error:
        raise refused(path, error) from error


class OutputFile:
    """The place of one output file.

    Making it checks that the file can be written, before anything was paid for; it does not empty
    what is there.

    Args:
        path: The final name.
        overwrite: Replace what is there.
        in_place: Write under the final name at once, for outputs that are readable at any moment;
            else under `partial_path` until `commit`. A partial file left by an earlier run is
            replaced.

    Attributes:
        final_path: The name asked for.
        path: The name it has now; the final one after `commit`.

    Raises:
        OutputExists: If the file exists and `overwrite` is False.
        OutputNotWritable: If it cannot be created: no such folder, no permission, a folder.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, overwrite: bool = False, in_place: bool = False
    ) -> None:
        self.final_path = Path(path)
        self._overwrite = overwrite
        check_free(self.final_path, overwrite=overwrite)
        self.path = self.final_path if in_place else partial_path(self.final_path)
        try:
            self._is_new = not self.path.exists()
            # Append mode creates the file, or asks for the permission without emptying it.
            with self.path.open("ab"):
                pass
        except FileNotFoundError as error:
            raise refused(self.final_path, error) from error
        except OSError as error:
            raise refused(self.path, error) from error

    @property
    def is_committed(self) -> bool:
        """Whether the file has its final name."""
        return self.path == self.final_path

    def sync(self) -> None:
        """Hand everything written so far to the disk, so that it survives a power cut.

        Raises:
            OutputNotWritable: If the disk does not take it.
        """
        _sync(self.path)

    def commit(self, whole: Path | None = None) -> None:
        """Give the complete file its final name.

        Args:
            whole: Another file that gets the name; the partial one, which is read until then, is
                removed. None: the partial one itself.

        Raises:
            OutputExists: If another file has taken that name meanwhile.
            OutputNotWritable: If it cannot be renamed.
        """
        _sync(whole or self.path)
        if self.is_committed:
            return
        check_free(self.final_path, overwrite=self._overwrite)
        try:
            (whole or self.path).replace(self.final_path)
            if whole is not None:
                self.path.unlink()
        except OSError as error:
            raise refused(self.final_path, error) from error
        self.path = self.final_path

    def leave(self, *, written: bool) -> None:
        """Leave the file as it is, and log where a partial one stays.

        Args:
            written: Whether anything was written; if not, a file that was made for it is removed.
        """
        if not written and self._is_new:
            self.path.unlink(missing_ok=True)
        elif written and not self.is_committed:
            _log.warning(
                "%s is not complete: what there is stays in %s", self.final_path, self.path
            )


def _sync(path: Path) -> None:
    try:
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    except OSError as error:
        raise refused(path, error) from error


def check_writable(path: Path, *, overwrite: bool) -> None:
    """Check that an output may appear at `path`, by making a file there and taking it away again.

    Permissions alone do not say it: of root, and of a disk that is read-only.

    Raises:
        OutputExists: If something is there and `overwrite` is False.
        OutputNotWritable: If it cannot be created.
    """
    OutputFile(path, overwrite=overwrite).leave(written=False)
