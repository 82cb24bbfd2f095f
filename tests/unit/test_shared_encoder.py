"""A recording and the clips of a run: encoded once, and each written as if it were alone."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import av
import numpy as np
from clips import picture, shows
from waiting import wait_until

from livesegment.events.clip import ClipRecorder
from livesegment.events.event import Event
from livesegment.frame import Frame
from livesegment.live.outputs import as_outputs, commit_sinks
from livesegment.metrics import Metrics
from livesegment.output import Output, Shown
from livesegment.sinks.base import Annotated
from livesegment.sinks.packet import PacketSink
from livesegment.sinks.segments import SegmentedVideoSink

FPS = 10
TIME = "2026-11-23T15:51:00+00:00"


class Workers:
    """The threads of outputs, as a run starts them."""

    def __init__(self, outputs: list[Output]) -> None:
        self._threads: list[threading.Thread] = []
        self._stops: list[Callable[[], None]] = []
        for output in outputs:
            output.on_start(self)  # type: ignore[arg-type]

    def start_worker(self, name: str, work: Callable[[], None], stop: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=work, name=name))
        self._threads[-1].start()
        self._stops.append(stop)

    def end(self) -> None:
        for stop in self._stops:
            stop()
        for thread in self._threads:
            thread.join()


class Recording(SegmentedVideoSink):
    """A recording that says when it has written a picture, and writes none before it is let."""

    def __init__(self, path: Path, **options: object) -> None:
        super().__init__(path, fps=FPS, **options)
        self.let = threading.Event()
        self.let.set()
        self.written = threading.Semaphore(0)

    def write(self, picture: Annotated) -> None:
        assert self.let.wait(20)
        super().write(picture)
        self.written.release()


class Clips(ClipRecorder):
    """Clips that say when they have taken a picture."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.told: list[Event] = []
        super().__init__(folder, "yard", self.told.append, fps=FPS, **options)
        self.taken = threading.Semaphore(0)

    def write(self, picture: Annotated) -> None:
        super().write(picture)
        self.taken.release()


@contextmanager
def run(*sinks: PacketSink) -> Iterator[tuple[Callable[[int], None], Metrics]]:
    """Yield what shows the picture of an index; everything is written at the end."""
    metrics = Metrics()
    with ExitStack() as stack:
        for sink in sinks:
            stack.enter_context(sink)
        outputs = as_outputs(sinks, metrics, FPS)
        workers = Workers(outputs)
        stack.callback(workers.end)

        def show(index: int) -> None:
            image = picture(index)
            shown = Shown(Frame(image, index, index / FPS, 0.0), None, None, image)
            for output in outputs:
                output.on_frame(shown)

        yield show, metrics
        workers.end()
        commit_sinks(outputs)


def pictures(path: Path) -> list[tuple[float, np.ndarray]]:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return [(float(each.time), each.to_ndarray(format="bgr24")) for each in frames]


def segments(folder: Path) -> list[list[tuple[float, np.ndarray]]]:
    """Return the pictures of each file of the recording, in the order in which they were ended."""
    found = sorted(folder.glob("garden_*"), key=lambda path: path.stat().st_mtime_ns)
    return [pictures(path) for path in found]


def event(kind: str) -> Event:
    return Event("1", "door", "coverage", kind, "yard", TIME)


def test_a_clip_has_the_very_pictures_of_the_recording(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "garden.mp4", segment_s=60)
    clips = Clips(tmp_path / "clips", pre_s=0.6, post_s=0.2)
    with run(recording, clips) as (show, metrics):
        clips.note(event("begin"), 15)
        clips.note(event("end"), 17)
        for index in range(25):
            show(index)
            assert recording.written.acquire(timeout=20)
            assert clips.taken.acquire(timeout=20)
    (recorded,) = segments(tmp_path)
    (path,) = (tmp_path / "clips").glob("*.mp4")
    clip = pictures(path)
    assert len(recorded) == 25
    assert [time_s for time_s, _ in clip] == [index / FPS for index in range(11)]
    for (_, kept), (_, image) in zip(recorded[9:20], clip, strict=True):
        assert np.array_equal(kept, image)
    assert metrics.get("frames_unwritten") == 0


