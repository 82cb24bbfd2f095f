"""What every sink that leaves a file promises. A new sink joins by one line in SINKS."""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from livesegment.errors import OutputExists, OutputNotWritable, SinkError
from livesegment.export import open_exporter
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.settings import LayoutOptions
from livesegment.sinks.arranged import arranged
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.image_file import ImageFileSink, ImageFolderSink
from livesegment.sinks.mask_file import MaskFileSink
from livesegment.sinks.segments import SegmentedVideoSink
from livesegment.sinks.video_file import VideoFileSink

MakeSink = Callable[..., Sink]
LEVELS = (40, 90, 140, 190)


def folder_sink(path: Path, **options: bool) -> Sink:
    return ImageFolderSink(path, [f"{i}.png" for i in range(len(LEVELS))], **options)


def arranged_file(path: Path, **options: bool) -> Sink:
    return arranged(VideoFileSink(path, **options), LayoutOptions(size=(32, 32)))


def coco_file(path: Path, **options: bool) -> Sink:
    return open_exporter("coco", path, "clip", **options)


def cvat_archive(path: Path, **options: bool) -> Sink:
    return open_exporter("cvat", path, "clip", **options)


def cvat_levels(path: Path) -> list[int]:
    """Return the classes in the order of the pictures, as the colours of their labels say."""
    with zipfile.ZipFile(path) as archive:
        lines = archive.read("labelmap.txt").decode().splitlines()[2:]
        stems = archive.read("ImageSets/Segmentation/default.txt").decode().split()
        found = []
        for stem in stems:
            with Image.open(io.BytesIO(archive.read(f"SegmentationClass/{stem}.png"))) as image:
                colour = ",".join(map(str, image.convert("RGB").getpixel((5, 5))))
            found += [LEVELS[at] for at, line in enumerate(lines) if f":{colour}:" in line]
    return found


def coco_levels(path: Path) -> list[int]:
    return [each["category_id"] for each in json.loads(path.read_text())["annotations"]]


