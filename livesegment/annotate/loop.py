"""The annotating loop: every frame, in order."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from livesegment.annotate.asking import Caller, KeptMasks
from livesegment.annotate.carrier import MOST_AT_ONCE, Carrier, Masked
from livesegment.annotate.drawing import annotated
from livesegment.annotate.journal import Journal
from livesegment.annotate.keyframes import MOST_BETWEEN, KeyframeChooser
from livesegment.annotate.ordered import OrderedWindow
from livesegment.annotate.waiting import Waiting
from livesegment.calls.limiter import Limiter
from livesegment.errors import SourceLost
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.memory_budget import MemoryBudget
from livesegment.metrics import Metrics
from livesegment.motion.cut import SceneCounter
from livesegment.overlay.compositor import Compositor
from livesegment.profile import count_frame, stage
from livesegment.redaction.redactor import Leaving, Redactor
from livesegment.seen_classes import SeenClasses
from livesegment.segmenters.base import Segmenter
from livesegment.settings import KeyframeOptions
from livesegment.settings.controls import Controls
from livesegment.sinks.base import Role, Sink
from livesegment.sources.base import Source
from livesegment.workers import WorkerGroup

_MOST_AHEAD = 32
# Bytes in work for each pixel of a frame that is in the decoder, is drawn and is coded as H.264.
_IN_WORK = 50.0
_WAITING = 4  # the same of one that waits with its mask
GRACE_S = 3.0  # for requests that are still under way when the run is given up


@dataclass(frozen=True, slots=True)
class AnnotateParts:
    """What an annotating run works with.

    Attributes:
        source: Where frames come from.
        segmenter: Who is asked; the masks of an earlier run in its place need no call.
        sinks: Get every frame, in order.
        only: Indices of those that they get instead; None: every one.
        journal: Keeps the replies, and answers for frames asked about in an earlier run.
    """

    source: Source
    segmenter: Segmenter | KeptMasks
    sinks: Sequence[Sink]
    journal: Journal | None = None
    only: frozenset[int] | None = None


@dataclass(slots=True)
class AnnotateResult:
    """What an annotating run did.

    Attributes:
        frames: Frames written.
        frames_without_mask: Of these, written plain because no more calls were allowed.
        frames_carried: Of these, with a mask carried from keyframes around them.
        frames_still: Of these, with the mask of the keyframe before, since nothing had moved.
        lost: Why the source ended early; None if it came to its end.
        complete: Whether all that the source has is written; False after `stop`.
    """

    frames: int = 0
    frames_without_mask: int = 0
    frames_carried: int = 0
    frames_still: int = 0
    lost: SourceLost | None = None
    complete: bool = field(default=False)

    def note(self, masked: Masked) -> None:
        """Count a frame that was written."""
        self.frames += 1
        self.frames_without_mask += masked.mask is None
        if masked.mask is not None:
            self.frames_carried += masked.role is Role.CARRIED
            self.frames_still += masked.role is Role.STILL


class AnnotateLoop:
    """Segments the frames of a source and writes each, in order, to every sink.

    One thread reads and chooses keyframes, others ask the segmenter, the calling thread carries
    masks to the frames between, draws and writes. Memory is bounded whatever the length of the
    source: at most twice as many frames are held as requests may be in flight, 32 more than those
    at the most; with keyframes at least 64, and as many once more between two of them. Of large
    frames fewer are held, as many as the memory allows: then fewer requests are in flight.

    Args:
        parts: What it works with.
        controls: How masks are drawn.
        limiter: Says when to ask; shared by the runs that go on at once.
        keyframes: Which frames are asked about.
        planned: Indices of the keyframes, as `plan_keyframes` returns them; None: no plan.
        metrics: Counts everything.
        on_frame: Called after each frame written.
        redactor: Says what of a picture may leave; None: all of it.
        memory: What the run may take; None: what it needs.
        counts_scenes: Whether sinks are told which scene a frame belongs to.
    """

    def __init__(
        self,
        parts: AnnotateParts,
        controls: Controls,
        *,
        limiter: Limiter,
        metrics: Metrics,
        keyframes: KeyframeOptions | None = None,
        planned: frozenset[int] | None = None,
        on_frame: Callable[[], None] = lambda: None,
        redactor: Redactor | None = None,
        memory: MemoryBudget | None = None,
        counts_scenes: bool = False,
    ) -> None:
        self._parts = parts
        self._controls = controls
        self._limiter = limiter
        self._keyframes = keyframes or KeyframeOptions()
        self._planned = planned
        self._asks_for_all = planned is None and self._keyframes.asks_for_all
        self._metrics = metrics
        self._on_frame = on_frame
        self._redactor = redactor
        self._scenes = SceneCounter() if counts_scenes else None
        self._asked: tuple[float, Mask | None] | None = None
        self._result = AnnotateResult()
        self._compositor = Compositor()
        self._seen = SeenClasses()
        self._workers = WorkerGroup(grace_s=GRACE_S)
        self._ask = self._who_answers()
        self._memory = memory or MemoryBudget()
        self._window: OrderedWindow[Waiting, Mask | None] = OrderedWindow(
            self._answer, self._width, size=Waiting.nbytes, most=self._most_waiting
        )
        self._carriers = 0 if self._asks_for_all else min(os.cpu_count() or 1, MOST_AT_ONCE)
        self._carrier = Carrier(
            asks_for_all=self._asks_for_all,
            at_once=self._carriers,
            most_bytes=lambda frame: self._left(frame) // 2,
            # What is hidden of a picture depends on the masks of those before it.
            wanted=parts.only if redactor is None else None,
        )
        # Before anything runs: a run may be stopped before it begins.
        for stop in (parts.source.stop, self._window.stop, limiter.wake, self._carrier.stop):
            self._workers.on_stop(stop)

    def _who_answers(self) -> Callable[[Frame, Callable[[], None]], Mask | None]:
        segmenter = self._parts.segmenter
        if isinstance(segmenter, KeptMasks):
            return segmenter.ask
        return Caller(
            segmenter, self._limiter, self._metrics, self._workers.stopping, self._parts.journal
        ).ask

    @property
    def result(self) -> AnnotateResult:
        """What it has done so far."""
        return self._result

    def run(self) -> AnnotateResult:
        """Annotate to the source's end, or as far as it goes.

        Raises:
            EndpointError: If a frame cannot be segmented. What was written before it stays.
            SinkError: If an output cannot be written.
        """
        with self._workers:
            self._start()
            # No names for what comes: while the next frame is awaited the last one is let go.
            for _ in map(self._add, self._window.results()):
                pass
            if not self._workers.stopping.is_set():
                self._write_all(self._carrier.end())
            self._result.complete = not self._workers.stopping.is_set()
        return self._result

    def _add(self, answered: tuple[Waiting, Mask | None]) -> None:
        waiting, mask = answered
        # Here, in order: the same replies then give the same names, whoever came first.
        named = None if mask is None else self._seen.grown(mask)
        self._write_all(self._carrier.add(waiting.chosen, named))

    def _write_all(self, frames: Iterator[Masked]) -> None:
        for masked in frames:
            self._write(masked)

    def stop(self) -> None:
        """Ask the run to end soon, as far as it is. May be called from any thread."""
        self._workers.stop()

    def _start(self) -> None:
        in_order = isinstance(self._parts.segmenter, KeptMasks)
        for number in range(1 if in_order else self._limiter.width):
            self._workers.start(f"submit-{number}", self._window.run, daemon=True)
        for number in range(self._carriers):
            self._workers.start(f"carry-{number}", self._carrier.run, daemon=True)
        self._workers.start("reader", self._read, daemon=True)

    def _width(self) -> int:
        # More than the requests: while the oldest is awaited, the others must not run dry.
        width = self._limiter.limit + min(self._limiter.limit, _MOST_AHEAD)
        return width if self._keyframes.asks_for_all else max(width, MOST_BETWEEN)

    def _most_waiting(self, waiting: Waiting) -> int:
        return self._left(waiting.chosen.frame)

    def _left(self, frame: Frame) -> int:
        return self._memory.left(frame.frame_size, _IN_WORK)

    def _read(self) -> None:
        chooser = KeyframeChooser(self._keyframes, self._planned)
        try:
            while self._read_one(chooser):
                pass
        except SourceLost as error:
            self._result.lost = error  # reported once all that was read is written
        finally:
            last = chooser.end()
            if last is not None:
                self._window.put(Waiting(last))
            self._window.end()

    def _read_one(self, chooser: KeyframeChooser) -> bool:
        # A function of its own: while the next frame is decoded nobody here has the last one.
        if not self._window.wait_for_room():
            return False
        source = self._parts.source
        with stage("decode"):
            frame = source.read()
        if frame is None:
            return False
        with stage("choose"):
            chosen = chooser.add(frame)
        # Large ones are kept as they came from the next on. Not where something is to be hidden.
        width, height = frame.frame_size
        is_tight = self._left(frame) < self._width() * (width * height * _WAITING)
        source.is_lazy = is_tight and self._asks_for_all and self._redactor is None
        return chosen is None or self._window.put(Waiting(chosen))

    def _answer(self, waiting: Waiting) -> Mask | None:
        def let_go() -> None:
            waiting.let_go()
            self._window.resized(waiting)

        return self._ask(waiting.chosen.frame, let_go) if waiting.is_asked else None

    def _write(self, masked: Masked) -> None:
        scene = 0
        if self._scenes is not None:
            # Of the picture as it came: what is hidden of it is no other scene.
            scene = self._scenes.number(masked.frame, begins_scene=masked.begins_scene)
        with stage("hide"):
            leaving = self._leave(masked)
        if self._parts.only is not None and masked.frame.index not in self._parts.only:
            return
        with stage("draw"):
            drawn = annotated(
                self._compositor,
                leaving.frame,
                leaving.mask,
                self._controls,
                self._parts.sinks,
                role=masked.role,
                scene=scene,
            )
        with stage("encode"):
            for sink in self._parts.sinks:
                sink.write(drawn)
        count_frame()
        self._result.note(masked)
        if leaving.is_whole:
            self._metrics.count("frames_hidden")
        self._on_frame()

    def _leave(self, masked: Masked) -> Leaving:
        if self._redactor is None:
            return Leaving(masked.frame, masked.mask)
        frame = masked.frame
        if masked.role is Role.ASKED:
            self._asked = frame.pts_s, masked.mask
        if self._asked is None:
            return self._redactor.leave(frame, None, None, 0.0)
        asked_s, mask = self._asked
        return self._redactor.leave(frame, mask, masked.mask, frame.pts_s - asked_s)
