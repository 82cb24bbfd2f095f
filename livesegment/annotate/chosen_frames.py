"""Hands the frames that are chosen to exporters, and says why each was."""

import logging
from collections.abc import Sequence
from pathlib import Path

from livesegment.annotate.choice import FrameChoice, Reason
from livesegment.duration import counted
from livesegment.export.picture_names import PictureNames
from livesegment.frame import Frame
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.csv_file import CsvFile, safe_cell

_log = logging.getLogger(__name__)

COLUMNS = ("picture", "frame_index", "time_s", "reason", "score")

SUFFIX = ".frames.csv"
"""Beside an output: `clip.mp4` has `clip.frames.csv`."""


def is_list(path: Path) -> bool:
    """Tell whether a file is a list of chosen frames, by its first line."""
    begin = ",".join(COLUMNS).encode()
    try:
        with path.open("rb") as file:
            return file.read(len(begin) + 2).splitlines()[:1] == [begin]
    except OSError:
        return False


class ChosenFrames(Sink):
    """Hands the frames that are chosen to exporters, and lists them in a CSV file.

    Each has a line, in order: what its picture is called in the annotations, its number in the
    source, its media time in seconds, and why it was chosen, as `Reason` has it.

    Args:
        choice: Says which.
        exporters: Get them, and are committed with the list; whoever opened them closes them.
        path: The list.
        pictures: Stem of the video, or the image files; see `PictureNames`.
        overwrite: Replace an earlier list.

    Raises:
        OutputExists: If the list exists and `overwrite` is False.
        OutputNotWritable: If it cannot be created.
    """

    def __init__(
        self,
        choice: FrameChoice,
        exporters: Sequence[Sink],
        path: Path,
        pictures: str | Sequence[Path],
        *,
        overwrite: bool = False,
    ) -> None:
        self._choice = choice
        self._exporters = exporters
        self._names = PictureNames(pictures, by_stem=False)
        self._list = CsvFile(path, COLUMNS, overwrite=overwrite)
        self._seen = self._chosen = 0
        self._is_settled = False

    def settled(self) -> frozenset[int]:
        """Say that every frame was written, and return those that are to be written once more."""
        self._is_settled = True
        return self._choice.settled()

    def write(self, picture: Annotated) -> None:
        """Export a frame if it is chosen; one without a mask never is.

        Raises:
            SinkError: If an exporter does not take it, or this is closed.
            OutputNotWritable: If the disk is full.
        """
        self._list.check_open()
        if picture.mask is None:
            return
        self._seen += not self._is_settled
        reason = self._choice.consider(picture)
        if reason is None:
            return
        for exporter in self._exporters:
            exporter.write(picture)
        self._chosen += 1
        self._list.write([self._line(picture.frame, reason)])

    def commit(self) -> None:
        """Finish the exports and the list; where no frame was chosen there is neither.

        Raises:
            SinkError: If one of them cannot be finished.
        """
        for exporter in self._exporters:
            exporter.commit()
        self._list.commit()
        _log.info(
            "%d of %s with a mask are exported%s",
            self._chosen,
            counted(self._seen, "frame"),
            f"; {self._list.path} says why" if self._chosen else "",
        )

    def close(self) -> None:
        """Leave the list as far as it goes. May be called twice; a full disk is logged."""
        self._list.close()

    def _line(self, frame: Frame, reason: Reason) -> tuple[str | int, ...]:
        return (
            safe_cell(self._names.name(frame.index)),
            frame.index,
            f"{frame.pts_s:.3f}",
            reason.word,
            "" if reason.score is None else f"{reason.score:.4f}",
        )
