"""How far a run is, over all its inputs."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from livesegment.annotate.jobs import Job
from livesegment.annotate.opening import open_input
from livesegment.annotate.report import FileReport
from livesegment.errors import LiveSegmentError
from livesegment.settings import AnnotateOptions


class Run(Protocol):
    """Works on one input."""

    job: Job

    def run(self) -> FileReport:
        """Annotate; an error is reported, not raised."""

    def report(self) -> FileReport:
        """Return what it has done so far. May be called from any thread."""

    def stop(self) -> None:
        """Ask it to end soon, as far as it is. May be called from any thread."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        frames: Frames written.
        frames_total: Frames expected in all; None where that is not known.
        calls: Calls made.
        calls_saved: Frames that got a mask without a call.
        errors: Calls that failed and were made again.
        files: Inputs that are finished.
        files_total: Inputs in all.
    """

    frames: int
    frames_total: int | None
    calls: int
    calls_saved: int
    errors: int
    files: int
    files_total: int


class ProgressCount:
    """Adds up what the runs of the inputs tell.

    Args:
        jobs: The inputs; each is looked at, for how many frames to expect.
        options: Which part of each is wanted.
        on_progress: Called with every change; None: nothing is counted.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        options: AnnotateOptions,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._under_way: set[Run] = set()
        self._expected = {}
        if on_progress is not None:
            self._expected = {job: expected_frames(job, options) for job in jobs}
        self._ended = Progress(0, 0, 0, 0, 0, 0, len(jobs))

    def on_frame(self, run: Run) -> None:
        """Note that a run has written a frame."""
        if self._on_progress is None:
            return
        with self._lock:
            self._under_way.add(run)
            self._tell(self._on_progress)

    def on_end(self, run: Run, report: FileReport) -> None:
        """Note that a run has ended."""
        if self._on_progress is None:
            return
        with self._lock:
            self._under_way.discard(run)
            # What it was, whatever was expected: the total comes nearer to the truth.
            self._expected[run.job] = report.frames
            self._ended = _sum(self._ended, report)
            self._ended = replace(self._ended, files=self._ended.files + 1)
            self._tell(self._on_progress)

    def _tell(self, on_progress: Callable[[Progress], None]) -> None:
        now = self._ended
        for run in self._under_way:
            now = _sum(now, run.report())
        counts = list(self._expected.values())
        known = [count for count in counts if count is not None]
        total = sum(known) if len(known) == len(counts) else None
        # A file may hold more frames than its head says.
        total = None if total is None else max(total, now.frames)
        on_progress(replace(now, frames_total=total))


def _sum(progress: Progress, report: FileReport) -> Progress:
    return replace(
        progress,
        frames=progress.frames + report.frames,
        calls=progress.calls + report.calls,
        calls_saved=progress.calls_saved + report.calls_saved,
        errors=progress.errors + sum(report.errors.values()),
    )


def expected_frames(job: Job, options: AnnotateOptions) -> int | None:
    """Return how many frames there are of an input, as it says; None where it does not say."""
    try:
        with open_input(job.source, options).source as source:
            return source.frame_count
    except LiveSegmentError:
        return 0  # reported when its turn comes