def video_levels(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [int(p.to_ndarray(format="gray")[5, 5]) for p in container.decode(video=0)]


def image_levels(path: Path) -> list[int]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [int(cv2.imread(str(file))[5, 5, 0]) for file in files]


SINKS: dict[str, tuple[MakeSink, str, Callable[[Path], list[int]], int]] = {
    "mp4": (VideoFileSink, "out.mp4", video_levels, 4),
    "mkv": (VideoFileSink, "out.mkv", video_levels, 4),
    "vp9": (partial(VideoFileSink, codec="vp9"), "out.webm", video_levels, 4),
    "av1": (partial(VideoFileSink, codec="av1"), "out.mp4", video_levels, 4),
    "arranged": (arranged_file, "out.mp4", video_levels, 4),
    "masks": (MaskFileSink, "masks.mkv", video_levels, 4),
    "coco": (coco_file, "out.json", coco_levels, 4),
    "cvat": (cvat_archive, "out.zip", cvat_levels, 4),
    "image": (ImageFileSink, "out.png", image_levels, 1),
    "folder": (folder_sink, "out", image_levels, 4),
}


def recording(path: Path, **options: bool) -> Sink:
    return VideoFileSink(path, fragmented=True, **options)


def masks_in_place(path: Path, **options: bool) -> Sink:
    return MaskFileSink(path, in_place=True, **options)


IN_PLACE: dict[str, tuple[MakeSink, str, Callable[[Path], list[int]], int]] = {
    "recording": (recording, "out.mp4", video_levels, 4),
    "masks-in-place": (masks_in_place, "masks.mkv", video_levels, 4),
}


def segments(path: Path) -> Sink:
    return SegmentedVideoSink(path, segment_s=60)


def segment_levels(path: Path) -> list[int]:
    (segment,) = (each for each in path.parent.iterdir() if each.name.startswith(f"{path.stem}_"))
    return video_levels(segment)


# These choose names that are free, so that there is nothing to be overwritten.
SELF_NAMED: dict[str, tuple[MakeSink, str, Callable[[Path], list[int]], int]] = {
    "segments": (segments, "out.mp4", segment_levels, 4),
}


@pytest.fixture(params=[*SINKS, *IN_PLACE, *SELF_NAMED])
def any_case(
    request: pytest.FixtureRequest,
) -> tuple[MakeSink, str, Callable[[Path], list[int]], int]:
    return (SINKS | IN_PLACE | SELF_NAMED)[request.param]


@pytest.fixture(params=[*SINKS, *IN_PLACE])
def case(request: pytest.FixtureRequest) -> tuple[MakeSink, str, Callable[[Path], list[int]], int]:
    return (SINKS | IN_PLACE)[request.param]


def write_levels(sink: Sink, levels: Sequence[int]) -> None:
    for index, level in enumerate(levels):
        canvas = np.full((48, 64, 3), level, np.uint8)
        frame = Frame(np.zeros((48, 64, 3), np.uint8), index, index / 25, 0.0)
        ids = np.full((48, 64), level, np.uint8)
        sink.write(Annotated(frame, Mask(ids, {level: "thing"}), canvas))
        # The canvas belongs to the compositor, which draws the next picture on it.
        canvas[:] = 255


def test_every_picture_arrives_in_order_under_the_final_name(tmp_path, case):
    make, name, read, count = case
    with make(tmp_path / name) as sink:
        write_levels(sink, LEVELS[:count])
        sink.commit()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert read(tmp_path / name) == pytest.approx(LEVELS[:count], abs=14)


def test_close_may_be_called_twice_and_without_a_picture(tmp_path, any_case):
    make, name, _, _ = any_case
    sink = make(tmp_path / name)
    sink.close()
    sink.close()
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


def test_committed_without_a_picture_there_is_no_file(tmp_path, any_case):
    make, name, _, _ = any_case
    with make(tmp_path / name) as sink:
        sink.commit()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_existing_output_is_kept(tmp_path, case):
    make, name, _, _ = case
    if make is folder_sink:
        (tmp_path / name).mkdir()
        kept = tmp_path / name / "2.png"
    else:
        kept = tmp_path / name
    kept.write_bytes(b"precious")
    with pytest.raises(OutputExists, match=kept.name):
        make(tmp_path / name)
    assert kept.read_bytes() == b"precious"


def test_overwrite_replaces_it_only_when_pictures_come(tmp_path, case):
    make, name, read, count = case
    if make is not folder_sink:
        (tmp_path / name).write_bytes(b"precious")
        make(tmp_path / name, overwrite=True).close()
        assert (tmp_path / name).read_bytes() == b"precious"
    with make(tmp_path / name, overwrite=True) as sink:
        write_levels(sink, LEVELS[:count])
        sink.commit()
    assert len(read(tmp_path / name)) == count


def test_a_missing_folder_is_named_at_once(tmp_path, any_case):
    make, name, _, _ = any_case
    with pytest.raises(OutputNotWritable, match=r"nowhere.* does not exist"):
        make(tmp_path / "nowhere" / name)


def test_names_in_any_script(tmp_path, any_case):
    make, name, read, count = any_case
    path = tmp_path / f"Übung 動画 a:b % {name}"
    with make(path) as sink:
        write_levels(sink, LEVELS[:count])
        sink.commit()
    assert len(read(path)) == count


@pytest.mark.parametrize("kind", ["mp4", "mkv", "masks", "coco", "cvat"])
def test_without_commit_a_readable_part_stays(tmp_path, kind, caplog):
    make, name, read, _ = SINKS[kind]
    with make(tmp_path / name) as sink:
        write_levels(sink, LEVELS)
    part = tmp_path / name.replace(".", ".part.")
    assert list(tmp_path.iterdir()) == [part]
    assert len(read(part)) == 4
    assert str(part) in caplog.text


@pytest.mark.parametrize("kind", ["mp4", "mkv", "masks", "coco", "cvat"])
def test_a_closed_sink_takes_nothing_more(tmp_path, kind):
    make, name, _, _ = SINKS[kind]
    sink = make(tmp_path / name)
    write_levels(sink, LEVELS)
    sink.commit()
    with pytest.raises(SinkError, match="closed"):
        write_levels(sink, LEVELS)
    sink.close()


@pytest.mark.parametrize("kind", ["mp4", "masks", "coco", "cvat"])
def test_a_file_that_came_meanwhile_is_not_replaced(tmp_path, kind):
    make, name, read, _ = SINKS[kind]
    with make(tmp_path / name) as sink:
        write_levels(sink, LEVELS)
        (tmp_path / name).write_bytes(b"precious")
        with pytest.raises(OutputExists):
            sink.commit()
    assert (tmp_path / name).read_bytes() == b"precious"
    assert len(read(tmp_path / name.replace(".", ".part."))) == 4
