"""What a machine of the cluster does: annotates one file, and tells how far it is."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from livesegment.annotate.input_run import InputRun, Shared
from livesegment.annotate.jobs import Job
from livesegment.annotate.opening import open_shared
from livesegment.annotate.report import FileReport
from livesegment.calls.limiter import Limiter
from livesegment.calls.opening import open_limiter
from livesegment.cluster.ray_session import import_ray
from livesegment.cluster.relay import LogLine, News, Relay, RelayedQuota, RemoteRelay
from livesegment.errors import (
    ClusterError,
    JournalInUse,
    LiveSegmentError,
    MissingExtra,
    OptionsError,
)
from livesegment.memory_budget import MemoryBudget
from livesegment.resource import Resource
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.pattern import PatternSegmenter
from livesegment.settings import AnnotateOptions

_TELL_EVERY_S = 0.5
_LOCK_TRIED_EVERY_S = 1.0
_LOCK_LIVES_S = 90.0
"""A lost machine's lock on a shared folder goes when its server gives up on it: NFSv4's lease."""


@dataclass(frozen=True, slots=True)
class FileTask:
    """One file's work.

    The API key is in the options. Ray keeps a task's arguments to the two processes that it
    passes between: it shows and logs names, never arguments, while a runtime environment with the
    key would be in its logs and on its dashboard, and the arguments of an actor in its database.

    Attributes:
        number: Tells the files of a run apart.
        job: The input and its outputs, as absolute paths.
        options: What to write.
        share: Requests at once; None: as many as the model takes.
        is_retry: Whether a machine was lost that had begun it.
    """

    number: int
    job: Job
    options: AnnotateOptions
    share: int | None = None
    is_retry: bool = False


def annotate_file(task: FileTask, handle: Any) -> News:
    """Annotate one file; Ray calls this on some machine, with the handle of the run's Relay."""
    return annotate_task(task, RemoteRelay(import_ray(), handle))


def annotate_task(task: FileTask, relay: Relay | RemoteRelay) -> News:
    """Annotate one file.

    A retry waits for the lock on the journal, which may outlive the machine that held it.

    Args:
        task: The work.
        relay: Is told how far it is, and tells whether to stop.

    Returns:
        What became of it, and what was said since the relay was last told.
    """
    with ExitStack() as stack:
        # Which model is asked was said by whoever started the run: not once more for each file.
        try:
            segmenter = open_shared([task.job], task.options, stack)
        except (MissingExtra, OptionsError) as error:
            return News(_without_a_model(task, error), ())
        lines = stack.enter_context(_collected_lines())
        limiter = _limiter(task, segmenter, relay)
        memory = MemoryBudget.of(task.options.max_memory)
        shared = Shared(segmenter, limiter, task.options, memory, asks_scenes=True)
        teller = stack.enter_context(_Teller(relay, task.number, lines))
        given_up_s = time.monotonic() + (_LOCK_LIVES_S if task.is_retry else 0.0)
        while True:
            report = teller.follow(InputRun(task.job, shared))
            waits = isinstance(report.error, JournalInUse) and time.monotonic() < given_up_s
            if not waits or teller.stopping.wait(_LOCK_TRIED_EVERY_S):
                break
    return News(report, lines.take())


def _without_a_model(task: FileTask, error: LiveSegmentError) -> FileReport:
    refused = ClusterError(
        f"a machine of the cluster cannot open the model ({error}): all of them must see its file"
        " under the same path"
    )
    return FileReport(task.job.source, task.job.output, "failed", error=refused)


def _limiter(task: FileTask, segmenter: Segmenter | None, relay: Relay | RemoteRelay) -> Limiter:
    if task.options.kept_masks is not None:
        return Limiter(1)
    endpoint = task.options.endpoint
    asked = PatternSegmenter if segmenter is None else segmenter
    is_bounded = endpoint.max_calls is not None or endpoint.call_rate is not None
    most = asked.max_concurrency if task.share is None else task.share
    return open_limiter(endpoint, most, RelayedQuota(relay) if is_bounded else None)


class _LogLines(logging.Handler):
    """Keeps what our loggers say, for the terminal of whoever started the run."""

    def __init__(self) -> None:
        super().__init__()
        self._said: list[LogLine] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(LogLine(record.name, record.levelno, record.getMessage()))

    def take(self) -> tuple[LogLine, ...]:
        """Return what was said since this was last called."""
        self.acquire()  # as every handler does around `emit`
        try:
            said, self._said = tuple(self._said), []
        finally:
            self.release()
        return said


@contextmanager
def _collected_lines() -> Iterator[_LogLines]:
    logger = logging.getLogger("livesegment")
    handler, level, propagate = _LogLines(), logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False  # not into Ray's log files
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


class _Teller(Resource):
    """Tells the relay now and then how far the run is, and stops it when the relay says so."""

    def __init__(self, relay: Relay | RemoteRelay, number: int, lines: _LogLines) -> None:
        self.stopping = threading.Event()
        self._relay = relay
        self._number = number
        self._lines = lines
        self._run: InputRun | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="teller", daemon=True)
        self._thread.start()

    def follow(self, run: InputRun) -> FileReport:
        """Run it to its end."""
        self._run = run
        if self.stopping.is_set():
            run.stop()
        return run.run()

    def close(self) -> None:
        """Tell no more. May be called twice."""
        self._ended.set()
        self._thread.join()

    def _tell(self) -> None:
        while not self._ended.wait(_TELL_EVERY_S):
            run = self._run
            if run is None:
                continue
            news = News(run.report(), self._lines.take())
            if self._relay.tell(self._number, news):
                self.stopping.set()
                run.stop()
