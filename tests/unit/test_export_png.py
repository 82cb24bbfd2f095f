"""Indexed PNGs, read back with Pillow and OpenCV."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from masks import NAMES, SCENES, export, picture
from PIL import Image

from livesegment.errors import OptionsError
from livesegment.export import open_exporter

# As the development kit of PASCAL VOC 2012 draws them; 255 is its border colour.
VOC = {
    0: (0, 0, 0),
    1: (128, 0, 0),
    2: (0, 128, 0),
    3: (128, 128, 0),
    4: (0, 0, 128),
    7: (128, 128, 128),
    8: (64, 0, 0),
    20: (0, 64, 128),
    255: (224, 224, 192),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export("png", tmp_path_factory.mktemp("png") / "a.masks", [*SCENES.values()])


@pytest.mark.parametrize("number", range(len(SCENES)), ids=SCENES)
def test_the_palette_index_is_the_class_id(folder, number):
    ids = [*SCENES.values()][number]
    file = folder / f"clip_{number:06d}.png"
    with Image.open(file) as image:
        assert image.mode == "P"
        assert np.array_equal(np.array(image), ids)
    # Byte 24 of a PNG is its bit depth, byte 25 its colour type: 3 is indexed.
    assert tuple(file.read_bytes()[24:26]) == (8, 3)


def test_colours_are_those_of_voc(tmp_path):
    ids = np.arange(256, dtype=np.uint8).reshape(16, 16)
    folder = export("png", tmp_path / "a.masks", [ids])
    with Image.open(folder / "clip_000000.png") as image:
        rgb = np.array(image.convert("RGB")).reshape(256, 3)
    assert {class_id: tuple(rgb[class_id].tolist()) for class_id in VOC} == VOC
    assert len(np.unique(rgb, axis=0)) == 256
    seen = cv2.imread(str(folder / "clip_000000.png"), cv2.IMREAD_COLOR).reshape(256, 3)
    assert np.array_equal(seen[:, ::-1], rgb)


def test_names_are_beside_the_masks_the_background_too(folder):
    names = json.loads((folder / "classes.json").read_text())
    assert names == {str(each): name for each, name in (NAMES | {254: "class 254"}).items()}


def test_masks_are_called_like_their_images(tmp_path):
    files = [Path("x/ä.jpg"), Path("b.c.tiff")]
    folder = export("png", tmp_path / "a.masks", [SCENES["one row"], SCENES["noise"]], files)
    assert {each.name for each in folder.iterdir()} == {"classes.json", "ä.png", "b.c.png"}


def test_a_picture_without_a_mask_has_no_file(tmp_path):
    folder = export("png", tmp_path / "a.masks", [None, SCENES["one row"], None])
    assert {each.name for each in folder.iterdir()} == {"classes.json", "clip_000001.png"}


def test_a_class_that_comes_late_is_named(tmp_path):
    with open_exporter("png", tmp_path / "a.masks", "clip") as exporter:
        for index, names in enumerate([{}, {1: "one"}, {1: "other", 2: "two"}]):
            exporter.write(picture(SCENES["one row"], index, names))
        exporter.commit()
    names = json.loads((tmp_path / "a.masks" / "classes.json").read_text())
    assert names == {"0": "background", "1": "one", "2": "two"}


def test_two_images_that_would_share_a_mask_are_named(tmp_path):
    with pytest.raises(OptionsError, match=r"a\.jpg and a\.png"):
        open_exporter("png", tmp_path / "a.masks", [Path("a.jpg"), Path("a.png")])
    assert list(tmp_path.iterdir()) == []
