"""A file of figures that is written when a run ends."""

import os
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from livesegment.errors import OptionsError
from livesegment.sinks.output_file import partial_path, refused


def check_distinct(inputs: Iterable[str | Path], outputs: Iterable[str | Path | None]) -> None:
    """Check that outputs, under their final and partial names, are neither inputs nor each other.

    Files are told apart by what they are, not by how they are spelled: links are followed.

    Args:
        inputs: What is read. What is no path (a camera, an address) never collides.
        outputs: What is written; None for one that is not asked for.

    Raises:
        OptionsError: If a run would destroy what it reads or writes.
    """
    read = {_identity(Path(each)): each for each in inputs}
    written: dict[Hashable, Path] = {}
    for path in (Path(each) for each in outputs if each is not None):
        for name in (path, partial_path(path)):
            identity = _identity(name)
            if identity in read:
                raise OptionsError(
                    f"writing {path} would destroy {read[identity]}, which is read: choose another"
                    " name for the output"
                )
            if identity in written:
                raise OptionsError(
                    f"{written[identity]} and {path} would be written into one file: choose another"
                    " name for one of them"
                )
            written[identity] = path


def _identity(path: Path) -> Hashable:
    try:
        status = path.stat()
    except OSError:
        return os.path.realpath(path)
    return status.st_dev, status.st_ino


@contextmanager
def written_at_end(path: str | Path | None, text: Callable[[], str]) -> Iterator[None]:
    """Write a text file at the end, however that comes; that it can be done is checked now.

    Args:
        path: The file, which replaces an older one; None: none is written.
        text: Returns what to write.

    Raises:
        OutputNotWritable: If it cannot be written.
    """
    if path is None:
        yield
        return
    file = Path(path)
    try:
        file.touch()
    except OSError as error:
        raise refused(file, error) from error
    try:
        yield
    finally:
        try:
            # Names of files may be bytes that are no text; in JSON this is how they are written.
            file.write_text(text(), encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise refused(file, error) from error
