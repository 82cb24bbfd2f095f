"""Images and snapshots."""

from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from livesegment.errors import OptionsError, OutputNotWritable, SinkError
from livesegment.frame import Frame, Image
from livesegment.sinks.base import Annotated
from livesegment.sinks.image_file import (
    IMAGE_SUFFIXES,
    ImageFileSink,
    ImageFolderSink,
    SnapshotFolder,
)

NOON = datetime(2025, 1, 31, 12, 0, 1, 40_000, tzinfo=UTC)


def gradient() -> Image:
    image = np.zeros((50, 71, 3), np.uint8)
    image[:, :, 0] = np.arange(71) * 3
    image[:, :, 2] = (np.arange(50) * 4)[:, None]
    return image


def picture(index: int = 0) -> Annotated:
    return Annotated(Frame(gradient(), index, 0.0, 0.0), None, gradient())


def read(path: Path) -> Image:
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize("suffix", [*IMAGE_SUFFIXES, ".PNG", ".Jpg"])
def test_the_suffix_chooses_the_format(tmp_path, suffix):
    path = tmp_path / f"été{suffix}"
    with ImageFileSink(path) as sink:
        sink.write(picture())
        sink.commit()
    exact = suffix.lower() in {".png", ".bmp", ".ppm", ".tif", ".tiff"}
    difference = np.abs(read(path).astype(int) - gradient())
    assert difference.max() == 0 if exact else difference.mean() < 4


def test_jpeg_content_is_jpeg_of_high_quality(tmp_path):
    with ImageFileSink(tmp_path / "a.jpeg") as sink:
        sink.write(picture())
    content = (tmp_path / "a.jpeg").read_bytes()
    _, expected = cv2.imencode(".jpg", gradient(), [cv2.IMWRITE_JPEG_QUALITY, 95])
    assert content == expected.tobytes()


def test_one_file_takes_one_picture(tmp_path):
    with ImageFileSink(tmp_path / "a.png") as sink:
        sink.write(picture())
        with pytest.raises(SinkError, match="one picture"):
            sink.write(picture(1))


@pytest.mark.parametrize("name", ["a.gif", "a.pgm", "a", "a.mp4"])
def test_other_suffixes_are_named(tmp_path, name):
    with pytest.raises(OptionsError, match="an image's name ends in"):
        ImageFileSink(tmp_path / name)
    with pytest.raises(OptionsError, match="an image's name ends in"):
        ImageFolderSink(tmp_path, [name])


def test_pictures_get_the_names_of_their_indices(tmp_path):
    with ImageFolderSink(tmp_path / "out", ["b.png", "ä.jpg", "c.png"]) as sink:
        sink.write(picture(1))
        sink.write(picture(0))
        with pytest.raises(SinkError, match="no name for picture 3"):
            sink.write(picture(3))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["b.png", "ä.jpg"]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [(["a.png", "a.png"], "two pictures"), (["../a.png"], "no plain"), (["x/a.png"], "no plain")],
)
def test_names_that_would_mix_or_leave_the_folder_are_refused(tmp_path, names, sentence):
    with pytest.raises(OptionsError, match=sentence):
        ImageFolderSink(tmp_path / "out", names)
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputNotWritable, match="out"):
        ImageFolderSink(tmp_path / "out", ["a.png"])


def test_a_size_that_the_format_has_not(tmp_path):
    tall = np.zeros((70_000, 1, 3), np.uint8)
    with (
        ImageFileSink(tmp_path / "a.jpg") as sink,
        pytest.raises(OutputNotWritable, match=r"\.jpg does not take this picture"),
    ):
        sink.write(Annotated(Frame(tall, 0, 0.0, 0.0), None, tall))
    assert list(tmp_path.iterdir()) == []


def test_snapshots_are_named_after_the_time_and_never_replaced(tmp_path):
    snapshots = SnapshotFolder(tmp_path)
    first, second = snapshots.save(gradient(), NOON), snapshots.save(gradient()[::-1], NOON)
    assert first.name == "livesegment-20250131-120001-040.png"
    assert second.name == "livesegment-20250131-120001-040-2.png"
    assert np.array_equal(read(first), gradient())
    assert np.array_equal(read(second), gradient()[::-1])
    assert snapshots.save(gradient()).exists()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_snapshot_into_nowhere_is_one_sentence(tmp_path):
    with pytest.raises(OutputNotWritable, match=r"nowhere does not exist"):
        SnapshotFolder(tmp_path / "nowhere").save(gradient())
