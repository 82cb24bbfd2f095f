"""COCO files, read back with pycocotools and supervision."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import supervision
import tqdm
from masks import NAMES, SCENES, export, picture
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from livesegment.errors import OptionsError, SinkError
from livesegment.export import open_exporter
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.sinks.base import Annotated

# pycocotools 2.0.11 has not followed NumPy 2 yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(autouse=True)
def no_progress_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep supervision's progress bars from leaving a thread behind."""
    monkeypatch.setattr(tqdm.tqdm, "monitor_interval", 0)


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="ascii"))


@pytest.fixture(scope="module")
def coco(tmp_path_factory: pytest.TempPathFactory) -> COCO:
    return COCO(str(export("coco", tmp_path_factory.mktemp("coco") / "a.json", [*SCENES.values()])))


@pytest.mark.parametrize("number", range(len(SCENES)), ids=SCENES)
def test_pycocotools_reads_every_class_exactly(coco, number):
    ids = [*SCENES.values()][number]
    image = coco.loadImgs(number + 1)[0]
    assert (image["height"], image["width"]) == ids.shape
    read = np.zeros_like(ids)
    for annotation in coco.imgToAnns[number + 1]:
        region = coco.annToMask(annotation)
        encoded = coco.annToRLE(annotation)
        assert annotation["area"] == region.sum() == coco_mask.area(encoded)
        assert annotation["bbox"] == coco_mask.toBbox(encoded).tolist()
        read[region == 1] = annotation["category_id"]
    assert np.array_equal(read, ids)


def test_each_class_is_annotated_once_a_picture_and_the_background_never(coco):
    pairs = [(each["image_id"], each["category_id"]) for each in coco.dataset["annotations"]]
    assert len(set(pairs)) == len(pairs)
    names = {each["id"]: each["name"] for each in coco.dataset["categories"]}
    assert names == {each: NAMES[each] for each in (1, 2, 7)} | {254: "class 254"}
    assert not coco.imgToAnns[1 + [*SCENES].index("nothing")]


def test_pictures_of_a_video_have_a_number_and_a_time(coco):
    assert coco.loadImgs(3)[0] == {
        "id": 3,
        "file_name": "clip_000002.jpg",
        "width": 80,
        "height": 60,
        "frame_index": 2,
        "time_s": 2 / 25,
    }


def test_supervision_reads_it_with_the_pictures(tmp_path):
    files = [tmp_path / name for name in ("ä b.png", "c.jpg")]
    for file in files:
        cv2.imencode(file.suffix, np.zeros((71, 97, 3), np.uint8))[1].tofile(file)
    ids = SCENES["several"]
    path = export("coco", tmp_path / "a.json", [ids, ids[::-1]], files)
    data = supervision.DetectionDataset.from_coco(str(tmp_path), str(path))
    assert data.classes == [NAMES[each] for each in (1, 2, 7)]
    assert len(data) == 2
    for image_path, image, found in data:
        expected = ids if image_path.endswith("ä b.png") else ids[::-1]
        assert image.shape[:2] == expected.shape
        for number, class_id in enumerate((1, 2, 7)):
            mask = found.mask[found.class_id == number]
            assert np.array_equal(mask, [expected == class_id])


def test_file_names_are_those_of_the_images_and_have_no_time(tmp_path):
    files = [Path("x/ä.png"), Path("y/b.webp")]
    path = export("coco", tmp_path / "a.json", [SCENES["one row"]] * 2, files)
    images = load(path)["images"]
    assert [each["file_name"] for each in images] == ["ä.png", "b.webp"]
    assert all(each.keys() == {"id", "file_name", "width", "height"} for each in images)


def test_a_picture_without_a_mask_is_not_shown_as_empty(tmp_path):
    path = export("coco", tmp_path / "a.json", [None, SCENES["one row"], None, SCENES["nothing"]])
    assert [each["frame_index"] for each in load(path)["images"]] == [1, 3]
    assert {each["image_id"] for each in load(path)["annotations"]} == {1}


def test_id_0_is_annotated_unless_it_is_background(tmp_path):
    path = export("coco", tmp_path / "a.json", [SCENES["donut"]], names={0: "sky", 1: "ring"})
    coco = COCO(str(path))
    assert np.array_equal(coco.annToMask(coco.imgToAnns[1][0]), SCENES["donut"] == 0)
    assert [each["name"] for each in coco.dataset["categories"]] == ["sky", "ring", "class 2"]


