"""Masks as a COCO annotation file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from livesegment.errors import OptionsError
from livesegment.export.base import Dataset, Exporter
from livesegment.export.card import CARD_FILE, LICENCE, card
from livesegment.export.objects import Objects
from livesegment.export.output_folder import OutputFolder
from livesegment.export.picture_names import PictureNames
from livesegment.export.split import TRAIN, VALIDATION
from livesegment.export.spool import Spool
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.rle import regions
from livesegment.sinks.output_file import OutputFile

_ANNOTATIONS = "annotations"
_FOLDERS = (_ANNOTATIONS, "images")
_FILES = {subset: f"{_ANNOTATIONS}/instances_{subset}.json" for subset in (VALIDATION, TRAIN)}


_USE = "The pictures are not in it: `images/` is for them."


class CocoExporter(Exporter):
    """Writes the masks of all pictures into one COCO JSON file, or divided into two.

    The form is that of COCO's stuff segmentation, made for semantic masks: one annotation for each
    class in a picture, its pixels as compressed run lengths, exactly, with area and box, and
    `iscrowd` 0. Where a mask tells instances apart there is one for each of them, of what the mask
    shows of it, and one for what else there is of a class. The background is not annotated. A
    category's id is the class id, or one more where class 0 is annotated: readers take category 0
    for none. Numbers of pictures and annotations count from 1. Pictures of a video also have
    `frame_index` and `time_s`, the media time in seconds. Divided, a folder holds
    `annotations/instances_train.json`, `instances_val.json`, and an empty `images/`, without which
    some readers read nothing.
    Source: cocodataset.org, data format, 3. stuff segmentation; read by pycocotools, supervision,
    datumaro.

    Annotations wait on the disk, so a file may be longer than the memory.

    Args:
        path: A name that ends in .json; divided, a folder.
        dataset: What it is of, and how it is written.

    Raises:
        OptionsError: If the suffix is not .json, or two image files have the same name.
        OutputExists: If the output exists and may not be replaced.
        OutputNotWritable: If it cannot be created.
    """

    def __init__(self, path: Path, dataset: Dataset) -> None:
        names = PictureNames(dataset.pictures, by_stem=False)
        output: OutputFile | OutputFolder
        if dataset.split is not None:
            names.check_outside(path)
            layout = self.layout(is_divided=True)
            assert layout is not None
            output = OutputFolder(path, layout, _FOLDERS, overwrite=dataset.overwrite)
        elif path.suffix.lower() == ".json":
            output = OutputFile(path, overwrite=dataset.overwrite)
        else:
            raise OptionsError(f"{path} cannot keep COCO annotations: its name ends in .json")
        super().__init__(output, names, dataset)
        self._images, self._annotations = self._spool(), self._spool()
        self._image_count = self._annotation_count = 0

    @classmethod
    def layout(cls, *, is_divided: bool) -> tuple[str, ...] | None:
        """Return the files in the folder that it makes where it divides; None: it makes a file."""
        return (_FILES[TRAIN], _FILES[VALIDATION], CARD_FILE) if is_divided else None

    def _add(self, frame: Frame, mask: Mask, scene: int) -> None:
        width, height = mask.frame_size
        self._image_count += 1
        image: dict[str, Any] = {
            "id": self._image_count,
            "file_name": self._names.name(frame.index),
            "width": width,
            "height": height,
        }
        if self._names.is_video:
            image |= {"frame_index": frame.index, "time_s": frame.pts_s}
        self._images.append(json.dumps([scene, image]))
        objects = Objects(mask, self._classes.unclassed)
        for region in regions(objects.ids):
            if region.id not in objects.class_of:
                continue
            self._annotation_count += 1
            annotation = {
                "id": self._annotation_count,
                "image_id": self._image_count,
                "category_id": objects.class_of[region.id],
                "segmentation": {"size": [height, width], "counts": region.counts},
                "area": region.area,
                "bbox": region.box,
                "iscrowd": 0,
            }
            self._annotations.append(json.dumps([scene, annotation]))

    def _finish(self) -> None:
        if not self._is_written:
            return
        if isinstance(self._output, OutputFile):
            self._write(self._output.path, None)
            return
        names = self._names_by_category()
        text = card(self._dataset.origin, self._contents(names), use=_USE)
        (self._output.path / CARD_FILE).write_text(text, encoding="utf-8", newline="\n")
        for subset, name in _FILES.items():
            self._write(self._output.path / name, subset)

    def _write(self, path: Path, subset: str | None) -> None:
        """Write the file of a subset, or of all that there is."""
        plus = self._plus
        origin = self._dataset.origin
        info = {
            "description": f"Masks of {origin.source}, made by livesegment",
            "model": origin.model,
            "confidence": origin.confidence,
        }
        licences = [{"id": 1, "name": LICENCE, "url": ""}]
        categories = [
            {"id": category, "name": name, "supercategory": ""}
            for category, name in self._names_by_category().items()
        ]
        with path.open("w", encoding="ascii", newline="\n") as file:
            file.write(f'{{"info": {json.dumps(info)},\n"licenses": {json.dumps(licences)}')
            file.write(',\n"annotations": [')
            for number, each in enumerate(self._of(subset, self._annotations)):
                each["category_id"] += plus
                file.write((",\n" if number else "\n") + json.dumps(each))
            file.write('],\n"images": [')
            for number, each in enumerate(self._of(subset, self._images)):
                file.write((",\n" if number else "\n") + json.dumps(each))
            file.write(f'],\n"categories": {json.dumps(categories)}}}\n')

    def _of(self, subset: str | None, lines: Spool) -> Iterator[dict[str, Any]]:
        held_back = self._validation()
        for line in lines:
            scene, entry = json.loads(line)
            if subset is None or (scene in held_back) == (subset == VALIDATION):
                yield entry

    @property
    def _plus(self) -> int:
        """What a category's id is more than the class id: known when all classes are."""
        return int(0 in self._classes.noted)

    def _names_by_category(self) -> dict[int, str]:
        return {each + self._plus: self._classes.name(each) for each in sorted(self._classes.noted)}
