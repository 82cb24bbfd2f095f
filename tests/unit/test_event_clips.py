"""Clips and snapshots: what is in them, how they are named, and which of them stay."""

import os
import resource
import shutil
from datetime import UTC, datetime
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from waiting import wait_until

from livesegment import OptionsError
from livesegment.errors import OutputNotWritable
from livesegment.events.clip import ClipRecorder
from livesegment.events.clip_folder import ClipFolder
from livesegment.events.event import Event
from livesegment.frame import Frame, Image
from livesegment.review.fragments import Fragments
from livesegment.settings import EventOptions, Retention
from livesegment.sinks.base import Annotated
from livesegment.sources.pattern import PatternSource

RATE = 10


def event(kind: str, number: int = 1, second: int = 0, rule: str = "door") -> Event:
    time = datetime(2026, 11, 23, 15, 51, second, tzinfo=UTC).isoformat()
    return Event(f"{number}", rule, "coverage", kind, "yard", time)


class Run:
    """Feeds a recorder with pictures of a pattern, ten a second of media time."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.told: list[Event] = []
        self.recorder = ClipRecorder(folder, "yard", self.told.append, fps=RATE, **options)
        self._source = PatternSource((96, 64), RATE)
        self.images: list[Image] = []

    def show(self, count: int) -> None:
        for _ in range(count):
            frame = self._source.read()
            assert frame is not None
            self.images.append(frame.image)
            self.recorder.write(Annotated(frame, None, frame.image))

    def note(self, event: Event) -> None:
        """Note an event of the next picture."""
        self.recorder.note(event, len(self.images))


def decoded(path: Path) -> tuple[list[Image], list[float]]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return [frame.to_ndarray(format="bgr24") for frame in frames], [frame.time for frame in frames]


def likeness(one: Image, other: Image) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def numbers(path: Path, shown: list[Image]) -> list[int]:
    """Return which of the pictures shown a clip has, each by what it looks like."""
    found, _ = decoded(path)
    return [min(range(len(shown)), key=lambda i: likeness(shown[i], image)) for image in found]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_clip_has_the_pictures_around_the_event_at_their_times(tmp_path: Path) -> None:
    run = Run(tmp_path / "clips", pre_s=1.0, post_s=0.5)
    run.show(30)
    run.note(event("begin"))
    run.show(10)
    run.note(event("end"))
    run.show(20)
    run.recorder.close()
    stem = "yard_20261123-155100Z_door"
    assert files(tmp_path / "clips") == [f"{stem}.jpg", f"{stem}.mp4"]
    # Begun with picture 30, ended with 40: from a second before to half a second after.
    assert numbers(tmp_path / "clips" / f"{stem}.mp4", run.images) == list(range(20, 46))
    _, times = decoded(tmp_path / "clips" / f"{stem}.mp4")
    assert times == pytest.approx([number / RATE for number in range(26)], abs=0.001)
    snapshot = cv2.imread(str(tmp_path / "clips" / f"{stem}.jpg"))
    assert likeness(snapshot, run.images[30]) < 4
    assert likeness(snapshot, run.images[29]) > likeness(snapshot, run.images[30])
    begin, end = run.told
    assert (begin.snapshot, begin.clip) == (f"{stem}.jpg", f"{stem}.mp4")
    assert (end.kind, end.snapshot, end.clip) == ("end", None, f"{stem}.mp4")


def test_an_event_is_told_when_its_snapshot_is_there_and_no_clip_is_half_written(
    tmp_path: Path,
) -> None:
    seen = []

    def tell(told: Event) -> None:
        seen.append([name for name in files(tmp_path) if ".part" not in name])

    with ClipRecorder(tmp_path, "yard", tell, pre_s=1.0, post_s=0.2) as recorder:
        source = PatternSource((96, 64), RATE)
        recorder.note(event("begin"), 5)
        for index in range(12):
            frame = source.read()
            assert frame is not None
            if index == 8:
                assert seen == [["yard_20261123-155100Z_door.jpg"]]
                recorder.note(event("end"), 8)
            recorder.write(Annotated(frame, None, frame.image))
    assert len(seen) == 2
    assert files(tmp_path) == ["yard_20261123-155100Z_door.jpg", "yard_20261123-155100Z_door.mp4"]


def test_a_clip_that_is_written_plays_and_is_the_beginning_of_the_whole(tmp_path: Path) -> None:
    run = Run(tmp_path, pre_s=1.0, post_s=0.5)
    run.show(10)
    run.note(event("begin"))
    part = tmp_path / "yard_20261123-155100Z_door.part.mp4"
    left = tmp_path / "left.mp4"  # as a process leaves it that is killed

    def has_begun() -> bool:
        run.show(1)
        if part.exists():
            shutil.copy(part, left)
        return left.exists() and (found := Fragments.read(left)) is not None and found.end_s > 3

    wait_until(has_begun, "some of the clip")
    run.note(event("end"))
    run.show(10)
    run.recorder.close()
    images, times = decoded(left)
    whole, whole_times = decoded(tmp_path / "yard_20261123-155100Z_door.mp4")
    assert len(images) < len(whole)
    assert times == whole_times[: len(times)]
    assert all(np.array_equal(one, other) for one, other in zip(images, whole, strict=False))
    assert not part.exists()


def test_events_that_overlap_share_the_clip_of_the_first(tmp_path: Path) -> None:
    run = Run(tmp_path, pre_s=0.5, post_s=0.5)
    run.show(10)
    run.note(event("begin", 1))
    run.show(3)
    run.note(event("begin", 2, rule="gate"))
    run.show(3)
    run.note(event("end", 1))
    run.show(4)
    run.note(event("end", 2, rule="gate"))
    run.show(10)
    run.recorder.close()
    assert files(tmp_path) == [
        "yard_20261123-155100Z_door.jpg",
        "yard_20261123-155100Z_door.mp4",
        "yard_20261123-155100Z_gate.jpg",
    ]
    assert {told.clip for told in run.told} == {"yard_20261123-155100Z_door.mp4"}
    assert run.told[1].snapshot == "yard_20261123-155100Z_gate.jpg"
    assert numbers(tmp_path / "yard_20261123-155100Z_door.mp4", run.images) == list(range(5, 26))


def test_an_event_after_the_end_of_a_clip_gets_its_own(tmp_path: Path) -> None:
    run = Run(tmp_path, pre_s=0.5, post_s=0.2)
    for number in (1, 2):
        run.show(10)
        run.note(event("begin", number))
        run.show(1)
        run.note(event("end", number))
        run.show(9)
    run.recorder.close()
    stem = "yard_20261123-155100Z_door"
    assert numbers(tmp_path / f"{stem}.mp4", run.images) == list(range(5, 14))
    assert numbers(tmp_path / f"{stem}.2.mp4", run.images) == list(range(25, 34))


def test_an_event_that_goes_on_and_on_has_a_clip_that_ends(tmp_path: Path) -> None:
    run = Run(tmp_path, pre_s=0.5, post_s=0.5, longest_s=1.0)
    run.show(10)
    run.note(event("begin", 1))
    run.show(40)
    run.note(event("begin", 2, rule="gate"))
    run.show(5)
    run.note(event("end", 1))
    run.note(event("end", 2, rule="gate"))
    run.show(20)
    run.recorder.close()
    first = numbers(tmp_path / "yard_20261123-155100Z_door.mp4", run.images)
    assert first == list(range(5, 31))
    second = numbers(tmp_path / "yard_20261123-155100Z_gate.mp4", run.images)
    assert second == list(range(45, 61))
    assert run.told[2].clip == "yard_20261123-155100Z_door.mp4"


def test_a_run_that_ends_in_an_event_keeps_its_clip_and_tells_what_waits(tmp_path: Path) -> None:
    run = Run(tmp_path, pre_s=0.5, post_s=5.0)
    run.show(10)
    run.note(event("begin"))
    run.show(5)
    run.note(event("end"))
    run.recorder.close()
    run.recorder.close()
    path = tmp_path / "yard_20261123-155100Z_door.mp4"
    assert numbers(path, run.images) == list(range(5, 15))
    assert [(told.kind, told.clip) for told in run.told] == [
        ("begin", path.name),
        ("end", path.name),
    ]


def test_pictures_of_another_size_do_not_break_a_clip(tmp_path: Path) -> None:
    told: list[Event] = []
    with ClipRecorder(tmp_path, "yard", told.append, pre_s=1.0, post_s=0.2) as recorder:
        for index in range(12):
            image = np.full((48, 64, 3) if index < 8 else (60, 101, 3), 90, np.uint8)
            if index in {5, 9}:
                recorder.note(event("begin" if index == 5 else "end"), index)
            recorder.write(Annotated(Frame(image, index, index / RATE, 0.0), None, image))
    images, _ = decoded(tmp_path / "yard_20261123-155100Z_door.mp4")
    assert len(images) == 12


def test_on_a_disk_that_takes_no_more_the_event_is_told_and_no_clip_has_its_final_name(
    tmp_path: Path,
) -> None:
    unwritten: list[int] = []
    run = Run(tmp_path, pre_s=1.0, post_s=0.2, on_unwritten=unwritten.append)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        for kind in ("begin", "end"):
            run.show(10)
            run.note(event(kind))
        run.show(10)
        run.recorder.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [(each.kind, each.snapshot) for each in run.told] == [("begin", None), ("end", None)]
    assert not [name for name in files(tmp_path) if ".part." not in name]
    assert sum(unwritten) == 23  # from a second before the begin to 0.2 s after the end


def test_a_clip_that_cannot_be_completed_plays_under_its_partial_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(tmp_path, pre_s=1.0, post_s=0.5)
    run.show(10)
    run.note(event("begin"))
    run.show(5)
    stem = "yard_20261123-155100Z_door"
    (tmp_path / f"{stem}.part.part.mp4").mkdir()  # where the whole would be written
    run.note(event("end"))
    run.show(10)
    run.recorder.close()
    assert not (tmp_path / f"{stem}.mp4").exists()
    assert numbers(tmp_path / f"{stem}.part.mp4", run.images) == list(range(21))
    assert "is not complete" in caplog.text


def test_of_a_clip_that_cannot_be_begun_each_picture_is_counted_once(tmp_path: Path) -> None:
    unwritten: list[int] = []
    folder = tmp_path / "clips"
    run = Run(folder, pre_s=0.5, post_s=0.2, on_unwritten=unwritten.append)
    stem = folder / "yard_20261123-155100Z_door"
    for number in (1, 2):
        run.show(10)
        run.note(event("begin", number))
        run.show(1)
        run.note(event("end", number))
        run.show(9)
        if number == 1:
            wait_until(stem.with_suffix(".mp4").exists, "the first clip")
            shutil.rmtree(folder)
    run.recorder.close()
    assert sum(unwritten) == 9  # from half a second before the begin to 0.2 s after the end


def make(folder: Path, *seconds: int, size: int = 1000, camera: str = "yard") -> None:
    for second in seconds:
        for suffix in (".jpg", ".mp4"):
            path = folder / f"{camera}_20261123-1551{second:02d}Z_door{suffix}"
            path.write_bytes(b"x" * size)


@pytest.mark.parametrize("keep", ["2", "0.0045MB"])
def test_the_oldest_clips_go_with_their_snapshots_and_nothing_else_does(
    tmp_path: Path, keep: str
) -> None:
    make(tmp_path, 1, 2, 3, 4)
    make(tmp_path, 0, camera="other")
    for left in ("part", "part.part"):
        (tmp_path / f"yard_20261123-155100Z_door.{left}.mp4").write_bytes(b"left by a crash")
    (tmp_path / "yard_notes.jpg").write_bytes(b"mine")
    ClipFolder(tmp_path, "yard", Retention.parse(keep)).prune("yard_20261123-155104Z_door")
    assert files(tmp_path) == [
        "other_20261123-155100Z_door.jpg",
        "other_20261123-155100Z_door.mp4",
        "yard_20261123-155103Z_door.jpg",
        "yard_20261123-155103Z_door.mp4",
        "yard_20261123-155104Z_door.jpg",
        "yard_20261123-155104Z_door.mp4",
        "yard_notes.jpg",
    ]


def test_clips_beyond_an_age_go_and_the_newest_stays(tmp_path: Path) -> None:
    make(tmp_path, 1, 2, 3)
    for path in tmp_path.glob("*-15510[13]*"):
        os.utime(path, (0, 0))
    ClipFolder(tmp_path, "yard", Retention.parse("30d")).prune("yard_20261123-155103Z_door")
    assert len(files(tmp_path)) == 4
    ClipFolder(tmp_path, "yard", Retention.parse("1")).prune("yard_20261123-155101Z_door")
    assert len(files(tmp_path)) == 4  # what is newer than the clip just written stays


def test_a_clock_that_jumps_ahead_removes_one_clip_for_each_new_one_at_the_most(
    tmp_path: Path,
) -> None:
    make(tmp_path, 1, 2, 3, 4, 5)
    for path in tmp_path.glob("*-15510[123]*"):
        os.utime(path, (0, 0))
    folder = ClipFolder(tmp_path, "yard", Retention.parse("7d"))
    for _ in range(3):
        folder.prune("yard_20261123-155104Z_door")
    assert len(files(tmp_path)) == 8
    folder.prune("yard_20261123-155105Z_door")
    assert len(files(tmp_path)) == 6


@pytest.mark.parametrize("text", ["0", "-1", "many", "5", "5GB", "12h"])
def test_what_is_to_be_kept_is_a_number_a_size_or_an_age(text: str) -> None:
    if text in {"5", "5GB", "12h"}:
        assert Retention.parse(EventOptions(keep_clips=text).keep_clips) != Retention()
    else:
        with pytest.raises(OptionsError, match=f"keep_clips is a number .* not the text '{text}'"):
            EventOptions(keep_clips=text)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputNotWritable, match="it is no folder"):
        ClipRecorder(tmp_path / "file", "yard", print)
    with pytest.raises(OutputNotWritable, match="no such file or directory"):
        ClipRecorder(tmp_path / "missing" / "clips", "yard", print)
