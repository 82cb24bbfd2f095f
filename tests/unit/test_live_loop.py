"""The live loop, stepped by hand: who waits for whom, and which mask wins."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from parts import FrameList, FunctionSegmenter, ListSink, StepSource
from waiting import wait_until

from livesegment.errors import (
    AuthenticationFailed,
    EndpointUnreachable,
    OutputNotWritable,
    ServerFailed,
    SinkError,
    SourceLost,
)
from livesegment.frame import Frame
from livesegment.live.alignment import Paste
from livesegment.live.loop import LiveLoop
from livesegment.live.parts import LiveLimits, LiveParts
from livesegment.metrics import Metrics
from livesegment.output import LiveRun, Output, Shown, Wants
from livesegment.segmenters.base import Segmenter
from livesegment.settings.controls import Controls
from livesegment.sinks.base import Annotated, Sink
from livesegment.sources.base import Source


@contextmanager
def running(
    source: Source,
    segmenter: Segmenter,
    *sinks: Sink,
    limits: LiveLimits | None = None,
    controls: Controls | None = None,
) -> Iterator[tuple["Future[None]", Metrics]]:
    """Run a loop on another thread, as a program without a window may."""
    metrics = Metrics()
    parts = LiveParts(source, segmenter, sinks)
    limits = limits or LiveLimits(max_in_flight=4)
    loop = LiveLoop(parts, limits, controls or Controls(), metrics)
    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(loop.run), metrics
        finally:
            loop.stop()  # a test that fails does not wait for it


def received(metrics: Metrics, count: int) -> None:
    """Wait until so many masks have come."""
    wait_until(lambda: metrics.get("masks_received") >= count, f"{count} masks")


def failed(metrics: Metrics) -> None:
    """Wait until a call has failed."""
    wait_until(lambda: metrics.report()["errors"], "a call that fails")


def step_until(source: StepSource, sink: ListSink, condition: Callable[[], bool], what: str) -> int:
    """Show frames, one after another, until something is so; return how many."""
    shown = 0

    def is_so_or_step() -> bool:
        nonlocal shown
        if condition():
            return True
        source.step()
        shown += 1
        sink.wait_for(shown)
        return False

    wait_until(is_so_or_step, what)
    return shown


def in_turn(*answers: int | Exception) -> FunctionSegmenter:
    """Return a segmenter that gives one answer after the other, and the last one ever after."""
    left = list(answers)

    def answer(_: Frame) -> int:
        given = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(given, Exception):
            raise given
        return given

    return FunctionSegmenter(answer)


class Gate:
    """Holds each call until it is let through, by frame."""

    def __init__(self) -> None:
        self._asked = {index: threading.Event() for index in range(100)}
        self._open = {index: threading.Event() for index in range(100)}

    def __call__(self, frame: Frame) -> int:
        self._asked[frame.index].set()
        assert self._open[frame.index].wait(10)
        return 1

    def wait_for(self, index: int) -> None:
        assert self._asked[index].wait(10)

    def let(self, index: int) -> None:
        self._open[index].set()

    def let_all(self) -> None:
        for event in self._open.values():
            event.set()


def test_the_picture_goes_on_while_the_endpoint_does_not_answer() -> None:
    source, gate, sink = StepSource(), Gate(), ListSink()
    with running(source, FunctionSegmenter(gate), sink) as (end, metrics):
        for count in range(1, 21):
            source.step()
            sink.wait_for(count)
        assert [mask for _, mask in sink.written] == [None] * 20
        gate.let_all()
        source.end()
        end.result(10)
    assert metrics.get("frames_shown") == 20


def test_the_newest_frames_mask_wins_and_a_late_one_is_stale() -> None:
    source, gate, sink = StepSource(), Gate(), ListSink()
    with running(source, FunctionSegmenter(gate), sink) as (end, metrics):
        for index in range(2):
            source.step()
            gate.wait_for(index)
        gate.let(1)
        received(metrics, 1)
        gate.let(0)
        received(metrics, 2)
        source.step()
        sink.wait_for(3)
        assert sink.written[2] == (2, 1)
        gate.let_all()
        source.end()
        end.result(10)
    assert metrics.get("masks_stale") == 1


def test_frames_that_nobody_could_send_are_dropped_and_counted() -> None:
    source, gate, sink = StepSource(), Gate(), ListSink()
    limits = LiveLimits(max_in_flight=1)
    with running(source, FunctionSegmenter(gate), sink, limits=limits) as (end, metrics):
        source.step()
        gate.wait_for(0)
        for count in range(2, 6):
            source.step()
            sink.wait_for(count)
        gate.let(0)
        gate.wait_for(4)  # 1, 2 and 3 were replaced while 0 was under way
        assert metrics.get("frames_dropped") == 3
        gate.let_all()
        source.end()
        end.result(10)
    assert metrics.get("frames_submitted") == 2


@pytest.mark.parametrize(("max_calls", "max_in_flight"), [(0, 2), (1, 1), (1, 4), (3, 2)])
def test_calls_stop_at_the_limit_and_the_picture_goes_on(
    max_calls: int, max_in_flight: int
) -> None:
    source, sink = StepSource(), ListSink()
    limits = LiveLimits(max_in_flight=max_in_flight, max_calls=max_calls)
    segmenter = FunctionSegmenter(lambda frame: 1)
    with running(source, segmenter, sink, limits=limits) as (end, metrics):
        shown = step_until(
            source,
            sink,
            lambda: len(sink.written) >= 10 and metrics.get("masks_received") >= max_calls,
            f"ten pictures and {max_calls} masks",
        )
        source.end()
        end.result(10)
    assert metrics.get("calls") == metrics.get("frames_submitted") == max_calls
    assert metrics.get("frames_shown") == shown


def test_a_refused_key_before_the_first_mask_ends_the_run() -> None:
    def refuse(frame: Frame) -> int:
        raise AuthenticationFailed("the key is refused")

    source = StepSource()
    with running(source, FunctionSegmenter(refuse)) as (end, metrics):
        source.step()
        with pytest.raises(AuthenticationFailed, match="the key is refused"):
            end.result(10)
    assert metrics.report()["errors"] == {"AuthenticationFailed": 1}


def test_a_refused_key_after_the_first_mask_is_waited_out() -> None:
    source, sink = StepSource(), ListSink()
    limits = LiveLimits(max_in_flight=1)
    segmenter = in_turn(1, AuthenticationFailed("changed meanwhile"), 1)
    with running(source, segmenter, sink, limits=limits) as (end, metrics):
        count = step_until(source, sink, lambda: bool(metrics.report()["errors"]), "an error")
        source.step()
        sink.wait_for(count + 1)
        source.end()
        end.result(10)
    assert sink.written[-1][1] is not None


def test_an_endpoint_that_never_answered_is_the_runs_error_at_its_end() -> None:
    def fail(frame: Frame) -> int:
        raise EndpointUnreachable("nothing answers there")

    source, sink = StepSource(), ListSink()
    with running(source, FunctionSegmenter(fail), sink) as (end, metrics):
        for count in range(1, 4):
            source.step()
            sink.wait_for(count)
        failed(metrics)
        source.end()
        with pytest.raises(EndpointUnreachable, match="nothing answers there"):
            end.result(10)
    assert metrics.get("frames_shown") == 3


def test_an_endpoint_that_asks_for_an_endless_wait_does_not_stop_the_picture() -> None:
    def refuse(frame: Frame) -> int:
        raise ServerFailed("come back in a million years", retry_after_s=3e13)

    source, sink = StepSource(), ListSink()
    with running(source, FunctionSegmenter(refuse), sink) as (end, metrics):
        source.step()
        failed(metrics)
        for count in range(2, 20):
            source.step()
            sink.wait_for(count)
        source.end()
        with pytest.raises(ServerFailed, match="a million years"):
            end.result(10)
    assert metrics.get("frames_shown") == 19


def test_trouble_before_the_end_does_not_fail_a_run_that_had_masks() -> None:
    source, sink = StepSource(), ListSink()
    limits = LiveLimits(max_in_flight=1)
    segmenter = in_turn(1, ServerFailed("restarting"))
    with running(source, segmenter, sink, limits=limits) as (end, metrics):
        count = step_until(source, sink, lambda: bool(metrics.report()["errors"]), "an error")
        source.end()
        end.result(10)
    assert metrics.get("frames_shown") == count


def test_a_source_that_breaks_ends_the_run_with_its_error() -> None:
    source = FrameList(3, SourceLost("the cable"))
    with (
        running(source, FunctionSegmenter(lambda frame: 1)) as (end, _),
        pytest.raises(SourceLost, match="the cable"),
    ):
        end.result(10)


def test_a_full_disk_does_not_end_the_picture_and_is_the_runs_error_at_its_end() -> None:
    class FullDisk(Sink):
        def write(self, picture: Annotated) -> None:
            if picture.frame.index == 2:
                raise OutputNotWritable("the disk is full")
            assert picture.frame.index < 2, "it was given another picture"

        def give_up(self) -> int:
            return 1  # of the two that it took

        def commit(self) -> None:
            pytest.fail("it does not have all pictures")

    source, sink, metrics = StepSource(), ListSink(), Metrics()
    parts = LiveParts(source, FunctionSegmenter(lambda frame: 1), [FullDisk(), sink])
    loop = LiveLoop(parts, LiveLimits(), Controls(), metrics)
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(loop.run)
        for count in range(1, 20):
            source.step()
            sink.wait_for(count)
        source.end()
        end.result(10)
    with pytest.raises(OutputNotWritable, match="the disk is full"):
        loop.commit()
    assert metrics.get("frames_unwritten") == 19 - 1


def test_an_output_that_is_broken_ends_the_run_with_its_error() -> None:
    class Broken(Sink):
        def write(self, picture: Annotated) -> None:
            raise SinkError("it is closed")

    source = StepSource()
    with running(source, FunctionSegmenter(lambda frame: 1), Broken()) as (end, _):
        source.step()
        with pytest.raises(SinkError, match="it is closed"):
            end.result(10)


def test_a_slow_output_does_not_hold_up_the_picture_and_is_counted() -> None:
    release = threading.Event()

    class Slow(Sink):
        def write(self, picture: Annotated) -> None:
            assert release.wait(10)

    source, sink = StepSource(), ListSink()
    segmenter = FunctionSegmenter(lambda frame: 1)
    with running(source, segmenter, Slow(), sink) as (end, metrics):
        for count in range(1, 61):
            source.step()
            sink.wait_for(count)
        assert metrics.get("frames_shown") == 60
        release.set()
        source.end()
        end.result(10)
    # One is being written, 32 wait; the others found no room.
    assert metrics.get("frames_unwritten") == 60 - 33


def test_it_ends_after_the_number_of_frames_asked_for() -> None:
    source, sink = StepSource(), ListSink()
    limits = LiveLimits(max_frames=5)
    with running(source, FunctionSegmenter(lambda frame: 1), sink, limits=limits) as (end, _):
        for count in range(1, 6):
            source.step()
            sink.wait_for(count)
        end.result(10)
    assert len(sink.written) == 5


def test_the_frame_rate_is_limited_by_media_time() -> None:
    source, sink = StepSource(), ListSink()
    limits = LiveLimits(fps_limit=10)
    segmenter = FunctionSegmenter(lambda frame: 1)
    with running(source, segmenter, sink, limits=limits) as (end, metrics):
        # The source counts 25 frames a second: 10 of them are every second or third.
        for read, shown in enumerate((1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5), start=1):
            source.step()
            sink.wait_for(shown)
            wait_until(
                lambda read=read: metrics.get("frames_captured") >= read, f"{read} frames read"
            )
        source.end()
        end.result(10)
    assert [index for index, _ in sink.written] == [0, 3, 5, 8, 10]


class Watched(Paste):
    """Says whether it has seen the first frame and a later one; it takes until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()
        self.has_seen = [threading.Event() for _ in range(2)]

    def observe(self, frame: Frame) -> None:
        self.has_seen[min(frame.index, 1)].set()
        assert self.goes_on.wait(10)
        super().observe(frame)


