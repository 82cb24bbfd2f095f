"""Tasks for Label Studio; `tests/roundtrip/` has label-studio-sdk read them."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from masks import NAMES, SCENES, export

from livesegment.export import open_exporter
from livesegment.export.brush import packed_runs
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.sinks.base import Annotated


def tasks(path: Path) -> list[dict[str, Any]]:
    return json.loads((path / "tasks.json").read_text(encoding="ascii"))


def unpacked(runs: bytes) -> np.ndarray:
    """Return the values of packed runs, as the format is described."""
    bits = np.unpackbits(np.frombuffer(runs, np.uint8)).tolist()
    place = 0

    def take(count: int) -> int:
        nonlocal place
        place += count
        return int("".join(map(str, bits[place - count : place])), 2)

    values = np.zeros(take(32), np.uint8)
    word = take(5) + 1
    sizes = [take(4) + 1 for _ in range(4)]
    at = 0
    while at < len(values):
        is_run = take(1)
        length = take(sizes[take(2)]) + 1
        for step in range(1 if is_run else length):
            values[at + step : at + (length if is_run else step + 1)] = take(word)
        at += length
    return values


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
@pytest.mark.parametrize("size", [(1, 1), (7, 3), (40, 61), (300, 400)])
def test_runs_are_the_region_in_all_channels(share, size):
    region = (np.random.default_rng(4).random(size) < share).astype(np.uint8)
    channels = unpacked(packed_runs(region)).reshape(*size, 4)
    assert np.array_equal(channels, np.repeat(255 * region[..., None], 4, axis=2))


@pytest.mark.parametrize("name", ["several", "specks", "noise", "nothing"])
def test_regions_are_the_mask(name, tmp_path):
    path = export("label-studio", tmp_path / "a", [SCENES[name]])
    (task,) = tasks(path)
    assert task["data"]["frame_index"] == 0
    (prediction,) = task["predictions"]
    assert "score" not in prediction
    found = np.zeros_like(SCENES[name])
    known = {name: each for each, name in (NAMES | {254: "class 254"}).items()}
    for result in prediction["result"]:
        shape = result["original_height"], result["original_width"]
        assert shape == found.shape
        (label,) = result["value"]["brushlabels"]
        region = unpacked(bytes(result["value"]["rle"])).reshape(*shape, 4)[..., 0]
        found[region > 0] = known[label]
    assert np.array_equal(found, SCENES[name])


def test_how_sure_the_model_is_is_told_of_each_region_and_of_the_picture(tmp_path):
    ids, instances = np.zeros((2, 20, 30), np.uint16)
    ids[:5], instances[:5] = 1, 1
    ids[10:], instances[10:] = 2, 2
    several = Mask(ids.astype(np.uint8), NAMES, instance_ids=instances, confidences=(0.9, 0.25))
    certainty = np.full((20, 30), 51, np.uint8)
    certainty[10:] = 255
    sure = Mask(ids.astype(np.uint8), NAMES, certainty=certainty)
    path = tmp_path / "a"
    with open_exporter("label-studio", path, "clip") as exporter:
        image = np.zeros((20, 30, 3), np.uint8)
        for index, mask in enumerate((several, sure)):
            exporter.write(Annotated(Frame(image, index, index / 2, 0.0), mask, image))
        exporter.commit()
    predictions = [task["predictions"][0] for task in tasks(path)]
    assert [[each["score"] for each in told["result"]] for told in predictions] == [
        [0.9, 0.25],
        [0.2, 1.0],
    ]
    assert [told["score"] for told in predictions] == [0.25, 0.2]


def test_the_labelling_set_up_holds_any_name(tmp_path):
    names = {1: '<b> & "it\'s"', 2: "$image", 3: "a\uffff", 4: "_image", 5: "été 😀 {{x}}"}
    path = export("label-studio", tmp_path / "a", [SCENES["one row"]], names=names)
    root = ElementTree.parse(path / "labels.xml").getroot()
    read = [each.get("value") for each in root.iter("Label")]
    assert read == ['<b> & "it\'s"', "_image", "a\ufffd", "_image 4", "été 😀 {{x}}"]
    assert {
        each
        for result in tasks(path)[0]["predictions"][0]["result"]
        for each in result["value"]["brushlabels"]
    } <= set(read)


def test_pictures_are_found_by_any_name(tmp_path):
    files = [tmp_path / name for name in ("ä ?&#%.png", os.fsdecode(b"b\xff.jpg"), "c.tif")]
    for file in files:
        cv2.imencode(file.suffix, np.zeros((*SCENES["donut"].shape, 3), np.uint8))[1].tofile(file)
    path = export("label-studio", tmp_path / "a", [SCENES["donut"]] * 3, files)
    for task, name in zip(
        tasks(path), ("ä ?&#%.png", os.fsdecode(b"b\xff.jpg"), "c.png"), strict=True
    ):
        served = unquote_to_bytes(task["data"]["image"].removeprefix("/data/local-files/?d="))
        assert os.fsdecode(served) == f"images/{name}"
        assert (path / os.fsdecode(served)).is_file()
