"""Annotating on a cluster, from the side of whoever started it."""

import glob
import itertools
import os
import queue
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from livesegment.annotate.jobs import Job
from livesegment.annotate.opening import open_shared
from livesegment.annotate.progress import Run
from livesegment.annotate.report import AnnotateReport
from livesegment.annotate.runner import OnProgress, Runner, annotate_with
from livesegment.calls.opening import requests_in_flight
from livesegment.cluster.ray_session import LOCAL, ray_session
from livesegment.cluster.relay import Relay, RemoteRelay
from livesegment.cluster.remote_run import Cluster, RemoteRun
from livesegment.cluster.task import FileTask, annotate_file
from livesegment.errors import ClusterError
from livesegment.settings import AnnotateOptions, EndpointOptions, require
from livesegment.sources.images import is_images

_RELAY_OPENS_S = 60.0
_HEAD = "node:__internal_head__"  # Ray's resource that only the head of a cluster has


def annotate_on_cluster(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    address: str = LOCAL,
    options: AnnotateOptions | None = None,
    on_progress: OnProgress | None = None,
) -> AnnotateReport:
    """Do what `annotate` does on the machines of a Ray cluster, each input on one of them.

    Inputs, outputs and a model file are in folders that all machines see under the same paths, and
    livesegment is installed on all of them. The bounds of calls hold for the run as a whole. An
    input whose machine is lost goes on on another one from its journal.

    Args:
        inputs: As `annotate` takes them.
        output: As `annotate` takes it.
        address: `local` starts Ray on this machine for the run; `auto`, `host:port` or
            `ray://host:port` joins a cluster. A program that is connected to one already stays so.
        options: What to write; `jobs` is the number of inputs to work on at once, None: as many
            as there are processors.
        on_progress: Called with how far the run is, from several threads.

    Returns:
        What became of each input. With several, one that fails is reported and the others go on.

    Raises:
        MissingExtra: If Ray is not installed.
        ClusterError: If the cluster cannot be joined, or does not get through with an only input.
        LiveSegmentError: As `annotate` raises it.
    """
    options = options or AnnotateOptions()
    return annotate_with(partial(_RayRunner, address), inputs, output, options, on_progress)


class _RayRunner(Runner):
    """Works on each input in a Ray task."""

    def __init__(self, address: str, options: AnnotateOptions, jobs: Sequence[Job]) -> None:
        require(
            not any(job.is_to_stdout for job in jobs),
            "-o - is standard output here, where no machine of a cluster can write: name a file",
        )
        requests = _requests(jobs, options)
        self._options = replace(options, endpoint=_for_workers(options.endpoint))
        self._numbers = itertools.count()
        with ExitStack() as stack:
            processors = min(options.jobs or os.cpu_count() or 1, len(jobs))
            ray = stack.enter_context(ray_session(address, processors))
            room = max(1, int(ray.cluster_resources().get("CPU", 1)))
            self.at_once = min(options.jobs or room, room, len(jobs), requests or len(jobs))
            shares: queue.SimpleQueue[int | None] = queue.SimpleQueue()
            for share in _shares(requests, self.at_once):
                shares.put(share)
            relay = _open_relay(ray, self._options.endpoint)
            self._cluster = Cluster(ray, _remote_task(ray), relay, shares)
            self._stack = stack.pop_all()

    def run_of(self, job: Job, on_frame: Callable[[Run], None]) -> Run:
        """Return what works on an input."""
        task = FileTask(next(self._numbers), _absolute(job), self._options)
        return RemoteRun(job, task, self._cluster, on_frame)

    def close(self) -> None:
        """End Ray, where it was started here, or leave the cluster."""
        self._stack.close()


def _remote_task(ray: Any) -> Any:
    # Retried by us and not by Ray: what the lost machine paid for is to be counted.
    return ray.remote(num_cpus=1, max_retries=0, scheduling_strategy="SPREAD")(annotate_file)


def _open_relay(ray: Any, endpoint: EndpointOptions) -> RemoteRelay:
    """Return a relay that answers.

    Raises:
        ClusterError: If it does not.
    """
    # On the head of the cluster, whose loss ends everything anyway.
    actor = ray.remote(num_cpus=0, resources={_HEAD: 0.001})(Relay)
    handle = actor.remote(endpoint.max_calls, endpoint.call_rate)
    try:
        ray.get(handle.hear.remote(0), timeout=_RELAY_OPENS_S)
    except ray.exceptions.RayError as error:
        raise ClusterError(
            "the head of the cluster does not take up work"
            f" ({type(error).__name__}): has it the same livesegment?"
        ) from None
    return RemoteRelay(ray, handle)


def _requests(jobs: Sequence[Job], options: AnnotateOptions) -> int | None:
    """Return the requests at once of the whole run; None where each machine has its own model."""
    with ExitStack() as stack:
        segmenter = open_shared(jobs, options, stack)
        if segmenter is None or segmenter.max_concurrency is not None:
            return None
        return requests_in_flight(options.endpoint, None)


def _shares(requests: int | None, tasks: int) -> list[int | None]:
    """Divide the requests at once among the tasks at once, all of them and no more."""
    if requests is None:
        return [None] * tasks
    least, more = divmod(requests, tasks)
    return [least + (number < more) for number in range(tasks)]


def _for_workers(endpoint: EndpointOptions) -> EndpointOptions:
    """Return the options with what only this machine knows: its folders, its environment."""
    if endpoint.model_path is not None:
        file = replace(endpoint.file, model_file=str(Path(endpoint.model_path).absolute()))
        return replace(endpoint, model=None, file=file)
    return endpoint if endpoint.is_builtin else replace(endpoint, api_key=endpoint.resolved_key())


def _absolute(job: Job) -> Job:
    """Return the job for a process that works in another folder."""
    source = job.source
    if "://" in source:
        pass  # it is where it is
    elif Path(source).exists():
        source = str(Path(source).absolute())
    elif is_images(source) and not Path(source).is_absolute():
        source = str(Path(glob.escape(str(Path.cwd())), source))
    return replace(
        job,
        source=source,
        output=job.output.absolute(),
        masks=None if job.masks is None else job.masks.absolute(),
        kept_masks=None if job.kept_masks is None else job.kept_masks.absolute(),
        table=None if job.table is None else job.table.absolute(),
    )