class Lingering(Output):
    """Shows its first picture until the next frame's mask is looked for."""

    wants = Wants.FRAMES

    def __init__(self, alignment: Watched) -> None:
        self._alignment = alignment
        self.was_in_time: list[bool] = []

    def on_frame(self, shown: Shown) -> None:
        self.was_in_time.append(self._alignment.has_seen[1].wait(10))


def test_the_next_frames_mask_is_found_while_a_picture_is_shown() -> None:
    source, alignment, metrics = StepSource(), Watched(), Metrics()
    output = Lingering(alignment)
    segmenter = FunctionSegmenter(lambda _: 1)
    parts = LiveParts(source, segmenter, [output], alignment=alignment)
    loop = LiveLoop(parts, LiveLimits(), Controls(), metrics)
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(loop.run)
        source.step()
        assert alignment.has_seen[0].wait(10)
        source.step()
        source.step()
        wait_until(lambda: metrics.get("frames_captured") == 3, "a frame that waits")
        alignment.goes_on.set()
        source.end()
        end.result(20)
    assert output.was_in_time
    assert all(output.was_in_time)


class Stopper(Output):
    """Has the run stopped by another thread in the middle of its third picture."""

    wants = Wants.FRAMES

    def on_start(self, run: LiveRun) -> None:
        self._run = run

    def on_frame(self, shown: Shown) -> None:
        if shown.frame.index == 2:
            stopping = threading.Thread(target=self._run.stop)
            stopping.start()
            stopping.join(10)


