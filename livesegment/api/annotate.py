"""Files to keep: every frame, in order."""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from livesegment.api.input_run import InputRun, Shared
from livesegment.api.jobs import Job, plan_jobs
from livesegment.api.model import open_flight, open_segmenter
from livesegment.api.outputs import check_together, make_folders
from livesegment.api.progress import Progress, ProgressCount
from livesegment.api.report import AnnotateReport, FileReport
from livesegment.engine.annotate import Allowance
from livesegment.engine.call_meter import CallMeter
from livesegment.engine.flight import Flight
from livesegment.errors import (
    AuthenticationFailed,
    ModelNotFound,
    OutputNotWritable,
    PaymentRequired,
)
from livesegment.options import AnnotateOptions
from livesegment.segmenters.base import Segmenter

__all__ = ["AnnotateReport", "annotate"]

logger = logging.getLogger(__name__)

OnProgress = Callable[[Progress], None]

_HOPELESS = (AuthenticationFailed, PaymentRequired, ModelNotFound)
"""Errors that the next input would meet as well."""


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
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    jobs = plan_jobs([str(each) for each in given], str(output), options.masks, options.kept_masks)
    check_together(jobs, options)
    make_folders(jobs, str(output), options.masks)
    with ExitStack() as stack:
        model = segmenter
        if model is None and options.kept_masks is None:
            model = stack.enter_context(open_segmenter(options.endpoint))
        meter = CallMeter(options.endpoint.max_calls, options.endpoint.call_rate)
        flight = Flight(1) if model is None else open_flight(model, options.endpoint)
        allowance = Allowance(meter, flight)
        report = _run_all(jobs, Shared(model, allowance, options), on_progress)
    if len(jobs) == 1 and report.files[0].outcome == "failed":
        error = report.files[0].error
        assert error is not None
        raise error
    return report


def _run_all(jobs: Sequence[Job], shared: Shared, on_progress: OnProgress | None) -> AnnotateReport:
    """Run the jobs, so many at once as wanted, and write the report whatever happens."""
    began_s = time.monotonic()
    progress = ProgressCount(jobs, on_progress)
    shared = replace(shared, on_frame=progress.on_frame)
    runs = [InputRun(job, shared) for job in jobs]
    pool = ThreadPoolExecutor(shared.options.jobs or 1, thread_name_prefix="annotate")
    futures: dict[Future[FileReport], InputRun] = {}
    try:
        futures.update((pool.submit(run.run), run) for run in runs)
        for future in as_completed(futures):
            if future.cancelled():
                continue
            progress.on_end(futures[future], future.result())
            if isinstance(future.result().error, _HOPELESS):
                for other in futures:
                    other.cancel()
    finally:
        # Ctrl-C as well: every output is left as far as it is before the process ends.
        pool.shutdown(wait=False, cancel_futures=True)
        for run in runs:
            run.stop()
        pool.shutdown(wait=True)
        ended = {run: future.result() for future, run in futures.items() if _has_result(future)}
        files = tuple(ended.get(run) or run.report() for run in runs)
        report = AnnotateReport(files, time.monotonic() - began_s)
        _write_report(shared.options.report, report)
    return report


def _has_result(future: Future[FileReport]) -> bool:
    return not future.cancelled() and future.exception() is None


def _write_report(path: str | None, report: AnnotateReport) -> None:
    if path is None:
        return
    try:
        Path(path).write_text(report.as_json(), encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise OutputNotWritable(f"cannot write {path}: {reason}") from error
