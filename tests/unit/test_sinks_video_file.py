"""Videos: times, sizes, colours, and what is left when things go wrong."""

import contextlib
import itertools
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from livesegment.errors import OptionsError, OutputNotWritable
from livesegment.frame import Frame, Image
from livesegment.sinks.base import Annotated
from livesegment.sinks.video_file import VideoFileSink

UNEVEN = [0.5, 0.533, 0.6, 1.0, 1.04, 2.0, 2.5, 2.6, 5.0]


def picture(image: Image, index: int, pts_s: float) -> Annotated:
    return Annotated(Frame(image, index, pts_s, 0.0), None, image)


def grey(width: int = 64, height: int = 48, level: int = 128) -> Image:
    return np.full((height, width, 3), level, np.uint8)


def write(path: Path, times: list[float], image: Image | None = None, **options: object) -> None:
    with VideoFileSink(path, **options) as sink:
        for index, pts_s in enumerate(times):
            sink.write(picture(grey() if image is None else image, index, pts_s))
        sink.commit()


def times_of(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(p.pts * p.time_base) for p in container.decode(video=0)]


@pytest.mark.parametrize("fragmented", [False, True])
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_every_picture_is_shown_at_its_own_time(tmp_path, suffix, fragmented):
    path = tmp_path / f"out{suffix}"
    write(path, UNEVEN, fragmented=fragmented, fps=25)
    assert times_of(path) == pytest.approx(UNEVEN, abs=1 / 90_000 if suffix != ".mkv" else 5e-4)
    with av.open(str(path)) as container:
        end_s = container.duration / av.time_base
        if suffix != ".mkv" and not fragmented:
            # Here the container tells the length without the gap at the start.
            end_s += UNEVEN[0]
    assert end_s == pytest.approx(5.0 + 1 / 25, abs=2e-3)


def test_ntsc_times_are_exact(tmp_path):
    times = [i * 1001 / 30000 for i in range(90)]
    write(tmp_path / "out.mp4", times, fps=Fraction(30000, 1001))
    assert times_of(tmp_path / "out.mp4") == pytest.approx(times, abs=1e-9)


def test_times_that_do_not_rise_are_moved_to_the_next_tick(tmp_path):
    write(tmp_path / "out.mp4", [0.0, 0.1, 0.1, 0.05, 0.2])
    times = times_of(tmp_path / "out.mp4")
    assert len(times) == 5
    assert all(a < b for a, b in itertools.pairwise(times))
    assert times == pytest.approx([0.0, 0.1, 0.1, 0.1, 0.2], abs=1e-4)


@pytest.mark.parametrize("fragmented", [False, True])
def test_times_below_zero_are_moved_so_that_no_picture_is_lost(tmp_path, fragmented):
    write(tmp_path / "out.mp4", [-0.1, -0.05, 0.0, 0.05], fragmented=fragmented)
    assert times_of(tmp_path / "out.mp4") == pytest.approx([0.0, 0.05, 0.1, 0.15], abs=1e-4)


@pytest.mark.parametrize("size", [(101, 77), (64, 49), (65, 48), (3, 3), (1, 1)])
def test_odd_sizes_grow_by_one_repeated_line(tmp_path, size):
    width, height = size
    image = np.full((height, width, 3), 60, np.uint8)
    image[:, -1] = image[-1] = 220
    write(tmp_path / "out.mp4", [0.0, 0.1], image)
    with av.open(str(tmp_path / "out.mp4")) as container:
        decoded = next(container.decode(video=0)).to_ndarray(format="bgr24")
    assert decoded.shape == (height + height % 2, width + width % 2, 3)
    assert decoded[-1, -1] == pytest.approx([220] * 3, abs=12)
    if width > 10:
        assert decoded[10, 10] == pytest.approx([60] * 3, abs=12)


