"""Reads both data sets for Ultralytics: `read_ultralytics.py FOLDER`, of `make.py`."""

import os
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

# Before it is imported: what it remembers, and that it is to look nothing up.
os.environ["YOLO_CONFIG_DIR"] = tempfile.mkdtemp()
os.environ["YOLO_OFFLINE"] = "true"

from truth import VOID, Truth, main
from ultralytics.cfg import get_cfg
from ultralytics.data import build_yolo_dataset
from ultralytics.data import utils as data_utils


def check(folder: Path, truth: Truth) -> None:
    data_utils.check_font = lambda name: None  # it would be fetched for names in other scripts
    for export in (folder, folder / "divided"):
        check_masks(export / "clip.semantic", truth)
        check_polygons(export / "clip.yolo", truth)


def opened(folder: Path, task: str, subset: str) -> tuple[dict, Any]:
    """Return what is told of a data set, and a subset of it as it is trained on."""
    data = data_utils.check_det_dataset(str(folder / "data.yaml"))
    config = get_cfg(overrides={"task": task, "imgsz": 160})
    read = build_yolo_dataset(config, data[subset], 1, data, mode="train", rect=False)
    for place in range(len(read)):
        assert read[place]["img"].shape == (3, 160, 160)
    return data, read


def subsets(folder: Path, truth: Truth) -> dict[str, list[int]]:
    every = [*range(len(truth.ids))]
    if folder.parent.name != "divided":
        return {"train": every, "val": every}
    return {
        "train": [each for each in every if each not in truth.val],
        "val": sorted(truth.val),
    }


def index_of(file: str) -> int:
    return int(Path(file).stem.rpartition("_")[2])


def check_masks(folder: Path, truth: Truth) -> None:
    for subset, wanted in subsets(folder, truth).items():
        data, read = opened(folder, "semantic", subset)
        assert type(read).__name__ == "SemanticDataset"
        ids = np.full(256, VOID, np.uint8)
        ids[: data["nc"]] = [truth.known(data["names"][each]) for each in range(data["nc"])]
        assert sorted(index_of(each) for each in read.im_files) == wanted
        for place, label in enumerate(read.labels):
            truth.compare(index_of(label["im_file"]), ids[read.load_mask(place)], void=VOID)


def check_polygons(folder: Path, truth: Truth) -> None:
    for subset, wanted in subsets(folder, truth).items():
        data, read = opened(folder, "segment", subset)
        assert sorted(index_of(each) for each in read.im_files) == wanted
        for label in read.labels:
            index = index_of(label["im_file"])
            height, width = truth.ids[index].shape
            found = np.zeros((height, width), np.uint8)
            for class_number, corners in zip(label["cls"].ravel(), label["segments"], strict=True):
                points = (corners * (width, height)).astype(np.int32)
                cv2.fillPoly(found, [points], truth.known(data["names"][int(class_number)]))
            # A line that is there twice is taken once, so that it is no instance that was lost.
            truth.compare(index, found)


if __name__ == "__main__":
    main(check)
