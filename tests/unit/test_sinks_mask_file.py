"""Mask files: exact ids, true times, class names that come late."""

import json
import shutil
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from memory import resident_at_most

from livesegment.errors import OptionsError, SourceLost, SourceNotFound
from livesegment.frame import Frame
from livesegment.mask import ClassIds, Mask
from livesegment.sinks.base import Annotated
from livesegment.sinks.mask_file import MaskFileReader, MaskFileSink, read_masks

ALL_IDS = (np.arange(101 * 77) % 256).astype(np.uint8).reshape(77, 101)
PEOPLE = {0: "background", 1: "person"}


def picture(
    ids: ClassIds | None, index: int, pts_s: float, class_map: dict[int, str] | None = None
) -> Annotated:
    shape = (77, 101) if ids is None else ids.shape
    image = np.zeros((*shape, 3), np.uint8)
    mask = None if ids is None else Mask(ids, PEOPLE if class_map is None else class_map)
    return Annotated(Frame(image, index, pts_s, 0.0), mask, image)


def write(path: Path, *pictures: Annotated, **options: object) -> None:
    with MaskFileSink(path, **options) as sink:
        for each in pictures:
            sink.write(each)
        sink.commit()


def test_all_256_ids_come_back_exactly_with_their_times(tmp_path):
    path = tmp_path / "masks.mkv"
    rolled = [np.roll(ALL_IDS, shift) for shift in range(5)]
    times = [0.5, 0.533, 0.6, 1.0, 7.25]
    write(path, *(picture(ids, i, times[i]) for i, ids in enumerate(rolled)))
    masks = list(read_masks(path))
    assert [pts_s for pts_s, _ in masks] == pytest.approx(times, abs=5e-4)
    for (_, read), written in zip(masks, rolled, strict=True):
        assert read.dtype == np.uint8
        assert np.array_equal(read, written)


def test_opencv_reads_the_ids_too(tmp_path):
    write(tmp_path / "masks.mkv", picture(ALL_IDS, 0, 0.0))
    capture = cv2.VideoCapture(str(tmp_path / "masks.mkv"))
    got, image = capture.read()
    capture.release()
    assert got
    assert all(np.array_equal(image[:, :, channel], ALL_IDS) for channel in range(3))


