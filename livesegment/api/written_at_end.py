"""A file of figures that is written when a run ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from livesegment.sinks.output_file import refused


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
            file.write_text(text(), encoding="utf-8")
        except OSError as error:
            raise refused(file, error) from error
