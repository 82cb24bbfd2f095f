"""A file of figures that is written when a run ends."""

import os
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from livesegment.errors import OptionsError
from livesegment.sinks.output_file import OutputFile, check_writable, partial_path, refused


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

    An older file stays as it is until the new one is whole.

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
        in_place = _stays_itself(file)
    except OSError as error:
        raise refused(file, error) from error
    if file.is_symlink() and not in_place:
        file = file.resolve()  # what a link leads to is replaced, not the link
    if not in_place:
        check_writable(file, overwrite=True)
    try:
        yield
    finally:
        # Names of files may be bytes that are no text; in JSON this is how they are written.
        content = text().encode("utf-8", errors="backslashreplace")
        try:
            if in_place:
                file.write_bytes(content)
            else:
                _replace(file, content)
        except OSError as error:
            raise refused(file, error) from error


def _stays_itself(file: Path) -> bool:
    """Tell whether a file is written to, not replaced: no plain one, or in another's folder."""
    if file.is_file():
        return os.access(file, os.W_OK) and not os.access(file.resolve().parent, os.W_OK)
    return file.exists() and not file.is_dir()


def _replace(file: Path, content: bytes) -> None:
    output = OutputFile(file, overwrite=True)
    try:
        output.path.write_bytes(content)
        output.commit()
    finally:
        if not output.is_committed:  # which helps nobody
            output.path.unlink(missing_ok=True)
