"""What is drawn for whom, stepped by hand."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest
from parts import FunctionSegmenter, StepSource, frame

from livesegment.buffer import Buffer
from livesegment.errors import OptionsError
from livesegment.frame import Frame, Image
from livesegment.live.hud import REMARK_S, Remark
from livesegment.live.loop import LiveLoop
from livesegment.live.parts import LiveLimits, LiveParts
from livesegment.metrics import Metrics
from livesegment.output import LiveRun, Output, Shown, Wants
from livesegment.overlay.compositor import Compositor
from livesegment.settings.controls import ControlPanel, Controls
from livesegment.workers import WorkerGroup


@dataclass
class Given:
    """What an output was given: the picture as it came, and a copy of it."""

    shown: Shown
    image: Image | None


class KeepingOutput(Output):
    """Keeps what it is given, and tells when."""

    def __init__(self, wants: Wants = Wants.SHOWN) -> None:
        self.wanted = wants
        self.waits = False
        self.largest: tuple[int, int] | None = None
        self.given: list[Given] = []
        self.ticks = 0
        self._changed = threading.Condition()

    @property
    def wants(self) -> Wants:
        return self.wanted

    @property
    def largest_size(self) -> tuple[int, int] | None:
        return self.largest

    @property
    def is_waiting(self) -> bool:
        return self.waits

    def on_frame(self, shown: Shown) -> None:
        with self._changed:
            image = None if shown.image is None else shown.image.copy()
            self.given.append(Given(shown, image))
            self.waits = False
            self._changed.notify_all()

    def on_tick(self) -> None:
        with self._changed:
            self.ticks += 1
            self._changed.notify_all()

    def wait_for(self, count: int) -> Given:
        """Wait until so much was given, and return the last of it."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.given) >= count, 10), len(self.given)
            return self.given[count - 1]

    def wait_for_ticks(self, count: int) -> None:
        """Wait until the loop has gone round so many times more."""
        with self._changed:
            target = self.ticks + count
            assert self._changed.wait_for(lambda: self.ticks >= target, 10), self.ticks


class LosableSource(StepSource):
    """A stepped source of pictures on which there is room for a HUD; a test may lose it."""

    lost: float | None = None

    def read(self) -> Frame | None:
        taken = super().read()
        return None if taken is None else frame(taken.index, (320, 240))

    @property
    def lost_since_s(self) -> float | None:
        return self.lost


@dataclass
class Run:
    source: LosableSource
    panel: ControlPanel
    loop: LiveLoop
    end: "Future[None]"


@contextmanager
def running(
    *outputs: Output,
    limits: LiveLimits | None = None,
    snapshot: Callable[[Image], str] | None = None,
) -> Iterator[Run]:
    source = LosableSource()
    panel = ControlPanel(Controls(opacity=1.0))
    parts = LiveParts(source, FunctionSegmenter(lambda _: 1), outputs, snapshot=snapshot)
    loop = LiveLoop(parts, limits or LiveLimits(max_calls=0), panel, Metrics())
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(loop.run)
        try:
            yield Run(source, panel, loop, end)
        finally:
            source.end()
            if not end.done():
                end.exception(10)


def each_kind() -> Sequence[KeepingOutput]:
    return [KeepingOutput(wants) for wants in Wants]


def test_everybody_gets_every_new_frame_with_as_much_drawn_on_it_as_is_wanted() -> None:
    outputs = frames, _, recorded, shown, window = each_kind()
    with running(*outputs) as run:
        for index in range(3):
            run.source.step()
            for output in outputs:
                given = output.wait_for(index + 1)
                assert given.shown.frame.index == index
                assert given.shown.is_new
    assert all(given.image is None for given in frames.given)
    for one, two, hud in zip(recorded.given, shown.given, window.given, strict=True):
        assert one.image is not None
        assert hud.image is not None
        np.testing.assert_array_equal(one.image, two.image)
        assert (hud.image != one.image).any(), "the HUD is for the window alone"


def test_what_is_recorded_is_drawn_on_by_nobody_any_more() -> None:
    recorded, window = KeepingOutput(Wants.RECORDED), KeepingOutput(Wants.WINDOW)
    with running(window, recorded) as run:
        for index in range(5):
            run.source.step()
            recorded.wait_for(index + 1)
    for given in recorded.given:
        np.testing.assert_array_equal(given.shown.image, given.image)


def test_nothing_is_drawn_while_nobody_wants_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Frame] = []
    draw = Compositor.draw_mask

    def counting(self: Compositor, frame: Frame, *args: object, **options: object) -> Image:
        drawn.append(frame)
        return draw(self, frame, *args, **options)

    monkeypatch.setattr(Compositor, "draw_mask", counting)
    rules, page = KeepingOutput(Wants.FRAMES), KeepingOutput(Wants.FRAMES)
    with running(rules, page) as run:
        for index in range(3):
            run.source.step()
            page.wait_for(index + 1)
        run.panel.change(opacity=0.5)
        page.wait_for_ticks(3)
        assert drawn == []
        page.wanted = Wants.SHOWN
        run.source.step()
        given = page.wait_for(4)
        assert given.image is not None
    assert len(drawn) >= 1
    assert all(given.image is None for given in rules.given)


