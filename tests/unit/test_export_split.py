"""Exports that are divided into training and validation, by scene."""

import json
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from masks import SCENES, export, picture
from pycocotools.coco import COCO

from livesegment.export import ExportKind, Split, open_exporter
from livesegment.settings import EXPORTS

# Ten pictures of three scenes, of which one comes back no more.
OF = [0, 0, 0, 1, 1, 1, 1, 1, 2, 2]
MASKS = [SCENES["several"], SCENES["donut"]] * 5
Subsets = dict[str, list[int]]


def indices(files: list[Path]) -> list[int]:
    return sorted(int(file.stem.rpartition("_")[2]) for file in files)


def folders(pattern: str) -> Callable[[Path], Subsets]:
    def read(path: Path) -> Subsets:
        return {each: indices([*path.glob(pattern.format(each))]) for each in ("train", "val")}

    return read


def coco(path: Path) -> Subsets:
    return {
        each: [
            image["frame_index"]
            for image in COCO(str(path / f"annotations/instances_{each}.json")).dataset["images"]
        ]
        for each in ("train", "val")
    }


def cvat(path: Path) -> Subsets:
    with zipfile.ZipFile(path) as archive:
        return {
            each: [
                int(stem.removeprefix("frame_"))
                for stem in archive.read(f"ImageSets/Segmentation/{each}.txt").decode().split()
            ]
            for each in ("train", "val")
        }


def huggingface(path: Path) -> Subsets:
    return {
        each: [
            json.loads(line)["frame_index"]
            for line in (path / each / "metadata.jsonl").read_text().splitlines()
        ]
        for each in ("train", "val")
    }


def label_studio(path: Path) -> Subsets:
    subsets: Subsets = {"train": [], "val": []}
    for task in json.loads((path / "tasks.json").read_text()):
        subsets[task["data"]["split"]].append(task["data"]["frame_index"])
    return subsets


READERS: list[tuple[ExportKind, Callable[[Path], Subsets]]] = [
    ("coco", coco),
    ("cvat", cvat),
    ("huggingface", huggingface),
    ("huggingface", folders("{}/images/*.jpg")),
    ("huggingface", folders("{}/masks/*.png")),
    ("label-studio", label_studio),
    ("png", folders("{}/*.png")),
    ("semantic", folders("images/{}/*.jpg")),
    ("semantic", folders("masks/{}/*.png")),
    ("yolo", folders("images/{}/*.jpg")),
    ("yolo", folders("labels/{}/*.txt")),
]


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_no_scene_is_on_both_sides(kind, read, tmp_path):
    split = Split(0.8)
    path = export(kind, tmp_path / "a", MASKS, split=split, scenes=OF)
    subsets = read(path)
    assert sorted(subsets["train"] + subsets["val"]) == list(range(10))
    held_back = split.validation(Counter(OF))
    assert subsets["val"] == [index for index in range(10) if OF[index] in held_back]
    assert [*tmp_path.iterdir()] == [path]


def test_every_format_is_read_here():
    assert {kind for kind, _ in READERS} == set(EXPORTS)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("share", [0.5, 0.8, 0.9])
def test_about_the_share_is_for_training(seed, share):
    scenes = {
        number: int(n) for number, n in enumerate(np.random.default_rng(3).integers(5, 40, 60))
    }
    held_back = Split(share, seed).validation(scenes)
    part = sum(scenes[each] for each in held_back) / sum(scenes.values())
    assert part == pytest.approx(1 - share, abs=0.02)
    assert held_back == Split(share, seed).validation(dict(reversed(scenes.items())))


def test_another_seed_divides_otherwise():
    scenes = dict.fromkeys(range(20), 5)
    assert len({Split(0.8, seed).validation(scenes) for seed in range(10)}) > 5


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("scenes", [(1, 1), (1, 1000), (1000, 1), (3, 3, 3)])
def test_of_several_scenes_some_are_on_either_side(share, scenes):
    for seed in range(5):
        held_back = Split(share, seed).validation(dict(enumerate(scenes)))
        assert 0 < len(held_back) < len(scenes)


@pytest.mark.parametrize(("kind", "read"), READERS[:2] + READERS[5:])
def test_one_scene_is_not_divided_and_that_is_said(kind, read, tmp_path, caplog):
    path = export(kind, tmp_path / "a", MASKS[:2], split=Split(0.5))
    assert read(path) == {"train": [0, 1], "val": []}
    assert "one scene alone" in caplog.text


def test_what_is_empty_is_no_split_for_hugging_face(tmp_path):
    path = export("huggingface", tmp_path / "a", MASKS[:2], split=Split(0.5))
    assert "split: validation" not in (path / "README.md").read_text()
    assert not (path / "val" / "metadata.jsonl").exists()


@pytest.mark.parametrize("kind", EXPORTS)
def test_one_may_replace_the_other_and_what_is_half_done(kind, tmp_path):
    path = tmp_path / "a"
    with open_exporter(kind, path, "clip", split=Split(0.5)) as exporter:
        for index, scene in enumerate(OF):
            exporter.write(picture(MASKS[index], index, scene=scene))
    assert not path.exists()
    divided = export(kind, path, MASKS, split=Split(0.8), scenes=OF)
    assert [*tmp_path.iterdir()] == [divided]
    if kind != "coco":  # of one name with .json, which is a file
        export(kind, path, MASKS, overwrite=True)
        export(kind, path, MASKS, split=Split(0.8), scenes=OF, overwrite=True)


def test_yolo_is_told_where_the_pictures_are(tmp_path):
    path = export("yolo", tmp_path / "a", MASKS, split=Split(0.8), scenes=OF)
    lines = (path / "data.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["train: images/train", "val: images/val"]


def test_coco_files_of_both_sides_have_the_same_categories(tmp_path):
    path = export("coco", tmp_path / "a", MASKS, split=Split(0.8), scenes=OF)
    read = [json.loads(file.read_text()) for file in sorted(path.glob("annotations/*.json"))]
    assert read[0]["categories"] == read[1]["categories"]
    for each in read:
        images = {image["id"] for image in each["images"]}
        assert {annotation["image_id"] for annotation in each["annotations"]} == images
