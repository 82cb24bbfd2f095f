"""What all ways of annotating many inputs have in common, wherever the work is done."""

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Protocol

from livesegment.api.jobs import Job, plan_jobs
from livesegment.api.outputs import check_together, make_folders
from livesegment.api.progress import Progress, ProgressCount, Run
from livesegment.api.report import AnnotateReport, FileReport
from livesegment.api.written_at_end import written_at_end
from livesegment.errors import AuthenticationFailed, ModelNotFound, PaymentRequired
from livesegment.options import AnnotateOptions
from livesegment.resource import Resource

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


class OpenRunner(Protocol):
    """Opens a runner once all that can be checked before is."""

    def __call__(self, options: AnnotateOptions, jobs: int) -> Runner:
        """Return a runner for so many jobs; the caller closes it."""


def annotate_with(
    open_runner: OpenRunner,
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    options: AnnotateOptions,
    on_progress: OnProgress | None,
) -> AnnotateReport:
    """Plan, check, have a runner do the work, and report: what `api.annotate.annotate` tells."""
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    jobs = plan_jobs([str(each) for each in given], str(output), options.masks, options.kept_masks)
    check_together(jobs, options)
    make_folders(jobs, str(output), options.masks)
    with open_runner(options, len(jobs)) as runner:
        report = _run_all(jobs, runner, options.report, on_progress)
    if len(jobs) == 1 and report.files[0].outcome == "failed":
        error = report.files[0].error
        assert error is not None
        raise error
    return report


def _run_all(
    jobs: Sequence[Job], runner: Runner, report_path: str | None, on_progress: OnProgress | None
) -> AnnotateReport:
    """Run the jobs, so many at once as wanted, and write the report whatever happens."""
    began_s = time.monotonic()
    progress = ProgressCount(jobs, on_progress)
    runs = [runner.run_of(job, progress.on_frame) for job in jobs]
    futures: dict[Future[FileReport], Run] = {}

    def report() -> AnnotateReport:
        ended = {run: future.result() for future, run in futures.items() if _has_result(future)}
        files = tuple(ended.get(run) or run.report() for run in runs)
        return AnnotateReport(files, time.monotonic() - began_s)

    pool = ThreadPoolExecutor(runner.at_once, thread_name_prefix="annotate")
    with written_at_end(report_path, lambda: report().as_json()):
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
    return report()


def _has_result(future: Future[FileReport]) -> bool:
    return not future.cancelled() and future.exception() is None