def test_it_is_drawn_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    draw = Compositor.draw_mask

    def counting(self: Compositor, frame: Frame, *args: object, **options: object) -> Image:
        drawn.append(frame.index)
        return draw(self, frame, *args, **options)

    monkeypatch.setattr(Compositor, "draw_mask", counting)
    outputs = [*each_kind(), *each_kind()]
    with running(*outputs) as run:
        for index in range(4):
            run.source.step()
            outputs[-1].wait_for(index + 1)
    assert drawn == [0, 1, 2, 3]


def test_a_picture_is_drawn_again_for_those_who_look_at_it_and_for_nobody_else() -> None:
    outputs = frames, drawn, recorded, shown, window = each_kind()
    with running(*outputs) as run:
        run.source.step()
        window.wait_for(1)
        run.panel.change(show_legend=False)
        for output in (drawn, shown, window):
            again = output.wait_for(2)
            assert not again.shown.is_new
            assert again.shown.frame.index == 0
        shown.waits = True
        assert not shown.wait_for(3).shown.is_new
    assert len(frames.given) == len(recorded.given) == 1


def test_the_notice_of_a_lost_source_is_for_those_who_look() -> None:
    outputs = _, drawn, recorded, shown, window = each_kind()
    with running(*outputs) as run:
        for index in range(100):
            run.source.step()
            recorded.wait_for(index + 1)
        run.source.lost = time.monotonic()
        for output in (shown, window):
            grey = output.wait_for(101).image
            assert grey is not None
            assert abs(grey[-4:, -4:].mean() - 99 / 2) < 3
        # The page says it itself, and would say it twice.
        np.testing.assert_array_equal(drawn.wait_for(101).image, drawn.given[99].image)
    assert len(recorded.given) == 100


def test_names_and_shares_are_written_for_all_but_who_writes_them_itself() -> None:
    outputs = _, drawn, recorded, shown, window = each_kind()
    with running(*outputs, limits=LiveLimits()) as run:
        run.panel.change(show_hud=False)
        for index in range(1000):
            run.source.step()
            recorded.wait_for(index + 1)
            if recorded.given[-1].shown.mask is not None:
                break
    bare, *labelled = (new_picture(each, index) for each in (drawn, recorded, shown, window))
    legend = np.s_[-60:, :120]
    assert bare[legend].std(axis=(0, 1)).max() < 1, "one class is everywhere, in one colour"
    for image in labelled:
        np.testing.assert_array_equal(image, labelled[0])
        assert image[legend].std(axis=(0, 1)).max() > 10
        np.testing.assert_array_equal(image[:120], bare[:120])


def new_picture(output: KeepingOutput, index: int) -> Image:
    """Return what an output was first given of a frame."""
    image = next(each.image for each in output.given if each.shown.frame.index == index)
    assert image is not None
    return image


def test_what_a_key_did_is_said_in_the_window_alone_and_for_a_moment() -> None:
    now = [0.0]
    remark = Remark(lambda: now[0])
    assert remark.text(Controls(opacity=0.5)) is None
    assert remark.text(Controls(opacity=0.6)) == "opacity 60%"
    remark.say("saved livesegment-1.png")
    assert remark.text(Controls(opacity=0.6, show_hud=False)) is None
    assert remark.text(Controls(opacity=0.6, paused=True)) == "saved livesegment-1.png"
    now[0] += REMARK_S
    assert remark.text(Controls(opacity=0.6, paused=True)) == "paused, space goes on"
    assert remark.text(Controls(opacity=0.6)) is None

    outputs = _, _, recorded, shown, window = each_kind()
    with running(*outputs) as run:
        run.source.step()
        window.wait_for(1)
        for given, change in enumerate(({"opacity": 0.0}, {"show_keys": True}), start=2):
            before = window.given[-1].image
            run.panel.change(**change)
            after = window.wait_for(given).image
            assert (after != before).any()
            np.testing.assert_array_equal(shown.wait_for(given).image, shown.given[0].image)
    assert len(recorded.given) == 1


def test_a_snapshot_is_named_in_the_window() -> None:
    window = SnapshotKey(Wants.WINDOW)
    with running(window, snapshot=lambda _: "saved it") as run:
        run.source.step()
        window.wait_for(1)
        window.asks_snapshot.set()
        assert (window.wait_for(2).image != window.given[0].image).any()


def test_an_output_says_something_in_the_window_and_ends_the_run() -> None:
    class Impatient(KeepingOutput):
        def on_start(self, run: LiveRun) -> None:
            self.run = run

        def on_tick(self) -> None:
            if len(self.given) == 1:
                self.run.remark("is lost")
            elif self.given:
                self.run.stop()

    window = Impatient(Wants.WINDOW)
    with running(window) as run:
        run.source.step()
        run.end.result(10)
    assert (window.given[1].image != window.given[0].image).any()


