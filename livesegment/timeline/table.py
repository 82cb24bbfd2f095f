"""Figures over time as a table: a row a frame and class, as CSV."""

import csv
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from livesegment.errors import OptionsError, OutputNotWritable, SinkError
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.output_file import OutputFile, refused
from livesegment.timeline.measuring import Measurer

_log = logging.getLogger(__name__)

COLUMNS = ("frame", "time_s", "mask", "class", "share", "count", "counted", "confidence")
"""Names of the columns; a table of image files has a last one, `file`."""

# What a spreadsheet takes for the begin of a formula, in its full width as well.
_FORMULA = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")


def safe_cell(text: str) -> str:
    """Return a text of strangers as a spreadsheet shows it: it is no formula.

    Source: OWASP, CSV Injection: an apostrophe before what would begin one.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


class TableSink(Sink):
    """Writes a CSV file (RFC 4180, UTF-8) with a row for each class that each frame shows.

    A frame in which no class is has one row without a class, with a share and a count of 0; without
    a mask, with neither. The columns are

    - `frame`: its number in the source, from 0; `time_s`: its media time in seconds;
    - `mask`: where its mask comes from: `asked`, `carried`, `still`, or `none`;
    - `class`; `share` of the picture, 0 to 1;
    - `count`, and of what: `counted` is `instances` or `regions`;
    - `confidence`, 0 to 1, where the reply had one;
    - `file`: of image files, the name.

    Rows go to the disk as they come, so a table may be longer than the memory.

    Args:
        path: A name that ends in .csv.
        measurer: Measures the pictures.
        files: The image files, the picture of `Frame.index` i the i-th; None: it is a video.
        overwrite: Replace an existing file.

    Raises:
        OptionsError: If the suffix is not .csv.
        OutputExists: If the file exists and `overwrite` is False.
        OutputNotWritable: If it cannot be created.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        measurer: Measurer,
        *,
        files: Sequence[Path] | None = None,
        overwrite: bool = False,
    ) -> None:
        if Path(path).suffix.lower() != ".csv":
            raise OptionsError(f"{path} cannot keep a table: its name ends in .csv")
        self._output = OutputFile(path, overwrite=overwrite)
        self._measurer = measurer
        self._files = files
        self._file: TextIO | None = None
        self._is_closed = False

    def write(self, picture: Annotated) -> None:
        """Add a picture's rows.

        Raises:
            SinkError: If the table is closed.
            OutputNotWritable: If the disk is full.
        """
        if self._is_closed:
            raise SinkError(f"{self._output.final_path} is closed")
        try:
            csv.writer(self._opened()).writerows(self._rows(picture))
        except OSError as error:
            raise refused(self._output.path, error) from error

    def _opened(self) -> TextIO:
        if self._file is None:
            # Names of files may be bytes that are no text.
            self._file = self._output.path.open(
                "w", newline="", encoding="utf-8", errors="backslashreplace"
            )
            columns = COLUMNS if self._files is None else (*COLUMNS, "file")
            csv.writer(self._file).writerow(columns)
        return self._file

    def _rows(self, picture: Annotated) -> Iterator[Sequence[Any]]:
        frame, mask = picture.frame, picture.mask
        role = "none" if mask is None else picture.role or ""
        begin = (frame.index, f"{frame.pts_s:.6f}", role)
        end = () if self._files is None else (safe_cell(self._files[frame.index].name),)
        found = self._measurer.measure(picture)
        for each in found:
            sure = "" if each.confidence is None else f"{each.confidence:.3f}"
            share = f"{each.share:.6f}"
            yield *begin, safe_cell(each.name), share, each.count, each.counted, sure, *end
        if not found:
            nothing = ("", "") if mask is None else (0, 0)
            yield *begin, "", *nothing, "", "", *end

    def commit(self) -> None:
        """Give the table its final name; without a picture there is none.

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
