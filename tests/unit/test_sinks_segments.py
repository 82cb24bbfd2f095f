"""Recordings without end: where they are cut, what stays, and what a full disk does."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest
from clips import picture as drawn
from clips import shows

from livesegment.errors import OptionsError
from livesegment.frame import Frame
from livesegment.settings import LiveOptions, Retention
from livesegment.sinks.base import Annotated
from livesegment.sinks.segments import SegmentedVideoSink

FPS = 10


def annotated(
    index: int, size: tuple[int, int] = (96, 64), pts_s: float | None = None
) -> Annotated:
    image = drawn(index, size)
    pts_s = 5000 + index / FPS if pts_s is None else pts_s
    return Annotated(Frame(image, index, pts_s, time.monotonic()), None, image)


def record(path: Path, count: int, *, segment_s: float = 2.0, **options: object) -> None:
    with SegmentedVideoSink(path, segment_s=segment_s, fps=FPS, **options) as sink:
        for index in range(count):
            sink.write(annotated(index))
        sink.commit()


def pictures(path: Path) -> list[tuple[float, np.ndarray]]:
    frames = []
    # The end of a file that the disk had no room for is damaged.
    with av.open(str(path)) as container, suppress(av.error.InvalidDataError):
        frames.extend(container.decode(video=0))
    assert frames[0].key_frame
    return [(float(each.time), each.to_ndarray(format="bgr24")) for each in frames]


def segments(folder: Path) -> list[Path]:
    """Return the segments of `garden.mp4` from the oldest on; written within one second each."""
    found = [path for path in folder.iterdir() if path.name.startswith("garden_")]

    def order(path: Path) -> tuple[str, int]:
        stamp, _, number = path.stem.removeprefix("garden_").partition("Z")
        return stamp, int(number.removeprefix("_") or 1)

    return sorted(found, key=order)


def old_segment(folder: Path, name: str, *, size: int = 1000, age_s: float = 0.0) -> Path:
    path = folder / name
    path.write_bytes(bytes(size))
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def test_no_picture_is_lost_or_doubled_between_segments(tmp_path: Path) -> None:
    record(tmp_path / "garden.mp4", 65)
    found = segments(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path not in found] == []
    contents = [pictures(path) for path in found]
    assert [len(each) for each in contents] == [20, 20, 20, 5]
    for number, content in enumerate(contents):
        assert [time_s for time_s, _ in content] == pytest.approx(
            [index / FPS for index in range(len(content))], abs=1e-4
        )
        assert all(shows(image, 20 * number + index) for index, (_, image) in enumerate(content))


def test_true_times_stay_within_a_segment_and_a_gap_does_not_end_it(tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.15, 1.7, 1.9, 2.0, 7.0, 7.2]
    with SegmentedVideoSink(tmp_path / "garden.mp4", segment_s=2.0) as sink:
        for index, pts_s in enumerate(times):
            sink.write(annotated(index, pts_s=pts_s))
        sink.commit()
    written = [[time_s for time_s, _ in pictures(path)] for path in segments(tmp_path)]
    assert len(written) == 3
    assert written[0] == pytest.approx([0.0, 0.1, 0.15, 1.7, 1.9], abs=1e-4)
    assert written[1] == [0.0]
    assert written[2] == pytest.approx([0.0, 0.2], abs=1e-4)


def test_another_size_begins_a_new_segment(tmp_path: Path) -> None:
    with SegmentedVideoSink(tmp_path / "garden.mp4", segment_s=60) as sink:
        for index in range(9):
            sink.write(annotated(index, (96, 64) if index < 4 else (160, 120)))
        sink.commit()
    first, second = (pictures(path) for path in segments(tmp_path))
    assert [image.shape for _, image in first] == [(64, 96, 3)] * 4
    assert [image.shape for _, image in second] == [(120, 160, 3)] * 5
    assert all(shows(image, 4 + index) for index, (_, image) in enumerate(second))


def test_names_tell_when_a_segment_began(tmp_path: Path) -> None:
    before = time.strftime("garden_%Y%m%d-%H%M%SZ.mp4", time.gmtime(time.time() - 1))
    record(tmp_path / "garden.mp4", 3)
    after = time.strftime("garden_%Y%m%d-%H%M%SZ.mp4", time.gmtime(time.time() + 1))
    (path,) = segments(tmp_path)
    assert before <= path.name <= after


def test_a_recording_that_is_switched_off_ends_its_segment_and_goes_on_in_another_one(
    tmp_path: Path,
) -> None:
    is_on = [True]
    with SegmentedVideoSink(
        tmp_path / "garden.mp4", segment_s=60, fps=FPS, is_on=lambda: is_on[0]
    ) as sink:
        for index in range(12):
            is_on[0] = not 4 <= index < 9
            sink.write(annotated(index))
            if index == 4:
                assert [len(pictures(path)) for path in segments(tmp_path)] == [4]
        sink.commit()
    first, second = (pictures(path) for path in segments(tmp_path))
    for shown, indices in ((first, range(4)), (second, range(9, 12))):
        assert len(shown) == len(indices)
        assert all(shows(image, index) for (_, image), index in zip(shown, indices, strict=True))


def test_the_oldest_segments_go_when_there_are_too_many_bytes(tmp_path: Path) -> None:
    # Of an earlier run, and to be counted.
    ancient = old_segment(tmp_path, "garden_20200101-000000Z.mp4", size=1_000_000)
    older = old_segment(tmp_path, "garden_20200101-000000Z_2.mp4", size=1_000_000)
    old = old_segment(tmp_path, "garden_20200101-001000Z.mp4", size=1_000_000)
    record(tmp_path / "garden.mp4", 30, keep=Retention(size=1_500_000))
    assert not ancient.exists()
    assert not older.exists()
    assert old.exists()
    assert sum(path.stat().st_size for path in segments(tmp_path)) < 1_500_000


def test_segments_that_are_too_old_go(tmp_path: Path) -> None:
    old = old_segment(tmp_path, "garden_20200101-000000Z.mp4", age_s=3 * 86400)
    recent = old_segment(tmp_path, "garden_20200102-000000Z.mp4", age_s=86400)
    record(tmp_path / "garden.mp4", 25, keep=Retention.parse("2d"))
    assert not old.exists()
    assert recent.exists()


def test_a_clock_that_jumps_ahead_removes_no_more_than_came_in_since(tmp_path: Path) -> None:
    # As they are after a jump: all older than may be kept.
    old = [
        old_segment(tmp_path, f"garden_2020010{day}-000000Z.mp4", age_s=30 * 86400)
        for day in range(1, 9)
    ]
    record(tmp_path / "garden.mp4", 15, keep=Retention.parse("7d"))
    assert all(path.exists() for path in old)
    record(tmp_path / "garden.mp4", 61, keep=Retention.parse("7d"))
    assert [path.exists() for path in old[:2]] == [False, False]
    assert all(path.exists() for path in old[5:])


def test_room_that_was_not_needed_is_not_used_up_by_a_jump(tmp_path: Path) -> None:
    fresh = [old_segment(tmp_path, f"garden_2020010{day}-000000Z.mp4") for day in range(1, 9)]
    with SegmentedVideoSink(
        tmp_path / "garden.mp4", segment_s=2.0, keep=Retention.parse("7d")
    ) as sink:
        for index in range(100):
            sink.write(annotated(index))
        for path in fresh:
            os.utime(path, (0, 0))
        for index in range(100, 121):
            sink.write(annotated(index))
        sink.commit()
    assert sum(path.exists() for path in fresh) >= 6


def test_what_is_not_of_this_recording_is_never_touched(tmp_path: Path) -> None:
    others = [
        "garden.mp4",
        "garden_20200101-000000.mp4",
        "garden_20200101-000000Z.mp4.bak",
        "garden_20200101-000000Z.mkv",
        "garden_20200101-000000Z-holiday.mp4",
        "my_garden_20200101-000000Z.mp4",
        "garden_20200101-000000Z-2.mp4",
        "garden_2_20200101-000000Z.mp4",
        "gardenX20200101-000000Z.mp4",
    ]
    for name in others:
        old_segment(tmp_path, name, size=100_000, age_s=1e8)
    (tmp_path / "garden_20200101-000001Z.mp4").mkdir()
    (tmp_path / "garden_20200101-000002Z.mp4").symlink_to(tmp_path / "garden.mp4")
    record(tmp_path / "garden.mp4", 30, keep=Retention(size=1))
    names = {path.name for path in tmp_path.iterdir()}
    assert {*others, "garden_20200101-000001Z.mp4", "garden_20200101-000002Z.mp4"} < names


def test_the_segment_being_written_stays_however_little_may_be_kept(tmp_path: Path) -> None:
    record(tmp_path / "garden.mp4", 70, segment_s=3.0, keep=Retention(size=1))
    assert [len(pictures(path)) for path in segments(tmp_path)][-1:] == [10]


def test_what_was_written_is_readable_when_the_power_is_cut(tmp_path: Path) -> None:
    script = f"""