def test_a_photo_stays_until_somebody_ends_the_run() -> None:
    window = KeepingOutput(Wants.WINDOW)
    with running(window, limits=LiveLimits(ends_with_source=False)) as run:
        run.source.step()
        window.wait_for(1)
        run.source.end()
        window.wait_for_ticks(20)
        run.panel.change(show_legend=False)
        window.wait_for(2)
        assert not run.end.done()
        run.loop.stop()
        run.end.result(10)


def test_a_videos_last_picture_says_that_it_was_the_last() -> None:
    assert Remark().text(Controls(paused=True), has_ended=True) == "ended, q quits"
    window, page = KeepingOutput(Wants.WINDOW), KeepingOutput(Wants.SHOWN)
    with running(window, page, limits=LiveLimits(ends_with_source=False)) as run:
        run.source.step()
        before = window.wait_for(1).image
        run.source.end()
        after = window.wait_for(2).image
        run.loop.stop()
        assert (after != before).any()
        np.testing.assert_array_equal(page.wait_for(2).image, page.given[0].image)
        run.end.result(10)


def test_a_run_without_any_picture_ends_with_its_source() -> None:
    with running(KeepingOutput(), limits=LiveLimits(ends_with_source=False)) as run:
        run.source.end()
        run.end.result(10)


def test_an_output_that_cannot_begin_is_the_runs_error_before_any_frame() -> None:
    class Broken(KeepingOutput):
        def on_start(self, run: LiveRun) -> None:
            raise OptionsError("the port is taken")

    other = KeepingOutput()
    with running(other, Broken()) as run:
        run.source.step()
        with pytest.raises(OptionsError, match="the port is taken"):
            run.end.result(10)
    assert other.given == []


def test_a_workers_error_ends_the_run() -> None:
    class Working(KeepingOutput):
        def on_start(self, run: LiveRun) -> None:
            run.start_worker("working", self._work, lambda: None)

        def _work(self) -> None:
            raise OptionsError("it does not work")

    with running(Working()) as run, pytest.raises(OptionsError, match="it does not work"):
        run.end.result(10)


class SnapshotKey(KeepingOutput):
    """Asks for a snapshot as a key of the window does, on the thread that shows."""

    def __init__(self, wants: Wants) -> None:
        super().__init__(wants)
        self.asks_snapshot = threading.Event()

    def on_start(self, run: LiveRun) -> None:
        self.run = run

    def on_tick(self) -> None:
        super().on_tick()
        if self.asks_snapshot.is_set():
            self.asks_snapshot.clear()
            self.run.take_snapshot()


def shapes(*outputs: KeepingOutput, count: int) -> list[tuple[int, ...] | None]:
    """Return the shape of what each was given, the picture of that number."""
    given = [output.wait_for(count).image for output in outputs]
    return [None if image is None else image.shape for image in given]


def test_a_picture_is_drawn_no_larger_than_anybody_shows_it():
    window = SnapshotKey(Wants.WINDOW)
    page, recording = KeepingOutput(Wants.SHOWN), KeepingOutput(Wants.FRAMES)
    window.largest, page.largest = (160, 160), (100, 100)
    snapshots: Buffer[Image] = Buffer("wait", 1)

    def save(image: Image) -> str:
        snapshots.put(image)
        return "saved it"

    with running(window, page, recording, snapshot=save) as run:
        run.source.step()
        assert shapes(window, page, recording, count=1) == [(120, 160, 3), (120, 160, 3), None]

        window.asks_snapshot.set()
        kept = snapshots.get(10)
        assert kept is not None
        assert kept.shape == (240, 320, 3)

        recording.wanted = Wants.RECORDED  # pictures as they came
        run.source.step()
        assert shapes(window, page, recording, count=2) == [(240, 320, 3)] * 3


def test_a_still_picture_follows_the_window_that_shows_it():
    window = KeepingOutput(Wants.WINDOW)
    window.largest = (160, 160)
    with running(window) as run:
        run.source.step()
        assert shapes(window, count=1) == [(120, 160, 3)]
        window.largest = (240, 240)
        assert shapes(window, count=2) == [(180, 240, 3)]
        window.largest = (300, 300)  # hardly smaller than the picture
        assert shapes(window, count=3) == [(240, 320, 3)]


def test_a_snapshot_is_the_picture_of_its_moment_however_late_it_is_saved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    saving: Buffer[Callable[[], None]] = Buffer("wait", 1)
    start = WorkerGroup.start

    def later(self: WorkerGroup, name: str, work: Callable[[], None], **how: bool) -> None:
        if name == "snapshot":
            saving.put(work)
        else:
            start(self, name, work, **how)

    monkeypatch.setattr(WorkerGroup, "start", later)
    window, snapshots = SnapshotKey(Wants.WINDOW), []
    with running(window, snapshot=snapshots.append) as run:
        run.panel.change(show_hud=False)
        run.source.step()
        shown = window.wait_for(1).image
        window.asks_snapshot.set()
        save = saving.get(10)
        assert save is not None
        run.source.step()
        assert (window.wait_for(2).image != shown).any()
        save()
    np.testing.assert_array_equal(snapshots[0], shown)
