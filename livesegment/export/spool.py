"""Lines that wait on the disk until they can be put in their places."""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO


class Spool:
    """A list of lines, as long as the disk has room.

    It is a file without a name, so that nothing of it stays behind, not even after a kill.

    Args:
        folder: On which disk.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None

    def append(self, line: str) -> None:
        """Add an ASCII text without line breaks.

        Raises:
            OSError: If the disk is full.
        """
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - kept
        self._file.write(line.encode("ascii") + b"\n")

    def __iter__(self) -> Iterator[str]:
        """Yield the lines in their order, from the first; nothing is added after that.

        Raises:
            OSError: If the disk is full.
        """
        if self._file is None:
            return
        self._file.seek(0)
        for line in self._file:
            yield line[:-1].decode("ascii")

    def close(self) -> None:
        """Drop the lines. May be called twice."""
        if self._file is not None:
            with suppress(OSError):  # what the disk had no room for is not wanted any more
                self._file.close()
