"""Codecs, containers and quality of videos; and that writing twice gives the same file."""

import itertools
import os
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from livesegment.errors import OptionsError, OutputNotWritable
from livesegment.frame import Frame, Image
from livesegment.mask import Mask
from livesegment.sinks.base import Annotated
from livesegment.sinks.codecs import coding_for
from livesegment.sinks.mask_file import MaskFileSink
from livesegment.sinks.video_file import VideoFileSink
from livesegment.sources.pattern import PatternSource

UNEVEN = [0.5, 0.533, 0.6, 1.0, 1.04, 2.0, 2.5, 2.6, 5.0]
KINDS = [
    ("h264", ".mp4"),
    ("h264", ".m4v"),
    ("h264", ".mov"),
    ("h264", ".mkv"),
    ("vp9", ".mp4"),
    ("vp9", ".mkv"),
    ("vp9", ".webm"),
    ("av1", ".mp4"),
    ("av1", ".mkv"),
    ("av1", ".webm"),
    ("prores", ".mov"),
]


def moving(index: int, width: int = 128, height: int = 96) -> Image:
    image = np.full((height, width, 3), 90, np.uint8)
    image[20:60, 5 * index % 80 :][:, :40] = (40, 200, 20 * index % 250)
    return image


def write(path: Path, times: list[float], **options: object) -> Path:
    with VideoFileSink(path, fps=25, **options) as sink:
        for index, pts_s in enumerate(times):
            image = moving(index)
            sink.write(Annotated(Frame(image, index, pts_s, 0.0), None, image))
        sink.commit()
    return path


def read(path: Path) -> tuple[list[float], list[Image]]:
    with av.open(str(path)) as container:
        pictures = list(container.decode(video=0))
        return [p.time for p in pictures], [p.to_ndarray(format="bgr24") for p in pictures]


@pytest.mark.parametrize(("codec", "suffix"), KINDS)
def test_every_codec_keeps_times_order_and_the_last_duration(tmp_path, codec, suffix):
    path = write(tmp_path / f"out{suffix}", UNEVEN, codec=codec)
    times, images = read(path)
    coarse = suffix in {".mkv", ".webm"}
    assert times == pytest.approx(UNEVEN, abs=5e-4 if coarse else 1 / 180_000 + 1e-9)
    for index, image in enumerate(images):
        assert np.abs(image.astype(int) - moving(index)).mean() < 4
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.codec.canonical_name == codec
        packets = [p for p in container.demux(video=0) if p.size]
        assert [p.pts for p in packets] == [p.dts for p in packets]
        end_s = container.duration / av.time_base + (0 if coarse else UNEVEN[0])
    assert end_s == pytest.approx(UNEVEN[-1] + 1 / 25, abs=2e-3)


@pytest.mark.parametrize("codec", ["h264", "vp9", "av1"])
def test_one_can_jump_to_every_second_second(tmp_path, codec):
    path = write(tmp_path / "out.mp4", [index / 25 for index in range(126)], codec=codec)
    with av.open(str(path)) as container:
        keys = [p.pts * p.time_base for p in container.demux(video=0) if p.size and p.is_keyframe]
    assert {0, 2, 4} <= set(keys)


@pytest.mark.parametrize("codec", ["h264", "vp9", "av1"])
def test_more_quality_is_more_like_the_picture_and_a_larger_file(tmp_path, codec):
    sizes, errors = [], []
    for quality in (1, 50, 100):
        path = write(tmp_path / f"{quality}.mp4", [0.0, 0.04, 0.08], codec=codec, quality=quality)
        _, images = read(path)
        sizes.append(path.stat().st_size)
        errors.append(np.mean([np.abs(im - moving(i).astype(int)) for i, im in enumerate(images)]))
    assert all(a < b for a, b in itertools.pairwise(sizes))
    assert all(a > b for a, b in itertools.pairwise(errors))


@pytest.mark.parametrize(("codec", "suffix"), KINDS)
def test_the_same_pictures_give_the_same_file(tmp_path, codec, suffix):
    times = [index / 25 for index in range(40)]
    first = write(tmp_path / f"first{suffix}", times, codec=codec)
    second = write(tmp_path / f"second{suffix}", times, codec=codec)
    assert first.read_bytes() == second.read_bytes()


