"""Masks as predictions that people correct in Label Studio."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from livesegment.export.base import Dataset
from livesegment.export.brush import packed_runs
from livesegment.export.card import CARD_FILE
from livesegment.export.class_book import distinct
from livesegment.export.indexed_png import voc_palette
from livesegment.export.objects import Objects
from livesegment.export.picture_folder import FolderExporter
from livesegment.export.split import TRAIN, VALIDATION
from livesegment.frame import Frame
from livesegment.mask import Mask

TASKS_FILE, LABELS_FILE = "tasks.json", "labels.xml"
_BRUSH, _IMAGE = "mask", "image"


class LabelStudioExporter(FolderExporter):
    """Writes pictures, and tasks with a prediction for each.

    `tasks.json` is what is imported: a task for each picture, whose prediction has a brush region
    for each instance, or for each class where the mask tells no instances apart, with its score
    where the model says how sure it is. A prediction's score is the lowest of them, so that the
    least certain pictures can be had first. `labels.xml` is the labelling set-up. The pictures are
    in `images/`; tasks name them as Label Studio serves local files from the export's folder,
    wherever that is. Divided, a task's data has `split`, `train` or `val`; no file is elsewhere.
    Source: labelstud.io/guide, predictions, local storage; read by label-studio-sdk.

    Args:
        folder: Folder to make.
        dataset: What it is of, and how it is written.

    Raises:
        OptionsError: If two image files differ in their suffix alone, or are in the folder.
        OutputExists: If the folder exists and may not be replaced, or holds other files.
        OutputNotWritable: If it cannot be made.
    """

    files = (TASKS_FILE, LABELS_FILE, CARD_FILE)
    places = (("images", "*"),)
    copied = frozenset((".bmp", ".jpeg", ".jpg", ".png", ".webp"))  # what browsers show

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        super().__init__(folder, dataset)
        self._tasks = self._spool()

    def _add(self, frame: Frame, mask: Mask, scene: int) -> None:
        picture = self._add_picture(frame, "images", scene)
        objects = Objects(mask, self._classes.unclassed)
        data: dict[str, Any] = {_IMAGE: _address(picture)}
        if self._names.is_video:
            data |= {"frame_index": frame.index, "time_s": frame.pts_s}
        results = [_result(objects, each, mask.frame_size) for each in objects.class_of]
        classes = list(objects.class_of.values())
        score = min((each["score"] for each in results if "score" in each), default=None)
        task = json.dumps([scene, classes, data, score, results], separators=(",", ":"))
        self._tasks.append(task)

    def _finish(self) -> None:
        names = distinct(
            {each: self._classes.name(each) for each in sorted(self._classes.noted)}, _label
        )
        self._write(LABELS_FILE, _labelling(names))
        self._add_card(names, use=_USE)
        self._write_tasks(names)

    def _write_tasks(self, names: Mapping[int, str]) -> None:
        held_back = self._validation()
        with (self._output.path / TASKS_FILE).open("w", encoding="ascii", newline="\n") as file:
            file.write("[")
            for number, line in enumerate(self._tasks):
                scene, classes, data, score, results = json.loads(line)
                if self._dataset.split is not None:
                    data["split"] = VALIDATION if scene in held_back else TRAIN
                for class_id, result in zip(classes, results, strict=True):
                    result["value"]["brushlabels"] = [names[class_id]]
                prediction = {"model_version": self._dataset.origin.model, "result": results}
                if score is not None:
                    prediction["score"] = score
                task = {"data": data, "predictions": [prediction]}
                file.write((",\n" if number else "\n") + json.dumps(task, separators=(",", ":")))
            file.write("]\n")


_USE = (
    f"In Label Studio make a project with `{LABELS_FILE}` as its labelling set-up, and import"
    f" `{TASKS_FILE}`. It shows the pictures where it serves local files"
    " (`LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true`) from this folder"
    " (`LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT`), of which `images` is added to the project as a"
    " local storage."
)


def _address(picture: str) -> str:
    # Any bytes may be a file's name.
    return f"/data/local-files/?d={quote(os.fsencode(f'images/{picture}'))}"


def _result(objects: Objects, object_id: int, size: tuple[int, int]) -> dict[str, Any]:
    width, height = size
    result: dict[str, Any] = {
        "id": f"object-{object_id}",
        "type": "brushlabels",
        "from_name": _BRUSH,
        "to_name": _IMAGE,
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": {"format": "rle", "rle": list(packed_runs(objects.region(object_id)))},
    }
    if (score := objects.score(object_id)) is not None:
        result["score"] = score
    return result


def _label(name: str) -> str:
    """Return a class's name as a label can be called."""
    # XML has no place for these two; of a name that begins with a dollar, the task has the text.
    name = name.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    return f"_{name[1:]}" if name.startswith("$") else name


def _labelling(names: Mapping[int, str]) -> str:
    colours = voc_palette()
    labels = (
        f"    <Label value={quoteattr(name)} background="
        f'"#{"".join(f"{channel:02x}" for channel in colours[(number + 1) % 256].tolist())}"/>\n'
        for number, name in enumerate(names.values())
    )
    return (
        "<View>\n"
        f'  <Image name="{_IMAGE}" value="${_IMAGE}" zoom="true" zoomControl="true"/>\n'
        f'  <BrushLabels name="{_BRUSH}" toName="{_IMAGE}">\n{"".join(labels)}  </BrushLabels>\n'
        "</View>\n"
    )
