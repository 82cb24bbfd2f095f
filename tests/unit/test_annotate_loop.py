"""The annotating loop: every frame, in order, with its own mask."""

import threading

import pytest
from parts import FrameList, FunctionSegmenter, ListSink

from livesegment.annotate.loop import AnnotateLoop, AnnotateParts, AnnotateResult
from livesegment.calls.limiter import Limiter
from livesegment.calls.quota import Quota
from livesegment.errors import ModelNotFound, ServerFailed, SourceLost
from livesegment.frame import Frame
from livesegment.metrics import Metrics
from livesegment.segmenters.base import Segmenter
from livesegment.settings.controls import Controls
from livesegment.sinks.base import Sink
from livesegment.sources.base import Source


def annotate(
    source: Source,
    segmenter: Segmenter,
    sink: Sink,
    *,
    max_calls: int | None = None,
    metrics: Metrics | None = None,
) -> AnnotateResult:
    return AnnotateLoop(
        AnnotateParts(source, segmenter, [sink]),
        Controls(),
        limiter=Limiter(4, Quota(max_calls)),
        metrics=metrics or Metrics(),
    ).run()


def test_every_frame_is_written_in_order_with_its_own_mask() -> None:
    evens_wait = threading.Event()

    def answer(frame: Frame) -> int:
        # Odd frames overtake even ones, but the first, which is asked about alone.
        if frame.index % 2 == 0 and 0 < frame.index < 8:
            assert evens_wait.wait(10)
        elif frame.index == 3:
            evens_wait.set()
        return 1

    sink = ListSink()
    result = annotate(FrameList(50), FunctionSegmenter(answer), sink)
    assert sink.written == [(index, index) for index in range(50)]
    assert result == AnnotateResult(frames=50, complete=True)


def test_frames_beyond_the_allowed_calls_are_written_plain() -> None:
    sink = ListSink()
    result = annotate(FrameList(10), FunctionSegmenter(lambda frame: 1), sink, max_calls=4)
    assert [index for index, _ in sink.written] == list(range(10))
    assert sum(mask is not None for _, mask in sink.written) == 4
    assert result.frames_without_mask == 6


def test_a_frame_is_asked_about_again_after_an_error_that_goes_away() -> None:
    failed: set[int] = set()

    def answer(frame: Frame) -> int:
        if frame.index == 2 and frame.index not in failed:
            failed.add(frame.index)
            error = ServerFailed("restarting", retry_after_s=0.0)
            raise error
        return 1

    sink, metrics = ListSink(), Metrics()
    annotate(FrameList(5), FunctionSegmenter(answer), sink, metrics=metrics)
    assert sink.written == [(index, index) for index in range(5)]
    assert metrics.get("calls") == 6
    assert metrics.report()["errors"] == {"ServerFailed": 1}


def test_an_error_that_stays_ends_the_run_after_the_frames_before_it() -> None:
    def answer(frame: Frame) -> int:
        if frame.index == 3:
            raise ModelNotFound("no such model")
        return 1

    sink = ListSink()
    with pytest.raises(ModelNotFound, match="no such model"):
        annotate(FrameList(10), FunctionSegmenter(answer), sink)
    assert sink.written == [(index, index) for index in range(3)]


def test_a_source_that_breaks_is_annotated_as_far_as_it_goes() -> None:
    lost = SourceLost("it is cut off")
    sink = ListSink()
    result = annotate(FrameList(6, lost), FunctionSegmenter(lambda frame: 1), sink)
    assert len(sink.written) == 6
    assert result.lost is lost


def test_a_run_that_is_stopped_says_that_it_is_not_complete() -> None:
    sink = ListSink()
    loop: AnnotateLoop

    def answer(frame: Frame) -> int:
        if frame.index == 20:
            loop.stop()
        return 1

    loop = AnnotateLoop(
        AnnotateParts(FrameList(1000), FunctionSegmenter(answer), [sink]),
        Controls(),
        limiter=Limiter(1),
        metrics=Metrics(),
    )
    result = loop.run()
    assert not result.complete
    assert result.frames == len(sink.written) <= 20


def test_a_run_that_is_stopped_before_it_begins_does_nothing() -> None:
    sink = ListSink()
    loop = AnnotateLoop(
        AnnotateParts(FrameList(5), FunctionSegmenter(lambda frame: 1), [sink]),
        Controls(),
        limiter=Limiter(1),
        metrics=Metrics(),
    )
    loop.stop()
    assert not loop.run().complete
    assert sink.written == []