def test_the_same_masks_give_the_same_file(tmp_path):
    for name in ("first.mkv", "second.mkv"):
        with MaskFileSink(tmp_path / name, fps=25) as sink:
            for index in range(20):
                image = moving(index)
                mask = Mask(image[:, :, 0] // 100, {0: "background", index: "thing"})
                sink.write(Annotated(Frame(image, index, index / 25, 0.0), mask, image))
            sink.commit()
    assert (tmp_path / "first.mkv").read_bytes() == (tmp_path / "second.mkv").read_bytes()


@pytest.mark.parametrize(
    ("name", "codec", "advice"),
    [
        ("out.webm", "h264", r"out\.webm cannot hold h264: choose --codec vp9 or --codec av1, or "),
        ("out.mov", "vp9", r"out\.mov cannot hold vp9: choose --codec h264 or --codec prores, or "),
        ("out.mov", "av1", r"or a name that ends in \.mkv"),
        ("out.mp4", "h265", r"--codec is one of h264, vp9, av1, prores, not 'h265'"),
        ("out.webm", "prores", r"choose --codec vp9 or --codec av1, or a name that ends in \.mov"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(tmp_path, name, codec, advice):
    with pytest.raises(OptionsError, match=advice):
        VideoFileSink(tmp_path / name, codec=codec)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("quality", [0, 101, -3])
def test_quality_has_bounds(tmp_path, quality):
    with pytest.raises(OptionsError, match=rf"--quality is a number from 1 to 100, not {quality}"):
        VideoFileSink(tmp_path / "out.mp4", quality=quality)


@pytest.mark.parametrize(
    ("codec", "size"), [("h264", (18, 17_000)), ("av1", (640, 18)), ("av1", (1, 1))]
)
def test_a_size_that_a_codec_has_not_is_one_sentence(tmp_path, capfd, codec, size):
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    with (
        VideoFileSink(tmp_path / "out.mp4", codec=codec) as sink,
        pytest.raises(OutputNotWritable, match="takes no pictures of"),
    ):
        sink.write(Annotated(Frame(image, 0, 0.0, 0.0), None, image))
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().err == ""


def test_encoding_is_quiet(tmp_path, capfd):
    write(tmp_path / "out.mp4", [0.0, 0.1], codec="av1")
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root is given real-time priority"
)
def test_av1_written_by_root_leaves_the_processors_to_others(tmp_path: Path) -> None:
    before = os.sched_getscheduler(0)
    with VideoFileSink(tmp_path / "out.mp4", fps=25, codec="av1") as sink:
        for index in range(3):
            image = moving(index)
            sink.write(Annotated(Frame(image, index, index / 25, 0.0), None, image))
            tasks = [int(task.name) for task in Path("/proc/self/task").iterdir()]
            assert {os.sched_getscheduler(task) for task in tasks} == {before}


def test_the_same_pictures_give_the_same_file_whatever_memory_held_before(tmp_path: Path) -> None:
    with PatternSource((64, 48), frame_count=40) as source:
        pictures = list(iter(source.read, None))
    random = np.random.default_rng(1)
    files = set()
    for _ in range(120):
        # What the encoder gets when these are freed is full of what was in them.
        held = [np.full(size, size % 256, np.uint8) for size in random.integers(1, 200_000, 300)]
        del held
        with VideoFileSink(tmp_path / "a.mp4", overwrite=True) as sink:
            for frame in pictures:
                sink.write(Annotated(frame, None, frame.image))
            sink.commit()
        files.add((tmp_path / "a.mp4").read_bytes())
    assert len(files) == 1


def test_the_encoder_holds_fewer_pictures_of_4k_and_codes_them_finer_instead() -> None:
    coding = coding_for(Path("a.mp4"), "h264", quality=75)
    usual, large = coding.options_for((1920, 1080)), coding.options_for((3840, 2160))
    assert usual == coding.codec_options
    assert int(large["rc-lookahead"]) < 10
    assert int(large["crf"]) < int(usual["crf"])
    live = coding_for(Path("a.mp4"), "h264", quality=75, fragmented=True)
    assert live.options_for((3840, 2160)) == live.codec_options
