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
from livesegment.annotate.loop import Allowance
from livesegment.annotate.report import FileReport
from livesegment.calls.limiter import Flight
from livesegment.calls.quota import CallMeter
from livesegment.calls.saturation import Saturation
from livesegment.cluster.desk import Desk, DeskRation, Message, News, RemoteDesk
from livesegment.cluster.ray_session import import_ray
from livesegment.errors import JournalInUse
from livesegment.resource import Resource
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.opening import open_flight, open_segmenter
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
    """Annotate one file; Ray calls this on some machine, with the handle of the run's Desk."""
    return annotate_task(task, RemoteDesk(import_ray(), handle))


def annotate_task(task: FileTask, desk: Desk | RemoteDesk) -> News:
    """Annotate one file.

    A retry waits for the lock on the journal, which may outlive the machine that held it.

    Args:
        task: The work.
        desk: Is told how far it is, and tells whether to stop.

    Returns:
        What became of it, and what was said since the desk was last told.
    """
    with ExitStack() as stack:
        messages = stack.enter_context(_collected_messages())
        segmenter = None
        if task.options.kept_masks is None:
            segmenter = stack.enter_context(open_segmenter(task.options.endpoint))
        shared = Shared(segmenter, _allowance(task, segmenter, desk), task.options)
        teller = stack.enter_context(_Teller(desk, task.number, messages))
        given_up_s = time.monotonic() + (_LOCK_LIVES_S if task.is_retry else 0.0)
        while True:
            report = teller.follow(InputRun(task.job, shared))
            waits = isinstance(report.error, JournalInUse) and time.monotonic() < given_up_s
            if not waits or teller.stopping.wait(_LOCK_TRIED_EVERY_S):
                break
    return News(report, messages.take())


def _allowance(task: FileTask, segmenter: Segmenter | None, desk: Desk | RemoteDesk) -> Allowance:
    endpoint = task.options.endpoint
    is_bounded = endpoint.max_calls is not None or endpoint.call_rate is not None
    meter = DeskRation(desk) if is_bounded else CallMeter()
    if segmenter is None:
        return Allowance(meter, Flight(1))
    if task.share is None:
        return Allowance(meter, open_flight(segmenter, endpoint))
    is_auto = endpoint.max_in_flight == "auto"
    return Allowance(meter, Flight(Saturation(task.share) if is_auto else task.share))


class _Messages(logging.Handler):
    """Keeps what our loggers say, for the terminal of whoever started the run."""

    def __init__(self) -> None:
        super().__init__()
        self._said: list[Message] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(Message(record.name, record.levelno, record.getMessage()))

    def take(self) -> tuple[Message, ...]:
        """Return what was said since this was last called."""
        self.acquire()  # as every handler does around `emit`
        try:
            said, self._said = tuple(self._said), []
        finally:
            self.release()
        return said


@contextmanager
def _collected_messages() -> Iterator[_Messages]:
    logger = logging.getLogger("livesegment")
    handler, level, propagate = _Messages(), logger.level, logger.propagate
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
    """Tells the desk now and then how far the run is, and stops it when the desk says so."""

    def __init__(self, desk: Desk | RemoteDesk, number: int, messages: _Messages) -> None:
        self.stopping = threading.Event()
        self._desk = desk
        self._number = number
        self._messages = messages
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
            news = News(run.report(), self._messages.take())
            if self._desk.tell(self._number, news):
                self.stopping.set()
                run.stop()
