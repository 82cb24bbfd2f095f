"""The annotating loop: every frame, in order, with its own mask."""

import threading

import numpy as np
import pytest
from parts import CLASS_MAP, SIZE, FrameList, FunctionSegmenter, ListSink

from livesegment.annotate.loop import AnnotateLoop, AnnotateParts, AnnotateResult
from livesegment.calls.limiter import Limiter
from livesegment.calls.quota import Quota
from livesegment.errors import ModelNotFound, ServerFailed, SourceLost
from livesegment.frame import CodedFrame, Frame, Image
from livesegment.memory_budget import MemoryBudget
from livesegment.metrics import Metrics
from livesegment.redaction.redactor import Redactor
from livesegment.segmenters.base import Segmenter
from livesegment.settings import RedactOptions
from livesegment.settings.controls import Controls
from livesegment.sinks.base import Annotated, Sink
from livesegment.sources.base import Source


def annotate(
    source: Source,
    segmenter: Segmenter,
    sink: Sink,
    *,
    max_calls: int | None = None,
    metrics: Metrics | None = None,
    memory: MemoryBudget | None = None,
    redactor: Redactor | None = None,
) -> AnnotateResult:
    return AnnotateLoop(
        AnnotateParts(source, segmenter, [sink]),
        Controls(),
        limiter=Limiter(4, Quota(max_calls)),
        metrics=metrics or Metrics(),
        memory=memory,
        redactor=redactor,
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


class KeptAsTheyCame(FrameList):
    """Frames that can be made again."""

    def read(self) -> Frame | None:
        frame = super().read()
        if frame is None or not self.is_lazy:
            return frame
        made = Made(frame.image[0, 0, 0])
        return CodedFrame(made, frame.index, frame.pts_s, frame.captured_at_s)


class Made:
    """A picture of one grey."""

    nbytes = 1
    frame_size = SIZE

    def __init__(self, grey: int) -> None:
        self._grey = grey

    def image(self) -> Image:
        return np.full((SIZE[1], SIZE[0], 3), self._grey, np.uint8)

    def downscaled(self, size: tuple[int, int]) -> Image:
        return np.full((size[1], size[0], 3), self._grey, np.uint8)

    def let_go(self) -> None:
        """There is nothing to let go."""


class GreySink(ListSink):
    """Notes how bright each picture was."""

    def __init__(self) -> None:
        super().__init__()
        self.greys: list[int] = []

    def write(self, picture: Annotated) -> None:
        self.greys.append(int(picture.frame.image[0, 0, 0]))
        super().write(picture)


def test_with_too_little_memory_for_two_frames_it_goes_on_with_one() -> None:
    under_way, most = threading.Semaphore(1), []

    def answer(frame: Frame) -> int:
        most.append(under_way.acquire(blocking=False))
        under_way.release()
        return 1

    sink = ListSink()
    annotate(FrameList(20), FunctionSegmenter(answer), sink, memory=MemoryBudget(1))
    assert sink.written == [(index, index) for index in range(20)]
    assert all(most)


def test_what_waits_as_it_came_is_asked_about_and_written_as_it_was_read() -> None:
    asked: dict[int, int] = {}

    def answer(frame: Frame) -> int:
        asked[frame.index] = int(frame.image[0, 0, 0])
        return 0

    sink = GreySink()
    annotate(KeptAsTheyCame(30), FunctionSegmenter(answer), sink, memory=MemoryBudget(1))
    assert sink.greys == list(range(30))
    assert asked == {index: index for index in range(30)}


def test_where_something_is_to_be_hidden_nothing_is_kept_as_it_came() -> None:
    redactor = Redactor(RedactOptions(classes=frozenset({CLASS_MAP[1]})))
    source, sink = KeptAsTheyCame(9), ListSink()
    segmenter = FunctionSegmenter(lambda _: 0)
    annotate(source, segmenter, sink, memory=MemoryBudget(1), redactor=redactor)
    assert len(sink.written) == 9
    assert not source.is_lazy
