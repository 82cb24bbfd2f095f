"""Figures over time as a table: a row a frame and class, as CSV."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from livesegment.errors import OptionsError
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.csv_file import CsvFile, safe_cell
from livesegment.timeline.measuring import Measurer

COLUMNS = ("frame", "time_s", "mask", "class", "share", "count", "counted", "confidence")
"""Names of the columns; a table of image files has a last one, `file`."""


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
        columns = COLUMNS if files is None else (*COLUMNS, "file")
        self._csv = CsvFile(path, columns, overwrite=overwrite)
        self._measurer = measurer
        self._files = files

    def write(self, picture: Annotated) -> None:
        """Add a picture's rows.

        Raises:
            SinkError: If the table is closed.
            OutputNotWritable: If the disk is full.
        """
        self._csv.write(self._rows(picture))

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
        self._csv.commit()

    def close(self) -> None:
        """Finish what there is; without `commit` it keeps its partial name.

        May be called twice. A full disk is logged, not raised.
        """
        self._csv.close()
