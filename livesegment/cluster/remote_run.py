"""One input whose work is done on another machine."""

import logging
import queue
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from livesegment.address import shown_source
from livesegment.annotate.jobs import Job
from livesegment.annotate.progress import Run
from livesegment.annotate.report import FileReport
from livesegment.cluster.relay import News, RemoteRelay
from livesegment.cluster.task import FileTask
from livesegment.errors import ClusterError

logger = logging.getLogger(__name__)

_ATTEMPTS = 4
_HEAR_EVERY_S = 0.5
_GRACE_S = 20.0
"""Seconds that a task has to leave its outputs as far as they are: replies may be under way."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the runs of all inputs work with.

    Attributes:
        ray: The package.
        annotate_file: Ray's form of `task.annotate_file`.
        relay: Where tasks tell how far they are.
        shares: The requests at once for each of the tasks at once, as far as no task has them.
    """

    ray: Any
    annotate_file: Any
    relay: RemoteRelay
    shares: "queue.SimpleQueue[int | None]"


class RemoteRun:
    """Has one input annotated on the cluster, once more where a machine is lost.

    Args:
        job: The input and its outputs, as the user named them.
        task: What a machine is given.
        cluster: Where.
        on_frame: Called when there are news.

    Attributes:
        job: The input and its outputs.
    """

    def __init__(
        self, job: Job, task: FileTask, cluster: Cluster, on_frame: Callable[[Run], None]
    ) -> None:
        self.job = job
        self._task = task
        self._cluster = cluster
        self._on_frame = on_frame
        self._report = self._lost = FileReport(job.source, job.output, "not started")
        self._stopped_at_s: float | None = None

    def run(self) -> FileReport:
        """Annotate; an error is reported, not raised."""
        began_s = time.monotonic()
        share = self._cluster.shares.get()
        try:
            self._attempt_all(replace(self._task, share=share))
        finally:
            self._cluster.shares.put(share)
        self._report = replace(self._report, elapsed_s=time.monotonic() - began_s)
        return self._report

    def report(self) -> FileReport:
        """Return what it has done, as far as that is known here."""
        return self._report

    def stop(self) -> None:
        """Ask it to end soon, as far as it is. May be called from any thread."""
        if self._stopped_at_s is None:
            self._stopped_at_s = time.monotonic()
            self._cluster.relay.stop(self._task.number)

    def _attempt_all(self, task: FileTask) -> None:
        errors = self._cluster.ray.exceptions
        for _ in range(_ATTEMPTS):
            try:
                self._attempt(task)
            except errors.RayTaskError as error:
                # Not its text, and no traceback: nobody knows what those of a bug may show.
                self._fail(
                    f"{type(error.cause).__name__} on a machine of the cluster: has it the"
                    " same livesegment?"
                )
                return
            except errors.RayError:
                if self._stopped_at_s is not None:
                    self._report = replace(self._report, outcome="interrupted")
                    return
                logger.warning(
                    "the machine that annotated %s is lost: on to another one",
                    shown_source(self.job.source),
                )
                self._lost = self._report
                task = replace(task, is_retry=True)
            else:
                return
        self._fail(f"{_ATTEMPTS} machines of the cluster were lost one after the other")

    def _attempt(self, task: FileTask) -> None:
        """Have a machine do the work, and listen to it until it is done."""
        ray, relay = self._cluster.ray, self._cluster.relay
        result = self._cluster.annotate_file.remote(task, relay.handle)
        while not ray.wait([result], timeout=_HEAR_EVERY_S)[0]:
            self._take(relay.hear(task.number))
            stopped_at_s = self._stopped_at_s
            if stopped_at_s is not None and time.monotonic() > stopped_at_s + _GRACE_S:
                ray.cancel(result, force=True)
        self._take(relay.hear(task.number))
        self._take(ray.get(result))

    def _take(self, news: News | None) -> None:
        """Pass on what a task said; add what it did to what lost machines had done before."""
        if news is None:
            return
        for line in news.lines:
            logging.getLogger(line.logger).log(line.level, "%s", line.text)
        lost, new = self._lost, news.report
        paid_before = lost.calls - sum(lost.errors.values())
        self._report = replace(
            new,
            source=self.job.source,
            output=self.job.output,
            calls=lost.calls + new.calls,
            # What the lost machines paid for was not free, though it comes from the journal now.
            masks_recalled=max(0, new.masks_recalled - paid_before),
            errors=Counter(lost.errors) + Counter(new.errors),
        )
        self._on_frame(self)

    def _fail(self, sentence: str) -> None:
        error = ClusterError(f"{shown_source(self.job.source)} is not annotated: {sentence}")
        self._report = replace(self._report, outcome="failed", error=error)