def test_no_category_is_0_which_readers_take_for_none(tmp_path):
    # That class 0 is one is known with the second picture only.
    path = tmp_path / "a.json"
    with open_exporter("coco", path, "clip") as exporter:
        for index, names in enumerate([{1: "ring"}, {0: "sky", 1: "ring"}]):
            exporter.write(picture(SCENES["donut"], index, names))
        exporter.commit()
    coco = COCO(str(path))
    assert [(each["id"], each["name"]) for each in coco.dataset["categories"]] == [
        (1, "sky"),
        (2, "ring"),
        (3, "class 2"),
    ]
    for number, wanted in ((1, {2, 3}), (2, {1, 2, 3})):
        found = np.zeros_like(SCENES["donut"])
        for annotation in coco.imgToAnns[number]:
            found[coco.annToMask(annotation) == 1] = annotation["category_id"]
        assert {each["category_id"] for each in coco.imgToAnns[number]} == wanted
        is_annotated = found > 0
        assert np.array_equal(found[is_annotated], SCENES["donut"][is_annotated] + 1)


def test_only_pictures_without_masks_still_make_a_valid_file(tmp_path):
    coco = COCO(str(export("coco", tmp_path / "a.json", [None, None])))
    assert coco.dataset["images"] == coco.dataset["annotations"] == []


def test_the_same_masks_give_the_same_bytes(tmp_path):
    first = export("coco", tmp_path / "a.json", [*SCENES.values()])
    second = export("coco", tmp_path / "b.json", [*SCENES.values()])
    assert first.read_bytes() == second.read_bytes()


def test_without_commit_a_readable_part_stays_and_is_written_anew(tmp_path):
    with open_exporter("coco", tmp_path / "a.json", "clip") as exporter:
        for index in range(3):
            exporter.write(picture(SCENES["noise"], index))
    assert [each.name for each in tmp_path.iterdir()] == ["a.part.json"]
    assert len(load(tmp_path / "a.part.json")["images"]) == 3
    export("coco", tmp_path / "a.json", [SCENES["one row"]])
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]
    assert len(load(tmp_path / "a.json")["images"]) == 1


def test_names_that_are_no_text_are_kept(tmp_path):
    path = export("coco", tmp_path / "a.json", [SCENES["one row"]], [Path("bad\udcff.png")])
    assert load(path)["images"][0]["file_name"] == "bad\udcff.png"


def test_another_suffix_is_named(tmp_path):
    with pytest.raises(OptionsError, match=r"ends in \.json"):
        open_exporter("coco", tmp_path / "a.txt", "clip")


def test_two_pictures_of_one_name_are_named(tmp_path):
    with pytest.raises(OptionsError, match=r"x/a\.png and y/a\.png"):
        open_exporter("coco", tmp_path / "a.json", [Path("x/a.png"), Path("y/a.png")])
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_was_not_announced_is_named(tmp_path):
    with (
        open_exporter("coco", tmp_path / "a.json", [Path("a.png")]) as exporter,
        pytest.raises(SinkError, match="picture 1"),
    ):
        exporter.write(picture(SCENES["one row"], 1))


def test_each_instance_is_annotated_and_what_else_there_is_of_a_class(tmp_path):
    ids, instances = np.zeros((2, 60, 80), np.uint16)
    ids[10:30, 10:40], instances[10:30, 10:40] = 1, 1
    ids[14:20, 14:20] = instances[14:20, 14:20] = 0  # a hole
    ids[20:50, 30:60], instances[20:50, 30:60] = 1, 300
    ids[55:, :] = 2
    mask = Mask(ids.astype(np.uint8), NAMES, instance_ids=instances)
    path = tmp_path / "a.json"
    with open_exporter("coco", path, "clip") as exporter:
        image = np.zeros((60, 80, 3), np.uint8)
        exporter.write(Annotated(Frame(image, 0, 0.0, 0.0), mask, image))
        exporter.commit()
    coco = COCO(str(path))
    regions = [(1, instances == 1), (1, instances == 300), (2, ids == 2)]
    annotations = coco.imgToAnns[1]
    assert len(annotations) == len(regions)
    for annotation, (class_id, region) in zip(annotations, regions, strict=True):
        assert annotation["category_id"] == class_id
        assert annotation["iscrowd"] == 0
        np.testing.assert_array_equal(coco.annToMask(annotation), region)
        encoded = coco.annToRLE(annotation)
        assert annotation["area"] == coco_mask.area(encoded)
        assert annotation["bbox"] == coco_mask.toBbox(encoded).tolist()
