"""Masks as a data set for YOLO segmentation."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from livesegment.errors import OutputNotWritable, SinkError
from livesegment.export.base import Exporter
from livesegment.export.output_folder import OutputFolder
from livesegment.export.picture_names import PictureNames
from livesegment.export.polygons import Polygon, region_polygons
from livesegment.frame import Frame
from livesegment.mask import Mask

DATA_FILE = "data.yaml"
LAYOUT = (DATA_FILE, "images/*", "labels/*.txt")
"""Files in the folder, the one written last first."""

_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 95]
_READ_BY_YOLO = frozenset((".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"))


class YoloExporter(Exporter):
    """Writes pictures and the outlines of what is in them, ready to train on.

    `images/` holds the pictures: image files as they are (formats that YOLO does not read become
    PNG), pictures of a video as JPEG of quality 95. `labels/` holds a text file of the same stem
    for each, with a line for each connected part of each class: the class's number, then the
    corners of its outline, x and y in turn, as shares of the width and height. Filled as OpenCV
    fills polygons, they give the mask back, holes included; see `region_polygons`. The background
    has no label. `data.yaml` names the classes, which YOLO wants numbered from
    0 without gaps, so a number is not the class id; it also names `images` as both training and
    validation set, for the user to divide.
    Source: docs.ultralytics.com, segmentation data sets; read by ultralytics, supervision.

    Args:
        folder: Folder to make.
        pictures: Stem of the video, or the image files; see `PictureNames`.
        overwrite: Replace an earlier export.
        copies_files: Whether image files are taken as they are; False: the frames' pictures are
            written in the files' formats, JPEG of quality 95.

    Raises:
        OptionsError: If two image files differ in their suffix alone, or are in the folder.
        OutputExists: If the folder exists and `overwrite` is False, or holds other files.
        OutputNotWritable: If it cannot be made.
    """

    def __init__(
        self,
        folder: Path,
        pictures: str | Sequence[Path],
        *,
        overwrite: bool = False,
        copies_files: bool = True,
    ) -> None:
        self._copies_files = copies_files
        names = PictureNames(pictures, by_stem=True)
        names.check_outside(folder)
        super().__init__(OutputFolder(folder, LAYOUT, overwrite=overwrite), names)

    def _add(self, frame: Frame, mask: Mask) -> None:
        self._add_picture(frame)
        unclassed = self._classes.unclassed
        lines = [
            f"{self._classes.index(class_id)} {_corners_text(polygon, mask.frame_size)}\n"
            for class_id in mask.coverage()
            if class_id not in unclassed
            for polygon in region_polygons((mask.class_ids == class_id).astype(np.uint8))
        ]
        label = self._output.path / "labels" / f"{self._names.stem(frame.index)}.txt"
        label.write_text("".join(lines), encoding="ascii", newline="\n")

    def _add_picture(self, frame: Frame) -> None:
        path = self._output.path / "images" / self._names.name(frame.index)
        file = self._names.file(frame.index)
        is_read = file is not None and file.suffix.lower() in _READ_BY_YOLO
        if file is not None and is_read and self._copies_files:
            path.write_bytes(_content(file))
            return
        if file is not None and not is_read:
            path = path.with_suffix(".png")
        try:
            encoded, content = cv2.imencode(path.suffix, frame.image, [] if file else _JPEG)
        except cv2.error:
            encoded = False
        if not encoded:
            reason = f"{path.suffix} does not take this picture"
            raise OutputNotWritable(f"cannot write {path}: {reason}")
        path.write_bytes(content.tobytes())

    def _finish(self) -> None:
        names = [self._classes.name(class_id) for class_id in self._classes.noted]
        lines = [
            "train: images",
            "val: images",
            f"nc: {len(names)}",
            "names:" if names else "names: {}",
            *(f"  {index}: {_yaml_text(name)}" for index, name in enumerate(names)),
        ]
        text = "".join(f"{line}\n" for line in lines)
        (self._output.path / DATA_FILE).write_text(text, encoding="utf-8", newline="\n")


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SinkError(f"{file} cannot be copied any more: {error.strerror}") from error


def _corners_text(polygon: Polygon, frame_size: tuple[int, int]) -> str:
    # Rounded up, and by more than 32-bit numbers lose: readers that cut decimals off then get the
    # same pixel as those that round.
    millionths = np.ceil(polygon / np.array(frame_size) * (1e6 * (1 + 2e-7))).ravel()
    return " ".join(f"{each / 1e6:.6f}" for each in millionths.tolist())


def _yaml_text(text: str) -> str:
    """Return a string as a double-quoted YAML scalar."""
    # Quotes and backslashes are escaped in YAML as in JSON; what is not printable must be, too.
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in quoted)