def test_a_picture_that_is_on_its_way_when_the_run_is_stopped_is_written() -> None:
    source, sink, metrics = StepSource(), ListSink(), Metrics()
    parts = LiveParts(source, FunctionSegmenter(lambda _: 1), [Stopper(), sink])
    loop = LiveLoop(parts, LiveLimits(), Controls(), metrics)
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(loop.run)
        for count in range(1, 4):
            source.step()
            sink.wait_for(count)
        end.result(10)
    assert metrics.get("frames_unwritten") == 0


def test_held_back_pictures_all_come_in_order_and_never_with_a_later_frames_mask() -> None:
    source, sink = StepSource(), ListSink()
    with running(
        source,
        FunctionSegmenter(lambda frame: 1),
        sink,
        limits=LiveLimits(max_in_flight=1, max_delay_s=10.0),
        controls=Controls(align="delay"),
    ) as (end, metrics):
        for index in range(12):
            source.step()
            received(metrics, index + 1)
        source.end()
        end.result(30)
    assert [index for index, _ in sink.written] == list(range(12))
    assert all(mask is None or mask <= index for index, mask in sink.written)
    assert sink.written[-1][1] is not None


def test_a_run_that_waits_for_its_endpoint_goes_on_through_a_refusal_until_it_is_stopped() -> None:
    source, sink, asked = StepSource(), ListSink(), threading.Event()

    def answer(frame: Frame) -> int:
        asked.set()
        raise AuthenticationFailed("no such key")

    parts = LiveParts(source, FunctionSegmenter(answer), [sink])
    limits = LiveLimits(max_in_flight=1, waits_for_endpoint=True)
    loop = LiveLoop(parts, limits, Controls(), Metrics())
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(loop.run)
        source.step()
        assert asked.wait(10)
        source.step()
        sink.wait_for(2)
        assert loop.status().turned_at_s is not None
        assert "no such key" in (loop.status().trouble or "")
        loop.stop()
        running.result(timeout=10)
    assert loop.status().turned_at_s is None


def test_a_loop_that_is_stopped_before_it_runs_ends_at_once() -> None:
    loop = LiveLoop(
        LiveParts(StepSource(), FunctionSegmenter(lambda _: 1)),
        LiveLimits(),
        Controls(),
        Metrics(),
    )
    loop.stop()
    loop.run()
