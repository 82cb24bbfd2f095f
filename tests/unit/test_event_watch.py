"""Events of a live loop that is stepped by hand."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from parts import FunctionSegmenter, ListSink, StepSource
from waiting import wait_until

from livesegment.errors import EndpointUnreachable, ServerFailed
from livesegment.events.delivery import Delivery
from livesegment.events.event import Event
from livesegment.events.switches import Switches, rule_switch
from livesegment.events.watch import EventWatch
from livesegment.frame import Frame
from livesegment.live.loop import LiveLoop
from livesegment.live.parts import LiveLimits, LiveParts
from livesegment.mask import Mask
from livesegment.metrics import Circuit, Metrics
from livesegment.segmenters.base import Segmenter
from livesegment.settings.controls import Controls
from livesegment.settings.rule import with_outages
from livesegment.settings.rule_text import parse_rule


class LosableSource(StepSource):
    """A stepped source that a test loses and brings back."""

    name = "yard"
    lost: float | None = None

    @property
    def lost_since_s(self) -> float | None:
        return self.lost


class ListDelivery(Delivery):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.coverage: list[Mapping[str, float | None]] = []
        self.counts: list[Mapping[str, int | None]] = []
        self.circuits: list[Circuit] = []
        self._changed = threading.Condition()

    def put(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def note_coverage(self, shares: Mapping[str, float | None]) -> None:
        self.coverage.append(shares)

    def note_counts(self, counts: Mapping[str, int | None]) -> None:
        self.counts.append(counts)

    def note_circuit(self, circuit: Circuit) -> None:
        self.circuits.append(circuit)

    def close(self) -> None:
        pass

    def wait_for(self, *expected: tuple[str, str]) -> None:
        """Wait until exactly these (rule, kind) were told."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.events) >= len(expected), 20)
            assert [(event.rule, event.kind) for event in self.events] == list(expected)


class Run:
    """A loop on a thread, whose events are kept."""

    def __init__(
        self,
        source: StepSource,
        segmenter: Segmenter,
        *rules: str,
        switches: Switches | None = None,
    ) -> None:
        self.source, self.sink, self.told = source, ListSink(), ListDelivery()
        self.metrics = Metrics()
        all_rules = with_outages([parse_rule(text) for text in rules])
        self.watch = EventWatch(
            "yard",
            all_rules,
            [self.told],
            lambda: source.lost_since_s,
            self.metrics,
            switches=switches,
        )
        parts = LiveParts(source, segmenter, [self.sink, self.watch])
        limits = LiveLimits(max_in_flight=1, waits_for_endpoint=True)
        self.loop = LiveLoop(parts, limits, Controls(), self.metrics)
        self._shown = 0

    def step(self) -> None:
        """Show one more frame."""
        self.source.step()
        self._shown += 1
        self.sink.wait_for(self._shown)

    @contextmanager
    def running(self) -> Iterator[None]:
        with ThreadPoolExecutor(1) as pool, self.watch:
            end = pool.submit(self.loop.run)
            try:
                yield
            finally:
                self.source.end()
                end.result(20)

    def step_until_masked(self, count: int) -> None:
        """Show frames until so many masks have come."""

        def masked_or_step() -> bool:
            if self.metrics.get("masks_received") >= count:
                return True
            self.step()
            return False

        wait_until(masked_or_step, f"{count} masks")


def test_a_class_that_covers_the_zone_is_an_event_and_ends_with_the_run() -> None:
    run = Run(LosableSource(), FunctionSegmenter(lambda frame: 1), "object > 50% for 0s named door")
    began_s = time.time()
    with run.running():
        run.step_until_masked(1)
        run.step()
        run.told.wait_for(("door", "begin"))
        run.step()
    run.told.wait_for(("door", "begin"), ("door", "end"))
    begin, end = run.told.events
    assert begin.id == end.id
    assert (begin.camera, begin.class_name, begin.coverage) == ("yard", "object", 1.0)
    assert begin.media_s is not None
    assert end.media_s is not None
    assert begin.media_s < end.media_s
    moment = datetime.fromisoformat(begin.time)
    assert moment.tzinfo is not None
    assert began_s - 1 < moment.timestamp() < time.time() + 1
    assert run.metrics.get("events") == 2
    assert run.told.coverage[0].keys() == {"door"}


