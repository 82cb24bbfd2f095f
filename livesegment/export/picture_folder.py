"""What the exporters that write a folder do alike: files of pictures, divided, and a card."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import cv2

from livesegment.errors import OutputNotWritable, SinkError
from livesegment.export.base import Dataset, Exporter
from livesegment.export.card import CARD_FILE, card
from livesegment.export.output_folder import OutputFolder
from livesegment.export.picture_names import PictureNames
from livesegment.export.split import TRAIN, VALIDATION
from livesegment.frame import Frame

_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 95]


class FolderExporter(Exporter):
    """Writes a folder, with files for each picture.

    Which scenes are for validation is known when all have come: until then each file is among those
    for training.

    Args:
        folder: Folder to make.
        dataset: What the pictures are of, and how they are written.

    Attributes:
        files: Other files in the folder than those of pictures; the one written last first.
        places: Where files of pictures are, such as `images/{}`, with the subset in place of `{}`,
            and glob patterns of their names.
        whole: The subset's name where nothing is divided.
        copied: Suffixes of image files that are taken as they are.
        reader: Who reads the pictures' names in a text, which cannot hold every name; None: nobody.

    Raises:
        OptionsError: If two image files differ in their suffix alone, or are in the folder.
        OutputExists: If the folder exists and may not be replaced, or holds other files.
        OutputNotWritable: If it cannot be made.
    """

    files: ClassVar[tuple[str, ...]]
    places: ClassVar[tuple[tuple[str, str], ...]] = ()
    whole: ClassVar[str] = ""
    copied: ClassVar[frozenset[str]] = frozenset(
        (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
    )

    reader: ClassVar[str | None] = None

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        names = PictureNames(dataset.pictures, by_stem=True, reader=self.reader)
        names.check_outside(folder)
        subsets = (self.whole,) if dataset.split is None else (TRAIN, VALIDATION)
        folders = [place.format(subset) for place, _ in self.places for subset in subsets]
        output = OutputFolder(folder, self.layout(), folders, overwrite=dataset.overwrite)
        super().__init__(output, names, dataset)
        self._subset = subsets[0]
        self._waiting = None if dataset.split is None else self._spool()

    @classmethod
    def layout(cls, *, is_divided: bool = False) -> tuple[str, ...]:  # noqa: ARG003 - the same for both
        """Return glob patterns of the files in the folder; one may replace the other."""
        patterns = [
            f"{place.format(subset)}/{pattern}".lstrip("/")
            for place, pattern in cls.places
            for subset in dict.fromkeys((cls.whole, TRAIN, VALIDATION))
        ]
        return (*cls.files, *patterns)

    def _file(self, place: str, name: str, scene: int) -> Path:
        """Return where a file of a picture is to be written."""
        if self._waiting is not None:
            self._waiting.append(json.dumps([scene, place, name]))
        return self._in(place, self._subset, name)

    def _in(self, place: str, subset: str, name: str) -> Path:
        return self._output.path / place.format(subset) / name

    def _divide(self) -> None:
        """Put the files of scenes for validation where they belong. May be called again."""
        if self._waiting is None:
            return
        held_back = self._validation()
        for line in self._waiting:
            scene, place, name = json.loads(line)
            file = self._in(place, TRAIN, name)
            if scene in held_back and file.exists():
                file.replace(self._in(place, VALIDATION, name))

    def _add_picture(self, frame: Frame, place: str, scene: int) -> str:
        """Write a picture itself and return its file's name.

        An image file is copied where it may be, or written again in its format; PNG stands for
        formats that the reader does not know. A picture of a video is a JPEG of quality 95.
        """
        name = self._names.name(frame.index)
        original = self._names.file(frame.index)
        is_known = original is not None and original.suffix.lower() in self.copied
        if original is not None and not is_known:
            name = f"{self._names.stem(frame.index)}.png"
        path = self._file(place, name, scene)
        if original is not None and is_known and self._dataset.copies_files:
            path.write_bytes(_content(original))
        else:
            path.write_bytes(_encoded(frame, path, [] if original else _JPEG))
        return name

    def _add_card(
        self, classes: Mapping[int, str], *, front: Sequence[str] = (), use: str = ""
    ) -> None:
        text = card(self._dataset.origin, self._contents(classes), front=front, use=use)
        self._write(CARD_FILE, text)

    def _write(self, name: str, text: str) -> None:
        (self._output.path / name).write_text(text, encoding="utf-8", newline="\n")


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SinkError(f"{file} cannot be copied any more: {error.strerror}") from error


def _encoded(frame: Frame, path: Path, options: Sequence[int]) -> bytes:
    try:
        encoded, content = cv2.imencode(path.suffix, frame.image, options)
    except cv2.error:
        encoded = False
    if not encoded:
        raise OutputNotWritable(f"cannot write {path}: {path.suffix} does not take this picture")
    return content.tobytes()