def test_the_ffmpeg_command_of_the_documentation_reads_the_ids(tmp_path, need_tool):
    write(tmp_path / "masks.mkv", picture(ALL_IDS, 0, 0.0), picture(ALL_IDS[::-1], 1, 0.1))
    ffmpeg = [need_tool("ffmpeg"), "-v", "error", "-i", str(tmp_path / "masks.mkv")]
    raw = subprocess.run(
        [*ffmpeg, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"],
        capture_output=True,
        check=True,
    )
    assert raw.stdout == ALL_IDS.tobytes() + ALL_IDS[::-1].tobytes()
    assert raw.stderr == b""


def test_pictures_before_the_first_mask_are_all_0(tmp_path):
    path = tmp_path / "masks.mkv"
    write(path, picture(None, 0, 0.0), picture(None, 1, 0.1), picture(ALL_IDS, 2, 0.2))
    with MaskFileReader(path) as reader:
        masks = [ids for _, ids in reader]
        assert dict(reader.class_map) == PEOPLE
    assert [int(ids.max()) for ids in masks] == [0, 0, 255]


def test_class_names_that_come_later_are_added(tmp_path):
    path = tmp_path / "masks.mkv"
    write(
        path,
        picture(None, 0, 0.0),
        picture(ALL_IDS, 1, 0.1, {0: " background", 1: "pérson 人"}),
        picture(ALL_IDS, 2, 0.2, {7: 'a "cat"'}),
        class_map={9: "known before"},
    )
    with MaskFileReader(path) as reader:
        assert reader.class_map == {
            0: "background",
            1: "pérson 人",
            7: 'a "cat"',
            9: "known before",
        }
        assert len(list(reader)) == 3


def test_a_full_class_map_has_room_when_it_comes_late(tmp_path):
    path = tmp_path / "masks.mkv"
    names = {class_id: f"class number {class_id}" for class_id in range(256)}
    write(path, picture(None, 0, 0.0), picture(ALL_IDS, 1, 0.1, names))
    with MaskFileReader(path) as reader:
        assert reader.class_map == names
        assert np.array_equal([ids for _, ids in reader][1], ALL_IDS)


def test_the_class_map_is_json_in_the_metadata(tmp_path):
    write(tmp_path / "masks.mkv", picture(ALL_IDS, 0, 0.0))
    with av.open(str(tmp_path / "masks.mkv")) as container:
        stream = container.streams.video[0]
        assert json.loads(container.metadata["CLASS_MAP"]) == {"0": "background", "1": "person"}
        assert (stream.codec_context.name, stream.format.name) == ("ffv1", "gray")


def test_a_new_size_is_fitted_without_new_ids(tmp_path):
    path = tmp_path / "masks.mkv"
    large = np.full((200, 100), 9, np.uint8)
    large[:100] = 200
    write(path, picture(ALL_IDS, 0, 0.0), picture(large, 1, 0.1))
    second = list(read_masks(path))[1][1]
    assert second.shape == ALL_IDS.shape
    assert set(np.unique(second)) == {0, 9, 200}


def test_other_suffixes_are_named(tmp_path):
    with pytest.raises(OptionsError, match=r"masks\.mp4 cannot keep masks: its name ends in \.mkv"):
        MaskFileSink(tmp_path / "masks.mp4")


ENDLESS_MASKS = """
import itertools, sys
import numpy as np
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.sinks.base import Annotated
from livesegment.sinks.mask_file import MaskFileSink

sink = MaskFileSink(sys.argv[1], in_place=True)
for index in itertools.count():
    image = np.zeros((48, 64, 3), np.uint8)
    mask = Mask(np.full((48, 64), index % 256, np.uint8), {0: "background", 1: "person"})
    frame = Frame(image, index, index / 10, 0.0)
    sink.write(Annotated(frame, mask if index > 4 else None, image))
    print(index, flush=True)
    if index == 60:
        sys.stdin.read()
"""


def test_masks_are_readable_after_the_program_was_killed(tmp_path):
    path = tmp_path / "masks.mkv"
    child = subprocess.Popen(
        [sys.executable, "-c", ENDLESS_MASKS, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert "60\n" in iter(child.stdout.readline, "")
        child.kill()
    assert child.returncode == -signal.SIGKILL
    with MaskFileReader(path) as reader:
        masks = list(reader)
        assert dict(reader.class_map) == PEOPLE
    assert len(masks) >= 40
    assert [int(ids[0, 0]) for _, ids in masks[3:8]] == [0, 0, 5, 6, 7]


def test_what_is_no_mask_file_is_named(tmp_path):
    text = tmp_path / "text.mkv"
    text.write_text("no video")
    with pytest.raises(SourceNotFound, match=r"text\.mkv"):
        MaskFileReader(text)
    with pytest.raises(SourceNotFound, match=r"missing\.mkv"):
        list(read_masks(tmp_path / "missing.mkv"))
    other = tmp_path / "other.mkv"
    with av.open(str(other), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "gray"
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16), np.uint8), format="gray")
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(SourceNotFound, match=r"other\.mkv is no mask file"):
        MaskFileReader(other)
    copied = tmp_path / "copied.mkv"
    shutil.copy(other, copied)
    MaskFileSink(copied, overwrite=True).close()
    assert copied.read_bytes() == other.read_bytes()


def hostile_masks(
    path: Path, tag: str, *, size: tuple[int, int] = (32, 24), pixels: str = "gray"
) -> Path:
    """Write what another program may call a mask file."""
    with av.open(str(path), "w") as container:
        container.metadata["CLASS_MAP"] = tag
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        picture = av.VideoFrame(*size, pixels)
        for plane in picture.planes:
            plane.update(bytes(plane.buffer_size))
        picture.pts, picture.time_base = 0, Fraction(1, 30)
        container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    "tag", ["", "[]", '{"0": 1}', '{"x": "y"}', "[" * 30_000, '{"' + "9" * 5000 + '": "y"}']
)
def test_a_class_map_of_anybody_is_a_mistake_in_words(tmp_path: Path, tag: str) -> None:
    path = hostile_masks(tmp_path / "m.mkv", tag)
    with pytest.raises(SourceNotFound, match="is no mask file: "):
        MaskFileReader(path)


def test_names_of_a_foreign_mask_file_are_clean(tmp_path: Path) -> None:
    tag = json.dumps({"0": " \ud800 ", "1": "a\nb", "2": "x" * 5000, "256": "far", "-1": "low"})
    with MaskFileReader(hostile_masks(tmp_path / "m.mkv", tag)) as reader:
        assert reader.class_map == {0: "\N{REPLACEMENT CHARACTER}", 1: "a b", 2: "x" * 100}


@pytest.mark.parametrize("pixels", ["bgr0", "gray16le", "yuv420p"])
def test_pictures_that_are_no_masks_are_refused(tmp_path: Path, pixels: str) -> None:
    path = hostile_masks(tmp_path / "m.mkv", '{"0": "background"}', pixels=pixels)
    with pytest.raises(SourceNotFound, match="its pictures are not 8-bit grey"):
        list(read_masks(path))


def test_masks_that_say_they_are_huge_take_no_memory(tmp_path: Path) -> None:
    path = hostile_masks(tmp_path / "m.mkv", '{"0": "background"}', size=(9000, 9000))
    with resident_at_most(60 * 2**20), pytest.raises((SourceLost, SourceNotFound)):
        list(read_masks(path))
