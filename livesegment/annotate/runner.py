"""Files to keep: every frame, in order."""

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from livesegment.annotate.input_run import InputRun, Shared
from livesegment.annotate.jobs import Job, plan_jobs
from livesegment.annotate.opening import open_shared
from livesegment.annotate.outputs import check_together, make_folders
from livesegment.annotate.progress import Progress, ProgressCount, Run
from livesegment.annotate.report import AnnotateReport, FileReport
from livesegment.calls.limiter import Limiter
from livesegment.calls.opening import open_limiter
from livesegment.errors import AuthenticationFailed, ModelNotFound, PaymentRequired
from livesegment.memory_budget import MemoryBudget
from livesegment.profile import on_thread
from livesegment.resource import Resource
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.pattern import PatternSegmenter
from livesegment.settings import AnnotateOptions
from livesegment.sinks.run_files import written_at_end

OnProgress = Callable[[Progress], None]

_HOPELESS = (AuthenticationFailed, PaymentRequired, ModelNotFound)
"""Errors that the next input would meet as well."""


class Runner(Resource):
    """Does the work: in this process, or on the machines of a cluster.

    Attributes:
        at_once: Inputs to work on at the same time.
    """

    at_once: int = 1

    @abstractmethod
    def run_of(self, job: Job, on_frame: Callable[[Run], None]) -> Run:
        """Return what works on an input; nothing is done before its `run` is called.

        Args:
            job: The input and its outputs.
            on_frame: To be called with the run when frames have been written.
        """


OpenRunner = Callable[[AnnotateOptions, Sequence[Job]], Runner]
"""Opens a runner for these jobs, once all that can be checked before is; the caller closes it."""


def annotate_with(
    open_runner: OpenRunner,
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    options: AnnotateOptions,
    on_progress: OnProgress | None,
) -> AnnotateReport:
    """Plan, check, have a runner do the work, and report: what `annotate` tells."""
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    beside = options.masks, options.kept_masks, options.table
    jobs = plan_jobs([str(each) for each in given], str(output), *beside)
    check_together(jobs, options)
    make_folders(jobs)
    with open_runner(options, jobs) as runner:
        report = _run_all(jobs, runner, options, on_progress)
    if len(jobs) == 1 and report.files[0].outcome == "failed":
        error = report.files[0].error
        assert error is not None
        raise error
    return report


def _run_all(
    jobs: Sequence[Job], runner: Runner, options: AnnotateOptions, on_progress: OnProgress | None
) -> AnnotateReport:
    """Run the jobs, so many at once as wanted, and write the reports whatever happens."""
    began_s = time.monotonic()
    progress = ProgressCount(jobs, options, on_progress)
    runs = [runner.run_of(job, progress.on_frame) for job in jobs]
    futures: dict[Future[FileReport], Run] = {}

    def report() -> AnnotateReport:
        ended = {run: future.result() for future, run in futures.items() if _has_result(future)}
        files = tuple(ended.get(run) or run.report() for run in runs)
        return AnnotateReport(files, time.monotonic() - began_s)

    pool = ThreadPoolExecutor(runner.at_once, thread_name_prefix="annotate")
    with ExitStack() as reports:
        for path in options.report:
            is_page = path in options.pages
            words = partial(_page, report, options) if is_page else lambda: report().as_json()
            reports.enter_context(written_at_end(path, words))
        try:
            futures.update((pool.submit(on_thread(run.run)), run) for run in runs)
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
    return report()


def _page(report: Callable[[], AnnotateReport], options: AnnotateOptions) -> str:
    from livesegment.timeline.report_page import PageInput, page  # most runs write none
    from livesegment.timeline.words import Price

    found = report()
    inputs = [PageInput(each.as_json(), each.timeline) for each in found.files]
    return page(inputs, found.elapsed_s, Price(options.price_per_call, options.currency))


def _has_result(future: Future[FileReport]) -> bool:
    return not future.cancelled() and future.exception() is None


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
    there is stays in `NAME.part.SUFFIX`. Each reply is kept in `.livesegment/NAME.SUFFIX.journal`
    beside the output from the moment it comes: the same call made again asks only for what is
    missing, and does nothing where nothing is.

    Args:
        inputs: Video, image, folder or glob, or several of these.
        output: Video, image or folder; a folder with several inputs; `-` is standard output, for
            one video, which has no journal.
        segmenter: Who is asked; it stays the caller's to close. None: opened from
            `options.endpoint`.
        options: What to write; None: the built-in person model and nothing replaced.
        on_progress: Called after each frame written, from the threads that write.

    Returns:
        What became of each input. With several, one that fails is reported and the others go on.

    Raises:
        SourceNotFound: If an only input cannot be opened.
        EndpointError: If a frame of an only input cannot be segmented.
        SinkError: If the output of an only input exists or cannot be written; `ReaderGone` if
            nobody reads standard output any more.
        OptionsError: If inputs and output do not fit together, or are the same file.
    """
    options = options or AnnotateOptions()
    return annotate_with(partial(_ThreadRunner, segmenter), inputs, output, options, on_progress)


class _ThreadRunner(Runner):
    """Works on inputs in threads of this process, all under one limit of requests."""

    def __init__(
        self, segmenter: Segmenter | None, options: AnnotateOptions, jobs: Sequence[Job]
    ) -> None:
        self.at_once = min(options.jobs or 1, len(jobs))
        self._stack = ExitStack()
        shared = open_shared(jobs, options, self._stack) if segmenter is None else segmenter
        # Kept masks need no call.
        limiter = Limiter(1)
        if options.kept_masks is None:
            asked = PatternSegmenter if shared is None else shared
            limiter = open_limiter(options.endpoint, asked.max_concurrency)
        memory = MemoryBudget.of(options.max_memory, self.at_once)
        self._shared = Shared(shared, limiter, options, memory, asks_scenes=segmenter is None)

    def run_of(self, job: Job, on_frame: Callable[[Run], None]) -> Run:
        """Return what works on an input."""
        return InputRun(job, replace(self._shared, on_frame=on_frame))

    def close(self) -> None:
        """Close the segmenter, if it was opened here."""
        self._stack.close()
