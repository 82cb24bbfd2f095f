"""What every exporter does alike."""

import logging
from abc import abstractmethod

from livesegment.errors import SinkError
from livesegment.export.output_folder import OutputFolder
from livesegment.export.picture_names import PictureNames
from livesegment.frame import Frame
from livesegment.mask import Mask, background_ids, name_of_unnamed, unclassed_ids
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.output_file import OutputFile, refused


class ClassBook:
    """Collects the classes of masks. The first name that an id is given stays."""

    def __init__(self) -> None:
        self._named: dict[int, str] = {}
        self._noted: dict[int, int] = {}

    def note(self, mask: Mask) -> None:
        """Take note of the classes that a mask names and of those that occur in it."""
        for class_id, name in mask.class_map.items():
            if name:
                self._named.setdefault(class_id, name)
        unclassed = self.unclassed
        for class_id in sorted(mask.class_map.keys() | mask.coverage().keys()):
            if class_id not in unclassed:
                self._noted.setdefault(class_id, len(self._noted))

    def name(self, class_id: int) -> str:
        """Return the name of a class, `class 7` for an id that no mask named."""
        unnamed = name_of_unnamed(class_id, background_ids(self._named))
        return self._named.get(class_id, unnamed)

    @property
    def unclassed(self) -> frozenset[int]:
        """Ids that are no class to annotate: the background's, and void."""
        return unclassed_ids(self._named)

    def index(self, class_id: int) -> int:
        """Return the number of a noted class, counted without gaps as they were noted."""
        return self._noted[class_id]

    @property
    def noted(self) -> list[int]:
        """Ids of all classes noted so far without the background, by their `index`."""
        return list(self._noted)

    @property
    def all_names(self) -> dict[int, str]:
        """Names of all classes, background included, by ascending id."""
        ids = self._named.keys() | self._noted.keys() | background_ids(self._named)
        return {each: self.name(each) for each in sorted(ids)}


_log = logging.getLogger(__name__)


class Exporter(Sink):
    """Writes the masks of pictures as annotations in another tool's format.

    A picture without a mask is left out: a picture without annotations would read as one in which
    there is nothing. The same masks give the same bytes, so a run that was broken off and started
    again ends with the same files.

    Args:
        output: Where the annotations go.
        names: What the pictures are called.
    """

    def __init__(self, output: OutputFile | OutputFolder, names: PictureNames) -> None:
        self._output = output
        self._names = names
        self._classes = ClassBook()
        self._left_out = 0
        self._is_written = False
        self._is_closed = False

    @abstractmethod
    def _add(self, frame: Frame, mask: Mask) -> None:
        """Write the annotations of one picture.

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
        try:
            self._add(picture.frame, picture.mask)
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
        self._is_closed = True
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
        self._is_closed = True
        try:
            self._finish_or_refuse()
        except SinkError as error:
            _log.warning("%s", error)
        self._output.leave(written=self._is_written)

    def _finish_or_refuse(self) -> None:
        try:
            self._finish()
        except OSError as error:
            raise refused(self._output.path, error) from error
