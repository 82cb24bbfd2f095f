"""What the page says of a live run."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from parts import CLASS_MAP, FunctionSegmenter, StepSource
from waiting import wait_until

from livesegment.errors import EndpointTimeout
from livesegment.frame import Frame
from livesegment.live.loop import LiveLoop
from livesegment.live.parts import LiveLimits, LiveParts
from livesegment.mask import Mask
from livesegment.metrics import LiveStatus, Metrics
from livesegment.redaction.redactor import Redactor
from livesegment.segmenters.base import Segmenter
from livesegment.settings import RedactOptions
from livesegment.settings.controls import ControlPanel, Controls
from livesegment.web.broadcast import Broadcast, Subscription
from livesegment.web.coverage import Coverage
from livesegment.web.encoder import PictureEncoder
from livesegment.web.feed import Report
from livesegment.web.live_feed import LiveFeed


@dataclass
class Run:
    """A live run that a test steps, and its feed."""

    source: StepSource
    feed: LiveFeed
    metrics: Metrics
    woken: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def watch(self) -> Subscription:
        """Look at the pictures."""
        return self.feed.pictures.subscribe(self.woken.release)

    def picture(self, viewer: Subscription) -> np.ndarray:
        """Return the next picture, BGR uint8 (H, W, 3)."""
        while (taken := viewer.take()) is None:
            assert self.woken.acquire(timeout=10)
        image = cv2.imdecode(np.frombuffer(taken.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        return image

    def until(self, holds: Callable[[Report], bool], *, stepping: bool = False) -> Report:
        """Wait until something holds of the report, giving frames meanwhile if asked to."""

        def fitting() -> Report | None:
            if holds(report := self.feed.report()):
                return report
            if stepping:
                self.source.step()
            return None

        return wait_until(fitting, "a report that says so", pause_s=0.005)


@contextmanager
def running(
    segmenter: Segmenter, limits: LiveLimits | None = None, redactor: Redactor | None = None
) -> Iterator[Run]:
    source, panel, metrics = StepSource(), ControlPanel(Controls(opacity=1.0)), Metrics()
    pictures, coverage = Broadcast(), Coverage()
    with PictureEncoder(pictures, coverage) as view, ThreadPoolExecutor(1) as pool:
        parts = LiveParts(source, segmenter, [view])
        loop = LiveLoop(parts, limits or LiveLimits(), panel, metrics, redactor=redactor)
        feed = LiveFeed("camera", loop, pictures, coverage, price_per_call=0.5)
        end = pool.submit(loop.run)
        try:
            yield Run(source, feed, metrics)
        finally:
            source.end()
            end.result(10)


def test_a_run_waits_for_its_camera_then_runs_and_says_when_it_has_ended() -> None:
    with running(FunctionSegmenter(lambda _: 1)) as run:
        waiting = run.feed.report()
        assert (waiting.state, waiting.endpoint) == ("waiting", "waiting")
        assert waiting.since is not None
        assert abs(waiting.since - time.time()) < 60
        run.source.step()
        run.until(lambda report: report.state == "running")
    assert run.feed.report().state == "stopped"


def test_a_photo_has_its_classes_though_its_mask_comes_after_it() -> None:
    answer = threading.Event()

    def segment(_: Frame) -> int:
        assert answer.wait(10)
        return 1

    with running(FunctionSegmenter(segment)) as run:
        watching = run.feed.pictures.subscribe(lambda: None)
        run.source.step()
        run.until(lambda report: report.state == "running")
        assert not run.feed.report().classes
        answer.set()
        run.until(lambda report: len(report.classes) > 0)
        watching.close()


def test_a_picture_that_is_hidden_whole_is_reported_for_the_page_to_say_so() -> None:
    answer = threading.Event()

    def segment(_: Frame) -> int:
        assert answer.wait(10)
        return 1

    redactor = Redactor(RedactOptions(frozenset({"object"}), "black"), 60.0)
    with running(FunctionSegmenter(segment), redactor=redactor) as run:
        run.source.step()
        run.until(lambda report: report.state == "running" and report.is_hidden)
        answer.set()
        run.until(lambda report: not report.is_hidden, stepping=True)


def test_figures_are_those_of_the_run_and_calls_have_a_price() -> None:
    with running(FunctionSegmenter(lambda _: 1), LiveLimits(max_calls=2)) as run:
        run.until(lambda report: report.endpoint == "used_up", stepping=True)
        assert run.feed.figures()["calls"] == 2
        run.until(lambda _: run.feed.figures()["mask_age_s"] is not None, stepping=True)
        figures = run.feed.figures()
        assert (figures["calls"], figures["cost"]) == (2, 1.0)
        assert figures["errors"] == figures["reconnects"] == 0
        assert figures["mask_age_s"] is not None
        assert figures["round_trip_s"] is not None
        assert figures["capture_to_show_s"] is not None


def test_an_endpoint_that_fails_is_told_with_its_reason_until_it_answers() -> None:
    fails = threading.Event()
    fails.set()

    def answer(frame: Frame) -> int:
        if fails.is_set():
            raise EndpointTimeout("http://gpu:9001/a/1 did not answer within 2 s")
        return 1

    with running(FunctionSegmenter(answer)) as run:
        run.source.step()
        report = run.until(lambda report: report.endpoint == "trouble")
        assert report.endpoint_text == "http://gpu:9001/a/1 did not answer within 2 s"
        assert run.feed.figures()["errors"] == 1
        fails.clear()
        report = run.until(lambda report: report.endpoint == "answering", stepping=True)
        assert report.endpoint_text == ""


def test_controls_act_on_the_next_picture_and_on_one_that_stands() -> None:
    with running(FunctionSegmenter(lambda _: 1)) as run:
        viewer = run.watch()
        run.until(lambda report: report.endpoint == "answering", stepping=True)
        covered = run.picture(viewer)
        while covered.mean() < 30:
            covered = run.picture(viewer)
        run.feed.change({"show_overlay": False})
        assert not run.feed.controls().show_overlay
        bare = run.picture(viewer)
        while bare.mean() > 30:
            bare = run.picture(viewer)
        viewer.close()


def test_who_comes_to_a_picture_that_stands_gets_it() -> None:
    with running(FunctionSegmenter(lambda _: 1)) as run:
        run.source.step()
        run.until(lambda report: report.state == "running")
        for _ in range(2):
            viewer = run.watch()
            assert run.picture(viewer).shape == (48, 64, 3)
            viewer.close()


class StillRun:
    """A run whose status a test says."""

    title = "still"

    def __init__(self, moment: LiveStatus) -> None:
        self.moment = moment
        self.controls = ControlPanel()
        self.metrics = Metrics()

    def status(self) -> LiveStatus:
        return self.moment


def test_a_picture_that_does_not_change_any_more_is_not_taken_for_a_live_one() -> None:
    shown_at_s = time.monotonic() - 10
    run = StillRun(LiveStatus(25.0, shown_at_s, 0.1, 0.1))
    feed = LiveFeed("camera", run, Broadcast(), Coverage())
    report = feed.report()
    assert (report.state, report.is_hidden) == ("lost", False)
    assert report.since is not None
    assert abs(time.time() - 10 - report.since) < 1
    assert feed.figures()["frames_per_s"] == 0
    assert feed.figures()["cost"] is None
    run.moment = replace(run.moment, lost_since_s=shown_at_s)
    assert feed.report().state == "lost"
    run.moment = replace(run.moment, is_hidden=True)
    assert feed.report().is_hidden
    run.moment = replace(run.moment, lost_since_s=None)
    run.controls.change(paused=True)
    assert feed.report().state == "paused"
    run.moment = replace(run.moment, is_photo=True)
    run.controls.change(paused=False)
    assert feed.report().state == "running"


def test_coverage_is_measured_once_a_second_and_kept_for_five_minutes() -> None:
    now = [1000.0]
    coverage = Coverage(clock=lambda: now[0])
    ids = np.zeros((40, 40), np.uint8)
    ids[:, :10] = 1
    for tenth in range(4000):
        now[0] = 1000 + tenth / 10
        coverage.see(Mask(ids, CLASS_MAP))
    points = coverage.history(0)
    assert len(points) == 300
    assert [point.second for point in points] == list(range(1100, 1400))
    assert points[0].shares == {"object": 0.25}
    assert [point.second for point in coverage.history(1397)] == [1398, 1399]
    (only,) = coverage.classes()
    assert (only.name, only.share) == ("object", 0.25)
    assert only.colour.startswith("#")
    assert len(only.colour) == 7


def test_where_no_mask_is_shown_nothing_is_known_of_the_coverage() -> None:
    now = [1000.0]
    coverage = Coverage(clock=lambda: now[0])
    coverage.see(Mask(np.ones((4, 4), np.uint8), CLASS_MAP))
    for second in range(1001, 1010):
        now[0] = second
        coverage.see(None)
    assert [point.second for point in coverage.history(0)] == [1000]
    assert [each.share for each in coverage.classes()] == [0.0]
