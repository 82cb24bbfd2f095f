"""Masks as an archive that CVAT imports: its format `Segmentation mask 1.1`."""

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from livesegment.errors import SinkError
from livesegment.export.base import Dataset, Exporter
from livesegment.export.card import CARD_FILE, card
from livesegment.export.class_book import distinct
from livesegment.export.indexed_png import indexed_png, voc_palette
from livesegment.export.objects import Objects
from livesegment.export.picture_names import PictureNames
from livesegment.export.split import TRAIN, VALIDATION
from livesegment.frame import Frame
from livesegment.mask import BACKGROUND, Mask
from livesegment.sinks.output_file import OutputFile

_CLASSES, _OBJECTS = "SegmentationClass", "SegmentationObject"
_LISTS = "ImageSets/Segmentation"
_UNDIVIDED = "default"
_LABELS = "labelmap.txt"

_MOST = 255  # colours beside the background's
_LONGEST_LABEL = 60  # of the 64 characters that CVAT takes, so that there is room for an id


class CvatExporter(Exporter):
    """Writes masks as CVAT's `Segmentation mask 1.1`, to be imported into a task as annotations.

    `SegmentationClass/` has an indexed PNG for each picture, in the colours that `labelmap.txt`
    gives the classes; `SegmentationObject/` has one in which each instance has a colour of its own,
    or each class where the mask tells no instances apart or more than 255. Lists of the pictures
    are in `ImageSets/Segmentation/`, `default.txt`, or `train.txt` and `val.txt`. The pictures of
    a video are called `frame_000000` and so on, as CVAT calls them; no pictures are in the archive.
    Source: docs.cvat.ai, Segmentation Mask; read by datumaro (`voc`).

    Args:
        path: The archive.
        dataset: What it is of, and how it is written.

    Raises:
        OptionsError: If two image files differ in their suffix alone, or have names that no list
            holds.
        OutputExists: If the archive exists and may not be replaced.
        OutputNotWritable: If it cannot be created.
    """

    _output: OutputFile

    def __init__(self, path: Path, dataset: Dataset) -> None:
        pictures = "frame" if isinstance(dataset.pictures, str) else dataset.pictures
        names = PictureNames(pictures, by_stem=True, reader="CVAT", in_list=True)
        super().__init__(OutputFile(path, overwrite=dataset.overwrite), names, dataset)
        self._archive: zipfile.ZipFile | None = None
        self._stems = self._spool()
        self._is_finished = False

    def _add(self, frame: Frame, mask: Mask, scene: int) -> None:
        if len(self._classes.noted) > _MOST:
            raise SinkError(f"an archive for CVAT has {_MOST} classes at the most")
        stem = self._names.stem(frame.index)
        unclassed = self._classes.unclassed
        colours = np.zeros(256, np.uint8)
        for each in mask.pixel_counts():
            if each not in unclassed:
                colours[each] = self._classes.index(each) + 1
        objects = Objects(mask, unclassed)
        numbers = _numbered(objects) if len(objects.class_of) <= _MOST else colours[mask.class_ids]
        self._put(f"{_CLASSES}/{stem}.png", indexed_png(colours[mask.class_ids]))
        self._put(f"{_OBJECTS}/{stem}.png", indexed_png(numbers))
        self._stems.append(json.dumps([scene, stem]))

    def _put(self, name: str, content: bytes) -> None:
        if self._archive is None:
            self._archive = zipfile.ZipFile(self._output.path, "w")
        # The same masks give the same bytes, whenever they are written.
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o100644 << 16
        self._archive.writestr(entry, content)

    def _finish(self) -> None:
        if self._is_finished or not self._is_written:
            return
        self._is_finished = True  # an archive that could not be closed is not opened again
        names = {each: self._classes.name(each) for each in self._classes.noted[:_MOST]}
        labels = [BACKGROUND, *distinct(names, _label, taken=[BACKGROUND]).values()]
        colours = voc_palette()[: len(labels)].tolist()
        lines = [
            f"{label}:{','.join(map(str, colour))}::"
            for label, colour in zip(labels, colours, strict=True)
        ]
        contents = self._contents(dict(enumerate(labels)))
        try:
            self._put(_LABELS, _text(["# label:color_rgb:parts:actions", *lines]))
            for subset, stems in self._lists().items():
                self._put(f"{_LISTS}/{subset}.txt", _text(stems))
            self._put(CARD_FILE, card(self._dataset.origin, contents, use=_USE).encode())
        finally:
            if self._archive is not None:
                self._archive.close()

    def _lists(self) -> dict[str, list[str]]:
        """Return the names of the pictures, by subset."""
        is_divided = self._dataset.split is not None
        lists: dict[str, list[str]] = {}
        for subset in (TRAIN, VALIDATION) if is_divided else (_UNDIVIDED,):
            lists[subset] = []
        held_back = self._validation()
        for line in self._stems:
            scene, stem = json.loads(line)
            subset = VALIDATION if scene in held_back else TRAIN
            lists[subset if is_divided else _UNDIVIDED].append(stem)
        return lists


_USE = (
    "For a task of CVAT: Actions, Upload annotations, Segmentation mask 1.1. The task's labels are"
    f" called as `{_LABELS}` calls them, without the background."
)


def _numbered(objects: Objects) -> npt.NDArray[np.uint8]:
    """Return the objects of a picture, 255 at the most, counted from 1; 0 elsewhere."""
    numbers = np.zeros(int(objects.ids.max()) + 1, np.uint8)
    numbers[list(objects.class_of)] = np.arange(1, len(objects.class_of) + 1)
    counted: npt.NDArray[np.uint8] = numbers[objects.ids]
    return counted


def _label(name: str) -> str:
    """Return a class's name as a line of the labels can hold it, and as CVAT takes it."""
    name = name.replace(":", "_")[:_LONGEST_LABEL].strip()
    return f"_{name[1:]}" if name.startswith("#") else name


def _text(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
