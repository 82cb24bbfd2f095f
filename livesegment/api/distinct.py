"""No file is read and written, or written twice, in one run."""

import os
from collections.abc import Hashable, Iterable
from pathlib import Path

from livesegment.errors import OptionsError
from livesegment.sinks.output_file import partial_path


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