def test_colours_are_bt709_and_say_so(tmp_path):
    colours = [(0, 0, 255), (0, 255, 0), (255, 0, 0), (40, 200, 230), (128, 128, 128)]
    image = np.repeat(np.array([colours], np.uint8), 32, axis=1).repeat(48, axis=0)
    write(tmp_path / "out.mp4", [0.0], image, quality=100)
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.colorspace, context.color_primaries, context.color_trc) == (1, 1, 1)
        decoded = next(container.decode(video=0))
        assert int(decoded.color_range) == 1
        planes = decoded.to_ndarray().reshape(-1)
    luma, blue, red = np.split(planes, [48 * 160, 48 * 160 + 24 * 80])
    for number, (b, g, r) in enumerate(colours):
        # ITU-R BT.709, 8 bits, studio range.
        y = 0.2126 * r + 0.7152 * g + 0.0722 * b
        assert luma.reshape(48, 160)[20, number * 32 + 16] == pytest.approx(
            16 + y * 219 / 255, abs=2
        )
        assert blue.reshape(24, 80)[10, number * 16 + 8] == pytest.approx(
            128 + (b - y) / 1.8556 * 224 / 255, abs=2
        )
        assert red.reshape(24, 80)[10, number * 16 + 8] == pytest.approx(
            128 + (r - y) / 1.5748 * 224 / 255, abs=2
        )


def test_a_new_size_is_fitted_into_the_first_one(tmp_path):
    path = tmp_path / "out.mp4"
    with VideoFileSink(path) as sink:
        sink.write(picture(grey(160, 90, 200), 0, 0.0))
        sink.write(picture(grey(90, 90, 200), 1, 0.1))
        sink.write(picture(grey(320, 180, 200), 2, 0.2))
        sink.commit()
    with av.open(str(path)) as container:
        shown = [p.to_ndarray(format="gray") for p in container.decode(video=0)]
    assert [image.shape for image in shown] == [(90, 160)] * 3
    assert shown[1][45, 80] > 180
    assert shown[1][45, 10] < 30
    assert shown[2][10, 10] > 180


def test_a_mirrored_view_is_taken(tmp_path):
    image = grey()
    image[:, :32] = 20
    write(tmp_path / "out.mp4", [0.0], image[:, ::-1])
    with av.open(str(tmp_path / "out.mp4")) as container:
        shown = next(container.decode(video=0)).to_ndarray(format="gray")
    assert shown[20, 10] > 100 > shown[20, 50]


