"""Files to keep: every frame, in order."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from livesegment.api.input_run import InputRun, Shared
from livesegment.api.jobs import Job
from livesegment.api.model import open_flight, open_segmenter
from livesegment.api.progress import Run
from livesegment.api.report import AnnotateReport
from livesegment.api.runner import OnProgress, Runner, annotate_with
from livesegment.engine.annotate import Allowance
from livesegment.engine.call_meter import CallMeter
from livesegment.engine.flight import Flight
from livesegment.options import AnnotateOptions
from livesegment.segmenters.base import Segmenter

__all__ = ["AnnotateReport", "annotate"]


def annotate(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    segmenter: Segmenter | None = None,
    options: AnnotateOptions | None = None,
    on_progress: OnProgress | None = None,
) -> AnnotateReport:
    """Segment every frame of videos and images and write them with their masks drawn.

    An output appears under its name when it is complete; before that, and if the run fails, what
    there is stays in `NAME.part.SUFFIX`. Each reply is kept in `NAME.SUFFIX.journal` beside the
    output from the moment it comes: the same call made again asks only for what is missing, and
    does nothing where nothing is.

    Args:
        inputs: Video, image, folder or glob, or several of these.
        output: Video, image or folder; a folder with several inputs.
        segmenter: Who is asked; it stays the caller's to close. None: opened from
            `options.endpoint`.
        options: What to write; None: the built-in person model and nothing replaced.
        on_progress: Called after each frame written, from the threads that write.

    Returns:
        What became of each input. With several, one that fails is reported and the others go on.

    Raises:
        SourceNotFound: If an only input cannot be opened.
        EndpointError: If a frame of an only input cannot be segmented.
        SinkError: If the output of an only input exists or cannot be written.
        OptionsError: If inputs and output do not fit together, or are the same file.
    """
    options = options or AnnotateOptions()
    return annotate_with(partial(_ThreadRunner, segmenter), inputs, output, options, on_progress)


class _ThreadRunner(Runner):
    """Works on inputs in threads of this process, all under one limit of requests."""

    def __init__(self, segmenter: Segmenter | None, options: AnnotateOptions, jobs: int) -> None:
        self.at_once = min(options.jobs or 1, jobs)
        self._stack = ExitStack()
        if segmenter is None and options.kept_masks is None:
            segmenter = self._stack.enter_context(open_segmenter(options.endpoint))
        meter = CallMeter(options.endpoint.max_calls, options.endpoint.call_rate)
        flight = Flight(1) if segmenter is None else open_flight(segmenter, options.endpoint)
        self._shared = Shared(segmenter, Allowance(meter, flight), options)

    def run_of(self, job: Job, on_frame: Callable[[Run], None]) -> Run:
        """Return what works on an input."""
        return InputRun(job, replace(self._shared, on_frame=on_frame))

    def close(self) -> None:
        """Close the segmenter, if it was opened here."""
        self._stack.close()
