"""Masks as a COCO annotation file."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from livesegment.errors import OptionsError
from livesegment.export.base import Exporter
from livesegment.export.picture_names import PictureNames
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.rle import Region, regions
from livesegment.sinks.output_file import OutputFile

_ELSEWHERE = np.uint16(256)  # no class

_HEAD = b'{"info": {"description": "livesegment"},\n"licenses": [],\n"annotations": ['


class CocoExporter(Exporter):
    """Writes the masks of all pictures into one COCO JSON file.

    The form is that of COCO's stuff segmentation, made for semantic masks: one annotation for each
    class in a picture, its pixels as compressed run lengths, exactly, with area and box, and
    `iscrowd` 0. Where a mask tells instances apart there is one for each of them, of what the mask
    shows of it, and one for what else there is of a class. The background is not annotated. A
    category's id is the class id. Numbers of pictures and annotations count from 1. Pictures of a
    video also have `frame_index` and `time_s`, the media time in seconds.
    Source: cocodataset.org, data format, 3. stuff segmentation; read by pycocotools, supervision.

    Annotations go to the disk as they come, so a file may be longer than the memory.

    Args:
        path: A name that ends in .json.
        pictures: Stem of the video, or the image files; see `PictureNames`.
        overwrite: Replace an existing file.

    Raises:
        OptionsError: If the suffix is not .json, or two image files have the same name.
        OutputExists: If the file exists and `overwrite` is False.
        OutputNotWritable: If it cannot be created.
    """

    def __init__(
        self, path: Path, pictures: str | Sequence[Path], *, overwrite: bool = False
    ) -> None:
        if path.suffix.lower() != ".json":
            raise OptionsError(f"{path} cannot keep COCO annotations: its name ends in .json")
        names = PictureNames(pictures, by_stem=False)
        super().__init__(OutputFile(path, overwrite=overwrite), names)
        self._annotations: _JsonList | None = None
        self._images: _JsonList | None = None

    def _add(self, frame: Frame, mask: Mask) -> None:
        annotations, images = self._open()
        width, height = mask.frame_size
        image: dict[str, Any] = {
            "id": images.count + 1,
            "file_name": self._names.name(frame.index),
            "width": width,
            "height": height,
        }
        if self._names.is_video:
            image |= {"frame_index": frame.index, "time_s": frame.pts_s}
        images.append(image)
        unclassed = self._classes.unclassed
        for class_id, region in _regions(mask):
            if class_id not in unclassed:
                annotations.append(
                    {
                        "id": annotations.count + 1,
                        "image_id": images.count,
                        "category_id": class_id,
                        "segmentation": {"size": [height, width], "counts": region.counts},
                        "area": region.area,
                        "bbox": region.box,
                        "iscrowd": 0,
                    }
                )

    def _open(self) -> "tuple[_JsonList, _JsonList]":
        if self._images is None:
            # Two lists of one JSON file grow at the same time: the second waits in a file that
            # has no name, so that nothing of it stays behind, not even after a kill.
            spool = tempfile.TemporaryFile(dir=self._output.path.parent)  # noqa: SIM115 - kept
            self._images = _JsonList(spool)
        if self._annotations is None:
            file = self._output.path.open("wb")
            file.write(_HEAD)
            self._annotations = _JsonList(file)
        return self._annotations, self._images

    def _finish(self) -> None:
        if not self._is_written:
            return
        annotations, images = self._open()
        file, spool = annotations.file, images.file
        if file.closed:
            return
        categories = [
            {"id": class_id, "name": self._classes.name(class_id), "supercategory": ""}
            for class_id in sorted(self._classes.noted)
        ]
        with file, spool:
            file.write(b'],\n"images": [')
            spool.seek(0)
            shutil.copyfileobj(spool, file)
            file.write(b'],\n"categories": ' + json.dumps(categories).encode() + b"}\n")


def _regions(mask: Mask) -> Iterator[tuple[int, Region]]:
    """Yield the class and the region of each annotation: instances, then what is in none."""
    if mask.instance_ids is None:
        yield from ((region.id, region) for region in regions(mask.class_ids))
        return
    class_of = np.zeros(int(mask.instance_ids.max()) + 1, np.uint8)
    class_of[mask.instance_ids] = mask.class_ids  # an instance has one class
    for region in regions(mask.instance_ids):
        if region.id:
            yield int(class_of[region.id]), region
    is_none = mask.instance_ids == 0
    if is_none.any():
        elsewhere = np.where(is_none, mask.class_ids, _ELSEWHERE)
        yield from ((each.id, each) for each in regions(elsewhere) if each.id != _ELSEWHERE)


class _JsonList:
    """Appends to the list that a JSON file ends with so far, one entry a line."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.count = 0

    def append(self, entry: dict[str, Any]) -> None:
        separator = ",\n" if self.count else "\n"
        # JSON's own escapes keep what UTF-8 cannot: file names that are no valid text.
        self.file.write((separator + json.dumps(entry)).encode("ascii"))
        self.count += 1
