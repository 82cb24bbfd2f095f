"""YOLO data sets, read back with supervision."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import supervision
import tqdm
from masks import NAMES, SCENES, export, picture

from livesegment.class_name import clean_class_name
from livesegment.errors import SinkError
from livesegment.export import open_exporter
from livesegment.export.polygons import region_polygons
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.sinks.base import Annotated


@pytest.fixture(autouse=True)
def no_progress_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep supervision's progress bars from leaving a thread behind."""
    monkeypatch.setattr(tqdm.tqdm, "monitor_interval", 0)


def load(folder: Path) -> supervision.DetectionDataset:
    return supervision.DetectionDataset.from_yolo(
        images_directory_path=str(folder / "images"),
        annotations_directory_path=str(folder / "labels"),
        data_yaml_path=str(folder / "data.yaml"),
        force_masks=True,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export("yolo", tmp_path_factory.mktemp("yolo") / "a.yolo", [*SCENES.values()])


@pytest.mark.parametrize("number", range(len(SCENES)), ids=SCENES)
def test_filled_polygons_are_the_mask(folder, number):
    ids = [*SCENES.values()][number]
    data = load(folder)
    image_path = next(each for each in data.image_paths if f"_{number:06d}" in each)
    found = data.annotations[image_path]
    read = np.zeros_like(ids)
    for index, mask in zip(found.class_id, found.mask if len(found) else [], strict=True):
        assert mask.shape == ids.shape
        read[mask] = (1, 2, 7, 254)[index]
    assert np.array_equal(read, ids)


def test_classes_are_numbered_without_gaps_and_without_the_background(folder):
    assert load(folder).classes == [NAMES[1], NAMES[2], NAMES[7], "class 254"]


def test_pictures_of_a_video_are_written(folder):
    for number, ids in enumerate(SCENES.values()):
        image = cv2.imread(str(folder / "images" / f"clip_{number:06d}.jpg"))
        assert image.shape[:2] == ids.shape
        assert abs(image.mean() - 40 * number % 256) < 1


def test_a_line_is_a_part_and_a_picture_without_things_has_an_empty_label(folder):
    labels = {each.name: each.read_text().splitlines() for each in folder.glob("labels/*")}
    assert labels[f"clip_{[*SCENES].index('nothing'):06d}.txt"] == []
    assert labels[f"clip_{[*SCENES].index('everything'):06d}.txt"] == [
        "0 0.000000 0.000000 0.000000 0.950001 0.966667 0.950001 0.966667 0.000000"
    ]
    donut = labels[f"clip_{[*SCENES].index('donut'):06d}.txt"]
    assert [line.split()[0] for line in donut] == ["0", "0", "1"]


def test_images_are_copied_as_they_are(tmp_path):
    files = [tmp_path / name for name in ("ä b.png", "c.d.jpeg", "e.ppm")]
    ids = SCENES["several"]
    for file in files:
        noise = np.random.default_rng(1).integers(0, 256, (*ids.shape, 3), np.uint8)
        cv2.imencode(file.suffix, noise)[1].tofile(file)
    folder = export("yolo", tmp_path / "a.yolo", [ids] * 3, files)
    for file in files[:2]:
        assert (folder / "images" / file.name).read_bytes() == file.read_bytes()
    assert len(load(folder)) == 3
    assert {each.name for each in folder.glob("images/*")} == {"ä b.png", "c.d.jpeg", "e.png"}
    assert {each.name for each in folder.glob("labels/*")} == {"ä b.txt", "c.d.txt", "e.txt"}


def test_an_image_that_went_away_is_named(tmp_path):
    file = tmp_path / "gone.png"
    with (
        open_exporter("yolo", tmp_path / "a.yolo", [file]) as exporter,
        pytest.raises(SinkError, match=r"gone\.png cannot be copied"),
    ):
        exporter.write(picture(SCENES["donut"]))


def test_a_picture_without_a_mask_is_left_out(tmp_path):
    folder = export("yolo", tmp_path / "a.yolo", [None, SCENES["donut"], None])
    names = {str(each.relative_to(folder)) for each in folder.glob("*/*")}
    assert names == {"images/clip_000001.jpg", "labels/clip_000001.txt"}


def test_a_number_stays_when_more_classes_come(tmp_path):
    ids = [np.full((4, 4), each, np.uint8) for each in (7, 3, 7)]
    with open_exporter("yolo", tmp_path / "a.yolo", "clip") as exporter:
        for index, names in enumerate([{}, {3: "three"}, {7: "seven", 1: "one"}]):
            exporter.write(picture(ids[index], index, names))
        exporter.commit()
    data = load(tmp_path / "a.yolo")
    assert data.classes == ["seven", "three", "one"]
    found = [data.annotations[path].class_id.tolist() for path in sorted(data.image_paths)]
    assert found == [[0], [1], [0]]


def test_the_data_set_may_be_moved_and_says_where_its_pictures_are(folder):
    lines = (folder / "data.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[:3] == ["train: images", "val: images", "nc: 4"]
    assert str(folder.parent) not in "".join(lines)


def test_names_may_hold_anything(tmp_path):
    names = {1: "a: b", 2: "a\x7f\u2028\t\ufeff", 3: "- #", 4: "null", 5: "👋 \\U", 6: "'\"'"}
    folder = export("yolo", tmp_path / "a.yolo", [SCENES["one row"]], names=names)
    assert load(folder).classes == [clean_class_name(name) for name in names.values()]


@pytest.mark.parametrize("width", [7, 10, 97, 640, 1279, 1280, 3840])
def test_readers_that_cut_decimals_off_find_the_same_pixels(tmp_path, width):
    ids = np.zeros((2, width), np.uint8)
    ids[0, ::2] = 1
    folder = export("yolo", tmp_path / "a.yolo", [ids])
    lines = (folder / "labels" / "clip_000000.txt").read_text().splitlines()
    shares = np.array([line.split()[1] for line in lines], np.float32)
    assert sorted((shares * width).astype(int)) == list(range(0, width, 2))


@pytest.mark.parametrize("share", [0.03, 0.2, 0.5, 0.8, 0.97])
def test_polygons_of_any_region_fill_to_that_region(share):
    random = np.random.default_rng(11)
    for _ in range(40):
        height, width = random.integers(1, 40, 2)
        region = (random.random((height, width)) < share).astype(np.uint8)
        filled = np.zeros_like(region)
        for polygon in region_polygons(region):
            assert len(polygon) >= 3
            cv2.fillPoly(filled, [polygon], (1,))
        assert np.array_equal(filled, region)


def test_instances_that_touch_have_lines_of_their_own(tmp_path):
    ids, instances = np.zeros((2, 40, 60), np.uint16)
    ids[5:20, 5:40], instances[5:20, 5:40] = 1, 1
    ids[5:20, 20:40], instances[5:20, 20:40] = 1, 2
    ids[30:] = 1  # in no instance
    mask = Mask(ids.astype(np.uint8), NAMES, instance_ids=instances)
    image = np.zeros((40, 60, 3), np.uint8)
    with open_exporter("yolo", tmp_path / "a", "clip") as exporter:
        exporter.write(Annotated(Frame(image, 0, 0.0, 0.0), mask, image))
        exporter.commit()
    data = load(tmp_path / "a")
    found = data.annotations[data.image_paths[0]]
    assert found.class_id.tolist() == [0, 0, 0]
    regions = (instances == 1, instances == 2, (ids > 0) & (instances == 0))
    for each, region in zip(found.mask, regions, strict=True):
        assert np.array_equal(each, region)