def test_a_rule_that_is_switched_off_ends_its_event_and_notices_nothing_until_it_is_on() -> None:
    switches = Switches()
    run = Run(
        LosableSource(),
        FunctionSegmenter(lambda frame: 1),
        *("object > 50% for 0s named door", "object > 50% for 0s named gate"),
        switches=switches,
    )
    began = [("door", "begin"), ("gate", "begin")]
    with run.running():
        run.step_until_masked(1)
        run.step()
        run.told.wait_for(*began)
        switches.turn(rule_switch("door"), on=False)
        run.step()
        run.told.wait_for(*began, ("door", "end"))
        run.step()
        run.told.wait_for(*began, ("door", "end"))
        switches.turn(rule_switch("door"), on=True)
        run.step()
        run.told.wait_for(*began, ("door", "end"), ("door", "begin"))
    ids = [event.id for event in run.told.events if event.rule == "door"]
    assert ids[0] == ids[1] != ids[2]


class ThreeThatTouch(FunctionSegmenter):
    """Tells three instances apart that cover the picture side by side."""

    def __init__(self) -> None:
        super().__init__(lambda frame: 1)

    def segment(self, frame: Frame) -> Mask:
        mask = super().segment(frame)
        columns = np.arange(mask.frame_size[0], dtype=np.uint16) * 3 // mask.frame_size[0] + 1
        return replace(mask, instance_ids=np.tile(columns, (mask.frame_size[1], 1)))


def test_a_count_is_an_event_that_says_what_was_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "livesegment")
    rules = ("object count > 2 for 0s named three", "object count > 0 for 0s named any")
    for segmenter, count, counted, told_as, told in (
        (ThreeThatTouch(), 3, "instances", "3 instances", ["three", "any"]),
        (FunctionSegmenter(lambda frame: 1), 1, "regions", "1 region", ["any"]),
    ):
        run = Run(LosableSource(), segmenter, *rules)
        with run.running():
            run.step_until_masked(1)
            run.step()
            # Now the mask is one that was carried, of the same answer.
            run.step()
            run.told.wait_for(*((name, "begin") for name in told))
        begin = run.told.events[0]
        assert (begin.subject, begin.count, begin.counted) == ("count", count, counted)
        assert begin.coverage is None
        assert f"yard: any begins ({told_as})" in caplog.text
        assert not run.told.coverage
        assert run.told.counts[0].keys() == {"three", "any"}


def test_a_camera_that_is_lost_and_back_is_told_without_a_picture() -> None:
    source = LosableSource()
    run = Run(source, FunctionSegmenter(lambda frame: 1), "camera lost for 0s")
    with run.running():
        run.step()
        source.lost = time.monotonic()
        run.told.wait_for(("camera", "begin"))
        source.lost = None
        run.told.wait_for(("camera", "begin"), ("camera", "end"))
    assert run.told.events[0].id == run.told.events[1].id
    assert run.told.events[0].media_s is None


def test_an_endpoint_that_hangs_is_failing_until_it_answers() -> None:
    asked, answer = threading.Event(), threading.Event()

    def segment(frame: Frame) -> int:
        asked.set()
        assert answer.wait(20)
        return 1

    run = Run(LosableSource(), FunctionSegmenter(segment), "endpoint failing for 0s")
    with run.running():
        run.step()
        assert asked.wait(20)
        run.told.wait_for(("endpoint", "begin"))
        answer.set()
        run.told.wait_for(("endpoint", "begin"), ("endpoint", "end"))


def test_an_endpoint_that_answers_with_errors_is_failing() -> None:
    failing = threading.Event()
    failing.set()

    def segment(frame: Frame) -> int:
        if failing.is_set():
            raise ServerFailed("restarting", retry_after_s=0.01)
        return 1

    run = Run(LosableSource(), FunctionSegmenter(segment), "endpoint failing for 0s")
    with run.running():
        run.step()
        run.told.wait_for(("endpoint", "begin"))
        failing.clear()
        wait_until(lambda: len(run.told.events) >= 2 or run.step(), "the end of the event")
    assert [event.kind for event in run.told.events[:2]] == ["begin", "end"]


def test_an_endpoint_that_is_dead_is_told_with_the_state_of_its_circuit() -> None:
    probe_is_seen, errors = threading.Event(), [EndpointUnreachable("refused") for _ in range(3)]

    def segment(frame: Frame) -> int:
        if errors:
            raise errors.pop()
        assert probe_is_seen.wait(20)
        return 1

    run = Run(LosableSource(), FunctionSegmenter(segment), "endpoint failing for 0s")
    told = run.told
    with run.running():
        wait_until(lambda: told.circuits[:2] == ["open", "half open"] or run.step(), "a probe")
        assert run.loop.status().trouble == "refused; being tried"
        probe_is_seen.set()
        wait_until(lambda: told.circuits[-1] == "closed" or run.step(), "the first answer")
        wait_until(lambda: len(told.events) >= 2 or run.step(), "the end of the event")
    assert [event.subject for event in told.events[:2]] == ["endpoint", "endpoint"]
    assert told.events[1].circuit == "closed"
    assert run.loop.status().trouble is None