import os, pathlib, sys
sys.path[:0] = {[str(Path(__file__).parents[1]), str(Path(__file__).parent)]!r}
from test_sinks_segments import annotated, SegmentedVideoSink
sink = SegmentedVideoSink({str(tmp_path / "garden.mp4")!r}, segment_s=2.0, fps={FPS})
for index in range(38):
    sink.write(annotated(index))
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    first, second = segments(tmp_path)
    assert len(pictures(first)) == 20
    # At most the last second is missing.
    assert len(pictures(second)) >= 8


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_a_full_disk_is_waited_out_and_what_is_missing_is_counted(tmp_path: Path) -> None:
    # A limit on the size of files stands for the full disk: writing fails in the same way.
    script = f"""
import logging, resource, sys
sys.path[:0] = {[str(Path(__file__).parents[1]), str(Path(__file__).parent)]!r}
from test_sinks_segments import annotated, SegmentedVideoSink
logging.basicConfig(format="%(message)s")
unwritten = 0
def count(by):
    global unwritten
    unwritten += by
sink = SegmentedVideoSink(
    {str(tmp_path / "garden.mp4")!r}, segment_s=60, fps={FPS}, on_unwritten=count
)
for index in range(600):
    if index == 100:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
    if index == 350:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    sink.write(annotated(index))
sink.commit()
print(unwritten)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], check=True, timeout=60, capture_output=True, text=True
    )
    written = sum(len(pictures(path)) for path in segments(tmp_path))
    assert written + int(ran.stdout) == 600
    assert 250 <= int(ran.stdout) < 400
    warnings = ran.stderr.splitlines()
    assert "too large" in warnings[0]
    assert "the recording waits" in warnings[0]
    assert "goes on in" in warnings[-1]
    assert len(warnings) == 2


def test_a_folder_that_is_gone_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    unwritten: list[int] = []
    with SegmentedVideoSink(
        folder / "garden.mp4", segment_s=1.0, on_unwritten=unwritten.append
    ) as sink:
        for index in range(10):
            sink.write(annotated(index))
        for path in segments(folder):
            path.unlink()
        folder.rmdir()
        for index in range(10, 30):
            sink.write(annotated(index))
        folder.mkdir()
        for index in range(30, 150):
            sink.write(annotated(index))
        sink.commit()
    written = sum(len(pictures(path)) for path in segments(folder))
    assert written + sum(unwritten) == 150  # those that were removed are missing too
    assert written >= 30


@pytest.mark.parametrize(
    "text", ["20", "GB", "-1GB", "0d", "7 weeks", "", "7d,", "1GB,2GB", "20,7d"]
)
def test_what_to_keep_is_a_size_or_an_age(text: str) -> None:
    with pytest.raises(OptionsError, match="keep is a size such as 20GB or an age"):
        LiveOptions(record="a.mp4", segment_minutes=5, keep=text)


def test_sizes_and_ages_are_read() -> None:
    assert Retention.parse("20GB") == Retention(size=20_000_000_000)
    assert Retention.parse("1.5 tb") == Retention(size=1_500_000_000_000)
    assert Retention.parse("7d") == Retention(age_s=604_800)
    assert Retention.parse("12h") == Retention(age_s=43_200)
    assert Retention.parse("7d, 20GB") == Retention(size=20_000_000_000, age_s=604_800)


def test_what_is_too_old_or_too_much_goes(tmp_path: Path) -> None:
    record(tmp_path / "garden.mp4", 61)
    size = sum(path.stat().st_size for path in segments(tmp_path))
    many = len(segments(tmp_path))
    record(tmp_path / "garden.mp4", 15, keep=Retention(size=size // 2, age_s=604_800))
    assert len(segments(tmp_path)) < many


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"segment_minutes": 5}, "name it with record"),
        ({"record": "a.mp4", "keep": "7d"}, "give their length with segment_minutes"),
        ({"record": "a.mp4", "segment_minutes": 0}, "segment_minutes is a number above 0"),
        ({"record": "a.mp4", "segment_minutes": 5, "keep": "lots"}, "keep is a size"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(OptionsError, match=sentence):
        LiveOptions(**options)
