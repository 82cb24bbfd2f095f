"""What every exporter does alike."""

import logging
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from livesegment.errors import SinkError
from livesegment.export.card import Contents, Origin
from livesegment.export.class_book import ClassBook
from livesegment.export.output_folder import OutputFolder
from livesegment.export.picture_names import PictureNames
from livesegment.export.split import TRAIN, VALIDATION, Split
from livesegment.export.spool import Spool
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.output_file import OutputFile, refused

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dataset:
    """What annotations are of, and how they are written.

    Attributes:
        pictures: What the pictures are called. For a video, its stem; for image files, their
            paths; see `PictureNames`.
        origin: Where the annotations come from, for who finds them.
        split: Divides them into training and validation; None: all are for training.
        overwrite: Replace earlier annotations; other files are never removed.
        copies_files: Where pictures are exported too, image files may be copied as they are;
            False: what the frames show is written, which is not what is in the files.
    """

    pictures: str | Sequence[Path]
    origin: Origin = field(default_factory=Origin)
    split: Split | None = None
    overwrite: bool = False
    copies_files: bool = True


class Exporter(Sink):
    """Writes the masks of pictures as annotations in another tool's format.

    A picture without a mask is left out: a picture without annotations would read as one in which
    there is nothing. The same masks give the same bytes, so a run that was broken off and started
    again ends with the same files.

    Args:
        output: Where the annotations go.
        names: What the pictures are called.
        dataset: What they are of, and how they are written.
    """

    def __init__(
        self, output: OutputFile | OutputFolder, names: PictureNames, dataset: Dataset
    ) -> None:
        self._output = output
        self._names = names
        self._dataset = dataset
        self._classes = ClassBook()
        self._pictures: Counter[int] = Counter()  # by scene
        self._spools: list[Spool] = []
        self._left_out = 0
        self._is_written = False
        self._is_closed = False

    @classmethod
    def layout(cls, *, is_divided: bool) -> tuple[str, ...] | None:  # noqa: ARG003 - of those that may
        """Return glob patterns of the files in the folder that it makes; None: it makes a file."""
        return None

    @abstractmethod
    def _add(self, frame: Frame, mask: Mask, scene: int) -> None:
        """Write the annotations of one picture.

        Args:
            frame: The picture.
            mask: Its mask.
            scene: The number of its scene.

        Raises:
            OSError: If the disk does not take them.
        """

    @abstractmethod
    def _finish(self) -> None:
        """Write what can only be written at the end. May be called again after it failed.

        Raises:
            OSError: If the disk does not take it.
        """

    def write(self, picture: Annotated) -> None:
        """Annotate one picture with its mask.

        Raises:
            SinkError: If the exporter is closed, or there is no name for the picture.
            OutputNotWritable: If the disk is full.
        """
        if self._is_closed:
            raise SinkError(f"{self._output.final_path} is closed")
        self._is_written = True
        if picture.mask is None:
            self._left_out += 1
            return
        self._classes.note(picture.mask)
        self._pictures[picture.scene] += 1
        try:
            self._add(picture.frame, picture.mask, picture.scene)
        except OSError as error:
            raise refused(self._output.path, error) from error

    def commit(self) -> None:
        """Finish the annotations and give them their final name; without a picture there are none.

        Raises:
            OutputExists: If something else has taken the name meanwhile.
            OutputNotWritable: If the disk is full.
        """
        if self._is_closed or not self._is_written:
            return
        self._finish_or_refuse()
        self._output.commit()
        self._release()
        self._warn_of_one_scene()
        if self._left_out:
            _log.info(
                "%s leaves out %d pictures without a mask", self._output.final_path, self._left_out
            )

    def close(self) -> None:
        """Finish what there is; without `commit` it keeps its partial name.

        May be called twice. A full disk is logged, not raised.
        """
        if self._is_closed:
            return
        try:
            self._finish_or_refuse()
        except SinkError as error:
            _log.warning("%s", error)
        self._release()
        self._output.leave(written=self._is_written)

    def _finish_or_refuse(self) -> None:
        try:
            self._finish()
        except OSError as error:
            raise refused(self._output.path, error) from error

    def _release(self) -> None:
        self._is_closed = True
        for spool in self._spools:
            spool.close()

    def _spool(self) -> Spool:
        """Return a list of lines that wait for `_finish`."""
        spool = Spool(self._output.path.parent)
        self._spools.append(spool)
        return spool

    def _contents(self, classes: Mapping[int, str]) -> Contents:
        """Return what there is, with the names of its classes by the numbers they have in it."""
        held_back = self._validation()
        counts = {TRAIN: 0, VALIDATION: 0}
        for scene, pictures in self._pictures.items():
            counts[VALIDATION if scene in held_back else TRAIN] += pictures
        return Contents(counts, classes, self._dataset.split)

    def _validation(self) -> frozenset[int]:
        """Return the scenes that are for validation, of those so far."""
        split = self._dataset.split
        return frozenset() if split is None else split.validation(self._pictures)

    def _warn_of_one_scene(self) -> None:
        if self._dataset.split is not None and len(self._pictures) == 1:
            _log.warning(
                "%s has one scene alone, and no scene is divided: all of it is for training",
                self._output.final_path,
            )
