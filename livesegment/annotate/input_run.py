"""One input on its way to its output."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from livesegment.address import shown_source
from livesegment.annotate.chosen_frames import ChosenFrames
from livesegment.annotate.identity import mark_of, origin_of, output_identity, reply_identity
from livesegment.annotate.jobs import Job
from livesegment.annotate.journal import Identity, Journal, journal_path
from livesegment.annotate.keyframes import plan_keyframes
from livesegment.annotate.loop import AnnotateLoop, AnnotateParts, AnnotateResult
from livesegment.annotate.opening import asked_about, open_asked, open_input, open_redactor
from livesegment.annotate.outputs import Outputs
from livesegment.annotate.report import FileReport, Outcome
from livesegment.annotate.telling import tell
from livesegment.calls.limiter import Limiter
from livesegment.calls.quota import Quota
from livesegment.duration import counted
from livesegment.errors import LiveSegmentError, OptionsError, SourceLost
from livesegment.export import Origin
from livesegment.frame import Frame
from livesegment.memory_budget import MemoryBudget
from livesegment.metrics import Metrics
from livesegment.segmenters.base import Segmenter
from livesegment.settings import AnnotateOptions
from livesegment.sinks.base import Sink
from livesegment.sinks.source_mark import SourceMark
from livesegment.sources.base import Source
from livesegment.timeline.kept import KeptTimeline, timeline_path

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all inputs of a run have in common.

    Attributes:
        segmenter: Who is asked; None where masks are kept ones, or every input knows its own.
        limiter: Says when to ask.
        options: What to write.
        memory: What all of them together may take.
        asks_scenes: Whether an input that is drawn is asked itself, in the segmenter's place.
        on_frame: Called with the run of the input after each frame written.
    """

    segmenter: Segmenter | None
    limiter: Limiter
    options: AnnotateOptions
    memory: MemoryBudget
    asks_scenes: bool = False
    on_frame: Callable[["InputRun"], None] = lambda _: None


