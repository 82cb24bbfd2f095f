"""Masks as a data set for YOLO semantic segmentation: a class number for every pixel."""

import io
from pathlib import Path

from PIL import Image as Pillow

from livesegment.export.base import Dataset
from livesegment.export.card import CARD_FILE
from livesegment.export.numbered_classes import NumberedClasses
from livesegment.export.picture_folder import FolderExporter
from livesegment.export.yolo import CACHES, DATA_FILE, data_yaml
from livesegment.frame import Frame
from livesegment.mask import Mask


class SemanticExporter(FolderExporter):
    """Writes pictures, and a grey PNG of class numbers for each.

    `images/` holds the pictures as for YOLO, `masks/` a PNG of the same stem for each. Classes are
    numbered from 0 without gaps, the background's among them; 255 is ignored in training. Divided,
    both folders hold `train/` and `val/`; else `data.yaml` names `images` as both.
    Source: docs.ultralytics.com, semantic segmentation data sets, PNG masks; read by ultralytics.

    Args:
        folder: Folder to make.
        dataset: What it is of, and how it is written.

    Raises:
        OptionsError: If two image files differ in their suffix alone, or are in the folder.
        OutputExists: If the folder exists and may not be replaced, or holds other files.
        OutputNotWritable: If it cannot be made.
    """

    files = (DATA_FILE, CARD_FILE, *CACHES)
    places = (("images/{}", "*"), ("masks/{}", "*.png"))

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        super().__init__(folder, dataset)
        self._numbered = NumberedClasses()

    def _add(self, frame: Frame, mask: Mask, scene: int) -> None:
        self._add_picture(frame, "images/{}", scene)
        written = io.BytesIO()
        Pillow.fromarray(self._numbered.numbered(mask)).save(written, "PNG")
        file = self._file("masks/{}", f"{self._names.stem(frame.index)}.png", scene)
        file.write_bytes(written.getvalue())

    def _finish(self) -> None:
        self._divide()
        names = dict(enumerate(map(self._classes.name, self._numbered.ids)))
        self._add_card(names, use=f"For `yolo semantic train data={DATA_FILE}`.")
        self._write(DATA_FILE, data_yaml(names, self._dataset.split, ("masks_dir: masks",)))
