"""A class number for every pixel: for Ultralytics and for Hugging Face's datasets."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from masks import NAMES, SCENES, export, picture
from PIL import Image

from livesegment.errors import SinkError
from livesegment.export import open_exporter
from livesegment.mask import ClassIds

each_kind = pytest.mark.parametrize("kind", ["semantic", "huggingface"])


def numbers(kind: str, path: Path, index: int) -> ClassIds:
    folder = path / ("masks" if kind == "semantic" else "train/masks")
    with Image.open(folder / f"clip_{index:06d}.png") as image:
        assert image.mode == ("L" if kind == "semantic" else "P")
        return np.array(image)


def names_of(kind: str, path: Path) -> list[str]:
    if kind == "huggingface":
        names = json.loads((path / "id2label.json").read_text())
        assert [*names] == [str(number) for number in range(len(names))]
        return [*names.values()]
    lines = (path / "data.yaml").read_text(encoding="utf-8").partition("names:\n")[2].splitlines()
    return [json.loads(line.partition(": ")[2]) for line in lines]


@each_kind
def test_numbers_have_no_gaps_and_the_background_has_one(kind, tmp_path):
    path = export(kind, tmp_path / "a", [*SCENES.values()])
    names = names_of(kind, path)
    assert names == [NAMES[0], NAMES[1], NAMES[2], NAMES[7], "class 254"]
    ids = np.array([0, 1, 2, 7, 254], np.uint8)
    for index, scene in enumerate(SCENES.values()):
        assert np.array_equal(ids[numbers(kind, path, index)], scene)


@each_kind
def test_a_model_without_a_background_has_none(kind, tmp_path):
    names = {0: "road", 1: "sky", 2: "tree", 7: "car", 254: "wall"}
    path = export(kind, tmp_path / "a", [SCENES["noise"]], names=names)
    assert names_of(kind, path) == [*names.values()]


@each_kind
def test_void_is_ignored_and_a_class_of_that_number_is_not(kind, tmp_path):
    ids = np.array([[0, 1, 255, 255]], np.uint8)
    path = export(kind, tmp_path / "a", [ids])
    assert numbers(kind, path, 0).tolist() == [[0, 1, 255, 255]]
    path = export(kind, tmp_path / "b", [ids], names={255: "last"})
    assert numbers(kind, path, 0).tolist() == [[0, 1, 2, 2]]


@each_kind
def test_a_number_stays_when_more_classes_come(kind, tmp_path):
    with open_exporter(kind, tmp_path / "a", "clip") as exporter:
        for index, (class_id, names) in enumerate([(7, {}), (3, {3: "three"}), (7, {1: "one"})]):
            exporter.write(picture(np.full((4, 4), class_id, np.uint8), index, names))
        exporter.commit()
    read = [int(numbers(kind, tmp_path / "a", index)[0, 0]) for index in range(3)]
    assert [names_of(kind, tmp_path / "a")[each] for each in read] == [
        "class 7",
        "three",
        "class 7",
    ]


@each_kind
def test_more_classes_than_numbers_are_refused(kind, tmp_path):
    ids = np.arange(256, dtype=np.uint8)[None]
    names = {each: f"class {each}" for each in range(256)}
    with (
        open_exporter(kind, tmp_path / "a", "clip") as exporter,
        pytest.raises(SinkError, match="255 classes at the most"),
    ):
        exporter.write(picture(ids, 0, names))


def test_rows_name_pictures_and_masks(tmp_path):
    files = [tmp_path / name for name in ("ä b.png", "c.d.ppm")]
    for file in files:
        cv2.imencode(file.suffix, np.zeros((*SCENES["donut"].shape, 3), np.uint8))[1].tofile(file)
    path = export("huggingface", tmp_path / "a", [SCENES["donut"]] * 2, files)
    rows = [json.loads(line) for line in (path / "train/metadata.jsonl").read_text().splitlines()]
    assert rows == [
        {"file_name": "images/ä b.png", "mask_file_name": "masks/ä b.png"},
        {"file_name": "images/c.d.png", "mask_file_name": "masks/c.d.png"},
    ]
    for row in rows:
        for name in row.values():
            assert (path / "train" / name).is_file()


def test_what_ultralytics_leaves_in_it_may_be_replaced_with_it(tmp_path):
    for kind, left in (("semantic", "masks.cache"), ("yolo", "labels.cache")):
        path = export(kind, tmp_path / kind, [SCENES["donut"]])
        (path / left).write_bytes(b"")
        export(kind, path, [SCENES["donut"]], overwrite=True)
        assert not (path / left).exists()
