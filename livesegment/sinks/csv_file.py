"""A table that grows row by row, as CSV."""

import csv
import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

from livesegment.errors import OutputNotWritable, SinkError
from livesegment.resource import Resource
from livesegment.sinks.output_file import OutputFile, refused

_log = logging.getLogger(__name__)

# What a spreadsheet takes for the begin of a formula, in its full width as well.
_FORMULA = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")


def safe_cell(text: str) -> str:
    """Return a text of strangers as a spreadsheet shows it: it is no formula.

    Source: OWASP, CSV Injection: an apostrophe before what would begin one.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


class CsvFile(Resource):
    """A CSV file (RFC 4180, UTF-8) whose rows go to the disk as they come.

    It may be longer than the memory. Until `commit` it is called `NAME.part.csv`; without a row
    there is none.

    Args:
        path: Its name.
        columns: What its columns are called: the first line.
        overwrite: Replace an existing file.

    Raises:
        OutputExists: If the file exists and `overwrite` is False.
        OutputNotWritable: If it cannot be created.
    """

    def __init__(
        self, path: str | os.PathLike[str], columns: Sequence[str], *, overwrite: bool = False
    ) -> None:
        self._output = OutputFile(path, overwrite=overwrite)
        self._columns = columns
        self._file: TextIO | None = None
        self._is_closed = False

    @property
    def path(self) -> Path:
        """The file as it is called now."""
        return self._output.path

    def check_open(self) -> None:
        """Check that rows may be written.

        Raises:
            SinkError: If it is closed.
        """
        if self._is_closed:
            raise SinkError(f"{self._output.final_path} is closed")

    def write(self, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows.

        Raises:
            SinkError: If it is closed.
            OutputNotWritable: If the disk is full.
        """
        self.check_open()
        try:
            csv.writer(self._opened()).writerows(rows)
        except OSError as error:
            raise refused(self._output.path, error) from error

    def _opened(self) -> TextIO:
        if self._file is None:
            # Names of files may be bytes that are no text: they are kept as they can be read.
            self._file = self._output.path.open(
                "w", newline="", encoding="utf-8", errors="backslashreplace"
            )
            csv.writer(self._file).writerow(self._columns)
        return self._file

    def commit(self) -> None:
        """Give it its final name; without a row there is none.

        Raises:
            OutputExists: If another file has taken the name meanwhile.
            OutputNotWritable: If the disk is full.
        """
        if self._is_closed or self._file is None:
            return
        self._finish(self._file)
        self._output.commit()
        self._is_closed = True

    def close(self) -> None:
        """Finish what there is; without `commit` it keeps its partial name.

        May be called twice. A full disk is logged, not raised.
        """
        if self._is_closed:
            return
        self._is_closed = True
        if self._file is not None:
            try:
                self._finish(self._file)
            except OutputNotWritable as error:
                _log.warning("%s", error)
        self._output.leave(written=self._file is not None)

    def _finish(self, file: TextIO) -> None:
        try:
            file.close()
        except OSError as error:
            raise refused(self._output.path, error) from error
