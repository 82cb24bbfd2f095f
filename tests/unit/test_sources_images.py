from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import picture
from PIL import Image as Pillow

from livesegment.errors import SourceLost, SourceNotFound
from livesegment.sources import open_source
from livesegment.sources.images import ImagesSource, read_image

ORIENTATION = 0x0112  # the EXIF tag


def save(path: Path, size: tuple[int, int] = (96, 64)) -> Path:
    cv2.imwrite(str(path), picture(0, size))
    return path


def test_numbers_in_names_count_as_numbers(tmp_path: Path) -> None:
    for name in ("shot10.png", "shot9.png", "Shot1.PNG", "notes.txt", "shot2.jpeg"):
        save(tmp_path / name) if name != "notes.txt" else (tmp_path / name).write_text("-")
    (tmp_path / "folder.png").mkdir()
    names = ["Shot1.PNG", "shot2.jpeg", "shot9.png", "shot10.png"]
    assert [path.name for path in ImagesSource(tmp_path).paths] == names
    globbed = ImagesSource(str(tmp_path / "*[0-9].*"))
    assert [path.name for path in globbed.paths] == names
    assert globbed.frame_count == 4


def test_images_of_different_sizes_keep_them(tmp_path: Path) -> None:
    save(tmp_path / "1.png", (40, 30))
    save(tmp_path / "2.png", (31, 57))
    frames = list(iter(ImagesSource(tmp_path).read, None))
    assert [frame.frame_size for frame in frames] == [(40, 30), (31, 57)]
    assert [frame.pts_s for frame in frames] == [0, 0.04]


def test_a_single_image_is_one_frame(tmp_path: Path) -> None:
    source = open_source(save(tmp_path / "Übung 犬.png"))
    frame = source.read()
    assert frame is not None
    np.testing.assert_array_equal(frame.image, picture(0))
    assert source.read() is None


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, -1), (8, 1)])
def test_a_phone_picture_is_upright(tmp_path: Path, orientation: int, turns: int) -> None:
    exif = Pillow.Exif()
    exif[ORIENTATION] = orientation
    Pillow.fromarray(picture(0)[:, :, ::-1]).save(tmp_path / "phone.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "phone.png"), np.rot90(picture(0), turns))


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        ("L", "png"),
        ("LA", "png"),
        ("P", "png"),
        ("1", "png"),
        ("RGBA", "png"),
        ("RGBA", "webp"),
        ("CMYK", "jpg"),
        ("CMYK", "tif"),
        ("I", "tif"),
        ("F", "tif"),
        ("RGB", "bmp"),
        ("L", "pgm"),
    ],
)
def test_every_kind_becomes_bgr(tmp_path: Path, mode: str, suffix: str) -> None:
    grey = Pillow.new("L", (20, 10), 200)
    grey.convert(mode).save(tmp_path / f"image.{suffix}")
    image = read_image(tmp_path / f"image.{suffix}")
    assert image.shape == (10, 20, 3)
    assert image.dtype == np.uint8
    if mode not in {"I", "1"}:
        assert np.abs(image.astype(int) - 200).max() <= 3


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "deep.png"), np.full((4, 6), 200 * 257, np.uint16))
    cv2.imwrite(str(tmp_path / "deep.tif"), np.full((4, 6, 3), 200 * 257, np.uint16))
    assert (read_image(tmp_path / "deep.png") == 200).all()


def test_a_single_image_that_is_damaged_is_refused(tmp_path: Path) -> None:
    empty, cut, text = (tmp_path / name for name in ("empty.png", "cut.jpg", "text.png"))
    empty.touch()
    save(cut)
    cut.write_bytes(cut.read_bytes()[:200])
    text.write_text("hello")
    for path, sentence in ((empty, "is empty"), (cut, "is damaged"), (text, "is no image")):
        with pytest.raises(SourceNotFound, match=f"{path.name} {sentence}") as caught:
            open_source(path)
        assert "\n" not in str(caught.value)


def test_damaged_images_among_others_are_skipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save(tmp_path / "1.png")
    (tmp_path / "2.png").touch()
    save(tmp_path / "3.png")
    source = ImagesSource(tmp_path)
    frames = list(iter(source.read, None))
    # The index is that of the file, so that frames and files belong together.
    assert [frame.index for frame in frames] == [0, 2]
    assert source.skipped == [tmp_path / "2.png"]
    assert "2.png is empty; it is skipped" in caplog.text


def test_a_folder_of_which_nothing_can_be_read_is_lost(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        (tmp_path / name).touch()
    source = ImagesSource(tmp_path)
    with pytest.raises(SourceLost, match="none of the 2 images"):
        source.read()


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(SourceNotFound, match="holds no images"):
        open_source(tmp_path)


def test_a_name_with_brackets_that_exists_is_no_glob(tmp_path: Path) -> None:
    assert open_source(save(tmp_path / "shot [1].png")).frame_count == 1