def test_what_there_is_of_a_clip_begins_with_the_keyframe_before_it(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "garden.mp4", segment_s=60)
    clips = Clips(tmp_path / "clips", pre_s=0.6, post_s=0.2)
    left = tmp_path / "left.mp4"
    with run(recording, clips) as (show, _):
        clips.note(event("begin"), 15)
        for index in range(35):
            show(index)
            assert recording.written.acquire(timeout=20)
            assert clips.taken.acquire(timeout=20)
        (part,) = (tmp_path / "clips").glob("*.part.mp4")
        wait_until(lambda: shutil.copy(part, left) and len(pictures(left)) >= 20, "two seconds")
        clips.note(event("end"), 35)
        for index in range(35, 40):
            show(index)
    (recorded,) = segments(tmp_path)
    there = pictures(left)
    for (time_s, kept), (shown_s, image) in zip(recorded, there, strict=False):
        assert shown_s == time_s
        assert np.array_equal(kept, image)
    (path,) = (tmp_path / "clips").glob("*.mp4")
    assert [time_s for time_s, _ in pictures(path)] == [index / FPS for index in range(29)]


def test_segments_begin_where_they_are_due_and_clips_go_on_over_that(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "garden.mp4", segment_s=1.3)
    clips = Clips(tmp_path / "clips", pre_s=0.5, post_s=1.0)
    with run(recording, clips) as (show, _):
        clips.note(event("begin"), 12)
        clips.note(event("end"), 14)
        for index in range(30):
            show(index)
            assert recording.written.acquire(timeout=20)
            assert clips.taken.acquire(timeout=20)
    found = segments(tmp_path)
    assert [len(each) for each in found] == [13, 13, 4]
    recorded = [image for each in found for _, image in each]
    assert all(shows(image, index) for index, image in enumerate(recorded))
    (path,) = (tmp_path / "clips").glob("*.mp4")
    assert all(shows(image, 7 + at) for at, (_, image) in enumerate(pictures(path)))


def test_a_recording_that_is_switched_off_and_on_does_not_touch_clips(tmp_path: Path) -> None:
    is_on = [True]
    recording = Recording(tmp_path / "garden.mp4", segment_s=60, is_on=lambda: is_on[0])
    clips = Clips(tmp_path / "clips", pre_s=0.5, post_s=1.0)
    with run(recording, clips) as (show, metrics):
        clips.note(event("begin"), 6)
        clips.note(event("end"), 8)
        for index in range(18):
            is_on[0] = not 4 <= index < 13
            show(index)
            assert recording.written.acquire(timeout=20)
            assert clips.taken.acquire(timeout=20)
    first, second = segments(tmp_path)
    assert (len(first), len(second)) == (4, 5)
    assert shows(second[0][1], 13)
    (path,) = (tmp_path / "clips").glob("*.mp4")
    clip = pictures(path)
    assert [shows(image, 1 + at) for at, (_, image) in enumerate(clip)] == [True] * 17
    assert metrics.get("frames_unwritten") == 0


def test_a_disk_that_hangs_holds_up_nobody_else_and_goes_on_with_whole_pictures(
    tmp_path: Path,
) -> None:
    recording = Recording(tmp_path / "garden.mp4", segment_s=60)
    clips = Clips(tmp_path / "clips", pre_s=0.5, post_s=0.5)
    with run(recording, clips) as (show, metrics):
        for index in range(100):
            if index == 15:
                recording.let.clear()
            if index == 75:
                recording.let.set()
                for _ in range(20):  # so that there is room for all that come
                    assert recording.written.acquire(timeout=20)
            if index == 60:
                clips.note(event("begin"), index)
            show(index)
            assert clips.taken.acquire(timeout=20)
            if recording.let.is_set() and index < 15:
                assert recording.written.acquire(timeout=20)
            if index == 60:
                assert [each.kind for each in clips.told] == ["begin"]
    recorded = [each for found in segments(tmp_path) for each in found]
    lost = int(metrics.get("frames_unwritten"))
    assert 0 < lost < 70
    assert len(recorded) + lost == 100
    for time_s, image in recorded:
        assert shows(image, round(time_s * FPS))
    assert recorded[-1][0] == 9.9


def test_pictures_of_another_size_begin_another_segment_and_stay_in_the_clip(
    tmp_path: Path,
) -> None:
    recording = Recording(tmp_path / "garden.mp4", segment_s=60)
    clips = Clips(tmp_path / "clips", pre_s=0.5, post_s=0.5)
    outputs = as_outputs([recording, clips], Metrics(), FPS)
    with recording, clips:
        workers = Workers(outputs)
        clips.note(event("begin"), 5)
        clips.note(event("end"), 12)
        for index in range(20):
            image = picture(index, (96, 64) if index < 9 else (160, 90))
            shown = Shown(Frame(image, index, index / FPS, 0.0), None, None, image)
            for output in outputs:
                output.on_frame(shown)
        workers.end()
        commit_sinks(outputs)
    assert [len(each) for each in segments(tmp_path)] == [9, 11]
    (path,) = (tmp_path / "clips").glob("*.mp4")
    assert len(pictures(path)) == 18