class InputRun:
    """Annotates one input and tells what became of it.

    Args:
        job: The input and its outputs.
        shared: What it has in common with the other inputs of the run.

    Attributes:
        job: The input and its outputs.
    """

    def __init__(self, job: Job, shared: Shared) -> None:
        self.job = job
        self._metrics = Metrics()
        self._shared = shared
        self._options = shared.options
        self._result = AnnotateResult()
        self._loop: AnnotateLoop | None = None
        self._timeline: KeptTimeline | None = None
        self._mark: SourceMark | None = None
        self._sinks: Sequence[Sink] = ()
        self._stopped = False

    def run(self) -> FileReport:
        """Annotate; an error is reported, not raised."""
        began_s = time.monotonic()
        try:
            with ExitStack() as stack:
                outcome = self._annotate(stack)
            error: LiveSegmentError | None = self._result.lost
        except LiveSegmentError as raised:
            outcome, error = "failed", raised
        return self.report(outcome, time.monotonic() - began_s, error)

    def report(
        self,
        outcome: Outcome = "not started",
        elapsed_s: float = 0.0,
        error: LiveSegmentError | None = None,
    ) -> FileReport:
        """Return what it has done so far."""
        result, figures = self._result, self._metrics.report("annotate")
        return FileReport(
            source=self.job.source,
            output=self.job.output,
            outcome=outcome,
            frames=result.frames,
            frames_without_mask=result.frames_without_mask,
            frames_carried=result.frames_carried,
            frames_still=result.frames_still,
            calls=figures["calls"],
            masks_recalled=figures["masks_recalled"],
            errors=figures["errors"],
            figures=figures,
            elapsed_s=elapsed_s,
            error=error,
            timeline=self._timeline,
        )

    def stop(self) -> None:
        """Ask it to end soon, as far as it is. May be called from any thread."""
        self._stopped = True
        if self._loop is not None:
            self._loop.stop()
        for sink in self._sinks:
            sink.stop()

    def _annotate(self, stack: ExitStack) -> Outcome:
        job, options = self.job, self._options
        written = output_identity(job, options)
        outputs = Outputs(job, options, written)
        outputs.check()
        opened, source = open_input(job.source, options)
        stack.enter_context(source)
        if source.is_endless:
            wanted = (
                "record it with 'live --record'" if source.is_live else "give it one with --end"
            )
            raise OptionsError(f"{source.name} has no end: {wanted}")
        segmenter = self._segmenter(source, stack)
        identity = reply_identity(job, segmenter, options.hide, options.part.rotate)
        journal = self._journal(identity, stack)
        raised = None if journal is None else journal.raised
        if raised is not None:
            logger.info("%s: its replies are drawn with confidence %d", job.output, raised.wanted)
            written = output_identity(job, options, raised)
            outputs = Outputs(job, options, written)
        # Made like the files that were opened, of which they are given no picture.
        origin = origin_of(job, options, opened, segmenter, raised)
        self._timeline = self._where_kept(identity, written, origin)
        if journal is not None and outputs.are_complete(journal):
            logger.info("%s is already complete", job.output)
            return "already complete"
        if job.masks is not None or job.kept_masks is not None:
            self._mark = mark_of(job.source, options.part.rotate)
        self._sinks = sinks = outputs.open(
            opened, origin, journal, self._timeline, self._mark, stack
        )
        asked = open_asked(job, options, segmenter, self._mark, stack)
        self._run_loop(AnnotateParts(source, asked, sinks, journal))
        result = self._result
        if not result.complete or not self._look_again(sinks, segmenter, journal, stack):
            return "interrupted"
        if result.frames:
            outputs.commit(sinks, journal, complete=result.lost is None)
        tell(job, result, opened, frames_hidden=self._metrics.get("frames_hidden"))
        return "done" if result.lost is None else "cut short"

    def _journal(self, identity: Identity, stack: ExitStack) -> Journal | None:
        job = self.job
        if job.is_to_stdout:
            logger.info("standard output has no journal: once more, it would all be asked again")
            return None
        path = journal_path(job.output)
        journal = stack.enter_context(Journal(path, identity, replace=self._options.overwrite))
        if len(journal):
            logger.info(
                "%s: %s kept from an earlier run",
                job.output,
                counted(len(journal), "reply", "replies"),
            )
        return journal

    def _where_kept(self, replies: Identity, written: str, origin: Origin) -> KeptTimeline | None:
        if not self._options.pages:
            return None
        identity = json.dumps([dict(replies), written], sort_keys=True)
        return KeptTimeline(timeline_path(self.job.output), identity, origin.model)

    def _look_again(
        self,
        sinks: Sequence[Sink],
        segmenter: Segmenter | None,
        journal: Journal | None,
        stack: ExitStack,
    ) -> bool:
        """Export the frames that are only now known to be chosen; False if it is stopped.

        Their masks are those of the first time, from the journal or the kept masks: pictures and
        masks of a whole input would be too many to keep.
        """
        chosen = next((sink for sink in sinks if isinstance(sink, ChosenFrames)), None)
        if chosen is None or not (only := chosen.settled()):
            return True
        said = shown_source(self.job.source)
        logger.info("%s: looking again at its %s", said, counted(len(only), "frame"))
        source = stack.enter_context(open_input(self.job.source, self._options).source)
        asked = open_asked(self.job, self._options, segmenter, self._mark, stack)
        self._loop = loop = self._new_loop(
            AnnotateParts(source, asked, [chosen], journal, only),
            limiter=Limiter(1, Quota(max_calls=0)),
            metrics=Metrics(),
        )
        if not self._stopped and loop.run().complete:
            return True
        if journal is not None:
            self._say_kept(journal)
        return False

    def _new_loop(
        self,
        parts: AnnotateParts,
        *,
        limiter: Limiter,
        metrics: Metrics,
        on_frame: Callable[[], None] = lambda: None,
    ) -> AnnotateLoop:
        return AnnotateLoop(
            parts,
            self._options.overlay.controls(),
            limiter=limiter,
            metrics=metrics,
            keyframes=self._options.keyframes,
            planned=self._planned(),
            on_frame=on_frame,
            redactor=open_redactor(self._options.redact, parts.segmenter),
            memory=self._shared.memory,
            counts_scenes=self._counts_scenes(),
        )

    def _counts_scenes(self) -> bool:
        """Tell whether a sink wants to know which scene a frame belongs to."""
        options = self._options
        hardest = options.exported.export_uncertain
        return options.split is not None or hardest is not None or bool(options.pages)

    def _run_loop(self, parts: AnnotateParts) -> None:
        self._loop = loop = self._new_loop(
            parts,
            limiter=self._shared.limiter,
            metrics=self._metrics,
            on_frame=lambda: self._shared.on_frame(self),
        )
        self._result = loop.result
        if self._stopped:  # before there was a loop to stop
            return
        try:
            loop.run()
        finally:
            if parts.journal is not None and not self._result.complete:
                self._say_kept(parts.journal)

    def _say_kept(self, journal: Journal) -> None:
        if replies := len(journal):
            logger.warning(
                "%s kept for %s: the same command goes on from there",
                counted(replies, "reply", "replies"),
                self.job.output,
            )

    def _segmenter(self, source: Source, stack: ExitStack) -> Segmenter | None:
        shared = self._shared
        if self.job.kept_masks is not None or not shared.asks_scenes:
            return shared.segmenter
        return asked_about(source, shared.segmenter, self._options.endpoint, stack)

    def _planned(self) -> frozenset[int] | None:
        budget = self._options.keyframes.budget
        return None if budget is None else plan_keyframes(self._frames(), budget)

    def _frames(self) -> Iterator[Frame]:
        """Yield the input's frames, as far as it goes."""
        with open_input(self.job.source, self._options).source as source:
            try:
                while not self._stopped and (frame := source.read()) is not None:
                    yield frame
            except SourceLost:
                return  # said when it is read for good