def test_the_index_of_a_finished_file_comes_first(tmp_path):
    write(tmp_path / "out.mp4", [0.0, 0.1])
    content = (tmp_path / "out.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_other_suffixes_are_named(tmp_path):
    with pytest.raises(OptionsError, match=r"out\.avi cannot be written: .*\.mp4"):
        VideoFileSink(tmp_path / "out.avi")


def test_a_part_that_cannot_be_replaced_is_named(tmp_path):
    (tmp_path / "out.part.mp4").mkdir()
    with pytest.raises(OutputNotWritable, match=r"cannot write .*out\.part\.mp4: "):
        VideoFileSink(tmp_path / "out.mp4")


def test_a_size_that_h264_has_not_is_named_and_leaves_nothing(tmp_path):
    image = np.zeros((17_000, 18, 3), np.uint8)
    with (
        VideoFileSink(tmp_path / "out.mp4") as sink,
        pytest.raises(OutputNotWritable, match=r"libx264 takes no pictures of 18x17000"),
    ):
        sink.write(picture(image, 0, 0.0))
    assert list(tmp_path.iterdir()) == []


JUMP = [0.0, 0.1, 1e6, 1e6 + 0.1]


@pytest.mark.parametrize("fragmented", [False, True])
def test_times_that_jump_by_days_are_kept_or_said(tmp_path, fragmented):
    with pytest.raises(OutputNotWritable, match=r"jump by 277 h .* 6 h 38 min .* ends in \.mkv"):
        write(tmp_path / "out.mp4", JUMP, fragmented=fragmented)
    write(tmp_path / "out.mkv", JUMP, fragmented=fragmented)
    assert times_of(tmp_path / "out.mkv") == pytest.approx(JUMP, abs=5e-4)
    write(tmp_path / "late.mp4", JUMP[2:], fragmented=fragmented)
    assert times_of(tmp_path / "late.mp4") == pytest.approx(JUMP[2:], abs=1e-4)


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf"), 1e9, 29.97, None])
def test_any_nominal_rate_is_survived(tmp_path, fps):
    write(tmp_path / "out.mp4", [0.0, 0.1], fps=fps)
    assert times_of(tmp_path / "out.mp4") == pytest.approx([0.0, 0.1], abs=1e-4)


ENDLESS_RECORDING = """
import itertools, sys
import numpy as np
from livesegment.frame import Frame
from livesegment.sinks.base import Annotated
from livesegment.sinks.video_file import VideoFileSink

sink = VideoFileSink(sys.argv[1], fragmented=True, fps=10)
for index in itertools.count():
    image = np.full((48, 64, 3), index % 200, np.uint8)
    sink.write(Annotated(Frame(image, index, 0.5 + index / 10, 0.0), None, image))
    print(index, flush=True)
    if index == 60:
        sys.stdin.read()
"""


@pytest.mark.parametrize("name", ["live.mp4", "live.mkv"])
def test_a_recording_plays_after_its_program_was_killed(tmp_path, name):
    path = tmp_path / name
    child = subprocess.Popen(
        [sys.executable, "-c", ENDLESS_RECORDING, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert "60\n" in iter(child.stdout.readline, "")
        child.kill()
    assert child.returncode == -signal.SIGKILL
    times = times_of(path)
    assert times == pytest.approx([0.5 + i / 10 for i in range(len(times))], abs=1e-3)
    assert len(times) >= 40


FULL_DISK = """
import resource, sys
import numpy as np
from livesegment.errors import OutputNotWritable
from livesegment.frame import Frame
from livesegment.sinks.base import Annotated
from livesegment.sinks.video_file import VideoFileSink

resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
random = np.random.default_rng(1)
sink = VideoFileSink(sys.argv[1], fragmented=sys.argv[2] == "fragmented", fps=10)
try:
    for index in range(200):
        image = random.integers(0, 256, (120, 160, 3), dtype=np.uint8)
        sink.write(Annotated(Frame(image, index, index / 10, 0.0), None, image))
    sink.commit()
except OutputNotWritable as error:
    print(error)
sink.close()
sink.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
@pytest.mark.parametrize("kind", ["fragmented", "whole"])
def test_a_full_disk_is_one_sentence_and_leaves_what_was_written(tmp_path, kind):
    # A limit on the size of files fails a write as a full disk does, without a disk to fill.
    path = tmp_path / "out.mp4"
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), kind],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(f"cannot write {tmp_path}")
    assert ran.stdout.count("\n") == 1
    assert "Traceback" not in ran.stderr
    if kind == "fragmented":
        times: list[float] = []
        with av.open(str(path)) as container, contextlib.suppress(av.error.InvalidDataError):
            # The picture that the limit cut through does not decode; those before it do.
            times.extend(float(p.pts * p.time_base) for p in container.decode(video=0))
        assert len(times) >= 10
    else:
        assert (tmp_path / "out.part.mp4").stat().st_size > 100_000


def packets(path: Path) -> list[tuple[bytes, int, int, int]]:
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames > 0  # its index knows all of them
        return [
            (bytes(each), each.pts, each.dts, each.duration)
            for each in container.demux(video=0)
            if each.size
        ]


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_file_that_plays_early_is_in_the_end_as_any_other(tmp_path, suffix):
    early, usual = tmp_path / f"early{suffix}", tmp_path / f"usual{suffix}"
    write(early, UNEVEN, fps=25, plays_early=True)
    write(usual, UNEVEN, fps=25)
    assert packets(early) == packets(usual)
    content = early.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([early.name, usual.name])


def test_where_the_whole_cannot_be_written_its_part_stays_and_plays(tmp_path, caplog):
    path = tmp_path / "out.mp4"
    (tmp_path / "out.part.part.mp4").mkdir()
    with VideoFileSink(path, plays_early=True) as sink:
        for index, pts_s in enumerate(UNEVEN):
            sink.write(picture(grey(), index, pts_s))
        with pytest.raises(OutputNotWritable, match="cannot write"):
            sink.commit()
    assert not path.exists()
    assert times_of(tmp_path / "out.part.mp4") == pytest.approx(UNEVEN, abs=1 / 90_000)
    assert "what there is stays in" in caplog.text
