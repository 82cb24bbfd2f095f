"""Archives for CVAT; `tests/roundtrip/` has datumaro read them."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from masks import NAMES, SCENES, export, picture
from PIL import Image

from livesegment.errors import OptionsError, SinkError
from livesegment.export import open_exporter
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.sinks.base import Annotated

LOST = ("a\nb.png", "a\udcff.png", "a\\b.png")


def labels(archive: zipfile.ZipFile) -> dict[tuple[int, ...], str]:
    """Return the labels by their colours."""
    lines = archive.read("labelmap.txt").decode().splitlines()[1:]
    parts = [line.split(":") for line in lines]
    assert all(len(each) == 4 for each in parts)
    assert len({each[0] for each in parts}) == len(parts)
    return {tuple(map(int, each[1].split(","))): each[0] for each in parts}


def colours(archive: zipfile.ZipFile, folder: str, stem: str) -> np.ndarray:
    with Image.open(io.BytesIO(archive.read(f"{folder}/{stem}.png"))) as image:
        return np.array(image.convert("RGB"))


@pytest.mark.parametrize("number", range(len(SCENES)), ids=SCENES)
def test_the_colour_of_a_pixel_is_that_of_its_label(number, tmp_path):
    ids = [*SCENES.values()][number]
    path = export("cvat", tmp_path / "a.zip", [*SCENES.values()])
    known = {"background": 0, "person": 1, 'a "quoted" \\ name_ #1': 2, NAMES[7]: 7}
    known["class 254"] = 254
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        by_colour = labels(archive)
        read = colours(archive, "SegmentationClass", f"frame_{number:06d}")
        stems = archive.read("ImageSets/Segmentation/default.txt").decode().split()
    assert stems == [f"frame_{index:06d}" for index in range(len(SCENES))]
    found = np.zeros_like(ids)
    for colour, label in by_colour.items():
        found[(read == colour).all(axis=2)] = known[label]
    assert np.array_equal(found, ids)


def test_black_is_the_background_alone_though_a_class_has_id_0(tmp_path):
    path = export("cvat", tmp_path / "a.zip", [SCENES["donut"]], names={0: "sky", 1: "ring"})
    with zipfile.ZipFile(path) as archive:
        by_colour = labels(archive)
        read = colours(archive, "SegmentationClass", "frame_000000")
    assert by_colour[0, 0, 0] == "background"
    assert read.any(axis=2).all()


def test_each_instance_has_a_colour_of_its_own(tmp_path):
    ids, instances = np.zeros((2, 40, 60), np.uint16)
    ids[5:20, 5:40], instances[5:20, 5:40] = 1, 1
    ids[5:20, 20:40], instances[5:20, 20:40] = 1, 300
    ids[30:] = 2
    objects = written_objects(tmp_path, ids, instances)
    pairs = np.stack((np.where(ids == 2, 400, instances).ravel(), objects.ravel()))
    assert len(np.unique(pairs, axis=1).T) == 4


def test_of_more_instances_than_colours_the_classes_are_told(tmp_path):
    instances = np.arange(1, 301, dtype=np.uint16).reshape(15, 20)
    ids = np.where(instances % 2, 1, 2)
    objects = written_objects(tmp_path, ids, instances)
    assert len(np.unique(np.stack((ids.ravel(), objects.ravel())), axis=1).T) == 2


def written_objects(tmp_path: Path, ids: np.ndarray, instances: np.ndarray) -> np.ndarray:
    mask = Mask(ids.astype(np.uint8), NAMES, instance_ids=instances)
    image = np.zeros((*ids.shape, 3), np.uint8)
    with open_exporter("cvat", tmp_path / "a.zip", "clip") as exporter:
        exporter.write(Annotated(Frame(image, 123, 0.0, 0.0), mask, image))
        exporter.commit()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        read = colours(archive, "SegmentationObject", "frame_000123").astype(int)
    return read @ (65536, 256, 1)


def test_labels_are_told_apart_and_short_enough(tmp_path):
    names = {0: "background", 1: "a:b", 2: "a_b", 3: "# x", 4: "x" * 100, 5: "x" * 90, 6: ":" * 5}
    path = export("cvat", tmp_path / "a.zip", [SCENES["one row"]], names=names)
    with zipfile.ZipFile(path) as archive:
        read = [*labels(archive).values()]
    assert read[:4] == ["background", "a_b", "a_b 2", "_ x"]
    assert max(map(len, read)) <= 64
    assert len(read) == 7


def test_the_pictures_of_image_files_keep_their_names_and_are_not_in_it(tmp_path):
    files = [Path("x/ä b.png"), Path("y/c.d.webp")]
    path = export("cvat", tmp_path / "a.zip", [SCENES["one row"]] * 2, files)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert archive.read("ImageSets/Segmentation/default.txt").decode() == "ä b\nc.d\n"
    assert "SegmentationClass/ä b.png" in names
    assert not [each for each in names if not each.endswith((".png", ".txt", ".md"))]
    assert len(names) == 2 * 2 + 3


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((kind, name) for kind in ("cvat", "huggingface") for name in LOST),
        *(("cvat", name) for name in ("# a.png", " a.png")),
    ],
)
def test_a_name_that_would_not_be_found_again_is_named(kind, name, tmp_path):
    with pytest.raises(OptionsError, match=r"would not find a picture called .*: rename it"):
        open_exporter(kind, tmp_path / "a.zip", [Path(name)])
    assert [*tmp_path.iterdir()] == []


def test_more_classes_than_colours_are_refused(tmp_path):
    names = {each: f"class {each}" for each in range(256)}
    with open_exporter("cvat", tmp_path / "a.zip", "clip") as exporter:
        ids = np.arange(256, dtype=np.uint8)[None]
        with pytest.raises(SinkError, match="255 classes at the most"):
            exporter.write(picture(ids, 0, names))
