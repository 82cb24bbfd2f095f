"""Masks as a data set for YOLO segmentation."""

import json
from collections.abc import Mapping

import numpy as np

from livesegment.export.card import CARD_FILE
from livesegment.export.objects import Objects
from livesegment.export.picture_folder import FolderExporter
from livesegment.export.polygons import Polygon, region_polygons
from livesegment.export.split import TRAIN, VALIDATION, Split
from livesegment.frame import Frame
from livesegment.mask import Mask

DATA_FILE = "data.yaml"
CACHES = ("*.cache", "labels/*.cache", "masks/*.cache")
"""What Ultralytics leaves in a data set that it has read."""


class YoloExporter(FolderExporter):
    """Writes pictures and the outlines of what is in them, ready to train on.

    `images/` holds the pictures: image files as they are (formats that YOLO does not read become
    PNG), pictures of a video as JPEG of quality 95. `labels/` holds a text file of the same stem
    for each, with a line for each connected part of each instance, or of each class where the mask
    tells no instances apart: the class's number, then the corners of its outline, x and y in turn,
    as shares of the width and height. Filled as OpenCV fills polygons, they give the mask back,
    holes included; see `region_polygons`. The background has no label. `data.yaml` names the
    classes, which YOLO wants numbered from 0 without gaps, so a number is not the class id.
    Divided, both folders hold `train/` and `val/`; else `data.yaml` names `images` as both training
    and validation set, for the user to divide.
    Source: docs.ultralytics.com, segmentation data sets; read by ultralytics, supervision.

    Args:
        folder: Folder to make.
        dataset: What it is of, and how it is written.

    Raises:
        OptionsError: If two image files differ in their suffix alone, or are in the folder.
        OutputExists: If the folder exists and may not be replaced, or holds other files.
        OutputNotWritable: If it cannot be made.
    """

    files = (DATA_FILE, CARD_FILE, *CACHES)
    places = (("images/{}", "*"), ("labels/{}", "*.txt"))

    def _add(self, frame: Frame, mask: Mask, scene: int) -> None:
        self._add_picture(frame, "images/{}", scene)
        objects = Objects(mask, self._classes.unclassed)
        lines = [
            f"{self._classes.index(class_id)} {_corners_text(polygon, mask.frame_size)}\n"
            for each, class_id in objects.class_of.items()
            for polygon in region_polygons(objects.region(each))
        ]
        label = self._file("labels/{}", f"{self._names.stem(frame.index)}.txt", scene)
        label.write_text("".join(lines), encoding="ascii", newline="\n")

    def _finish(self) -> None:
        self._divide()
        names = dict(enumerate(map(self._classes.name, self._classes.noted)))
        self._add_card(names, use=f"For `yolo segment train data={DATA_FILE}`.")
        self._write(DATA_FILE, data_yaml(names, self._dataset.split))


def data_yaml(names: Mapping[int, str], split: Split | None, more: tuple[str, ...] = ()) -> str:
    """Return what Ultralytics reads of a data set that lies beside it.

    Args:
        names: Names of the classes, numbered from 0 without gaps.
        split: How it is divided; None: it is not.
        more: Further lines.
    """
    train, held_back = (f"images/{each}" if split else "images" for each in (TRAIN, VALIDATION))
    lines = [
        f"train: {train}",
        f"val: {held_back}",
        *more,
        f"nc: {len(names)}",
        "names:" if names else "names: {}",
        *(f"  {number}: {_yaml_text(name)}" for number, name in names.items()),
    ]
    return "".join(f"{line}\n" for line in lines)


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
