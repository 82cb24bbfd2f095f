"""Reads tasks with label-studio-sdk's converter: `read_label_studio.py FOLDER`, of `make.py`."""

import json
import tempfile
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from label_studio_sdk.converter import Converter
from label_studio_sdk.converter.brush import decode_rle
from label_studio_sdk.label_interface import LabelInterface
from PIL import Image
from truth import Truth, main


def check(folder: Path, truth: Truth) -> None:
    for export in (folder / "clip.label-studio", folder / "divided" / "clip.label-studio"):
        tasks = json.loads((export / "tasks.json").read_text())
        interface = LabelInterface((export / "labels.xml").read_text(encoding="utf-8"))
        interface.validate()
        labels = [*interface.get_control("mask").labels]
        assert len(labels) == len(truth.names) - 1  # all but the background
        assert len(tasks) == len(truth.ids)
        for index, task in enumerate(tasks):
            assert interface.validate_prediction(task["predictions"][0], return_errors=True) == []
            check_picture(export, task["data"], index, truth)
            check_prediction(task["predictions"][0], index, truth)
        check_converted(export, tasks, truth)


def check_picture(export: Path, data: dict, index: int, truth: Truth) -> None:
    served = export / unquote(data["image"].removeprefix("/data/local-files/?d="))
    height, width = truth.ids[index].shape
    assert Image.open(served).size == (width, height)
    subset = "val" if index in truth.val else "train"
    assert data.get("split") == (subset if export.parent.name == "divided" else None)


def check_prediction(prediction: dict, index: int, truth: Truth) -> None:
    found = np.zeros_like(truth.ids[index])
    objects = np.zeros(found.shape, int)
    for number, result in enumerate(prediction["result"], 1):
        shape = result["original_height"], result["original_width"]
        pixels = decode_rle(result["value"]["rle"]).reshape(*shape, 4)
        assert set(np.unique(pixels)) <= {0, 255}
        is_in = pixels[..., 3] == 255
        (label,) = result["value"]["brushlabels"]
        found[is_in], objects[is_in] = truth.known(label, by=cleaned), number
    truth.compare(index, found)
    scores = [result.get("score") for result in prediction["result"]]
    if index == truth.instances:
        truth.compare_instances(objects)
        assert scores == [0.9, 0.8, 0.6, None]
    elif index == truth.certainty:
        assert scores == [0.8] * len(scores)
    else:
        assert scores == [None] * len(scores)
    assert prediction.get("score") == min((each for each in scores if each), default=None)


def check_converted(export: Path, tasks: list, truth: Truth) -> None:
    """Check what somebody gets who has taken the predictions for right and exports them."""
    accepted = [
        {"id": index, "data": task["data"], "annotations": [{**prediction, "id": 1}]}
        for index, task in enumerate(tasks)
        for prediction in task["predictions"]
    ]
    with tempfile.TemporaryDirectory() as name:
        given, taken = Path(name) / "given.json", Path(name) / "taken"
        given.write_text(json.dumps(accepted))
        taken.mkdir()
        config = (export / "labels.xml").read_text(encoding="utf-8")
        Converter(config, str(export)).convert(str(given), str(taken), "BRUSH_TO_PNG", is_dir=False)
        files = [*taken.iterdir()]
        assert len(files) == sum(len(each["predictions"][0]["result"]) for each in tasks)
        covered = np.zeros(truth.ids.shape, bool)
        for file in files:
            covered[int(file.name.split("-")[1])] |= np.array(Image.open(file)) > 0
    is_classed = (truth.ids > 0) & (truth.ids < 255)
    assert np.array_equal(covered, is_classed)


def cleaned(name: str) -> str:
    return f"_{name[1:]}" if name.startswith("$") else name


if __name__ == "__main__":
    main(check)
