"""Masks as a folder that Hugging Face's `datasets` loads."""

import json
from pathlib import Path
from typing import Any

from livesegment.export.base import Dataset
from livesegment.export.card import CARD_FILE
from livesegment.export.indexed_png import indexed_png
from livesegment.export.numbered_classes import NumberedClasses
from livesegment.export.picture_folder import FolderExporter
from livesegment.export.split import TRAIN, VALIDATION
from livesegment.frame import Frame
from livesegment.mask import Mask

NAMES_FILE = "id2label.json"
_METADATA = "metadata.jsonl"
_SPLITS = {TRAIN: "train", VALIDATION: "validation"}


class HuggingFaceExporter(FolderExporter):
    """Writes pictures and masks with the metadata of an image folder.

    `load_dataset(folder)` gives columns `image` and `mask`; a mask is an indexed PNG of class
    numbers from 0 without gaps, the background's among them, 255 where nothing is said.
    `id2label.json` has the names by these numbers. Pictures of a video also have `frame_index` and
    `time_s`, the media time in seconds. All are in `train/`, or divided into `train/` and `val/`.
    Source: huggingface.co/docs/datasets, image dataset, ImageFolder; read by datasets.

    Args:
        folder: Folder to make.
        dataset: What it is of, and how it is written.

    Raises:
        OptionsError: If two image files differ in their suffix alone, have names that no text
            holds, or are in the folder.
        OutputExists: If the folder exists and may not be replaced, or holds other files.
        OutputNotWritable: If it cannot be made.
    """

    files = (NAMES_FILE, CARD_FILE, *(f"{subset}/{_METADATA}" for subset in _SPLITS))
    places = (("{}/images", "*"), ("{}/masks", "*.png"))
    whole = TRAIN
    reader = "Hugging Face's datasets"

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        super().__init__(folder, dataset)
        self._numbered = NumberedClasses()
        self._rows = self._spool()

    def _add(self, frame: Frame, mask: Mask, scene: int) -> None:
        picture = self._add_picture(frame, "{}/images", scene)
        file = self._file("{}/masks", f"{self._names.stem(frame.index)}.png", scene)
        file.write_bytes(indexed_png(self._numbered.numbered(mask)))
        row: dict[str, Any] = {
            "file_name": f"images/{picture}",
            "mask_file_name": f"masks/{file.name}",
        }
        if self._names.is_video:
            row |= {"frame_index": frame.index, "time_s": float(frame.pts_s)}
        self._rows.append(json.dumps([scene, row]))

    def _finish(self) -> None:
        self._divide()
        names = dict(enumerate(map(self._classes.name, self._numbered.ids)))
        pictures = self._contents(names).pictures
        subsets = [each for each in _SPLITS if pictures[each]]
        for subset in subsets:
            self._add_rows(subset)
        front = ["task_categories:", "- image-segmentation"]
        if subsets:
            front += ["configs:", "- config_name: default", "  data_files:"]
        for subset in subsets:
            front += [f"  - split: {_SPLITS[subset]}", f"    path: {subset}/**"]
        self._add_card(names, front=front, use="For `datasets.load_dataset`.")
        self._write(NAMES_FILE, json.dumps(names, indent=1) + "\n")

    def _add_rows(self, subset: str) -> None:
        held_back = self._validation()
        path = self._output.path / subset / _METADATA
        with path.open("w", encoding="ascii", newline="\n") as file:
            for line in self._rows:
                scene, row = json.loads(line)
                if (scene in held_back) == (subset == VALIDATION):
                    file.write(json.dumps(row) + "\n")
