"""Named threads that start together and end together."""

import atexit
import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import NoReturn, Self

from livesegment.profile import on_thread

logger = logging.getLogger(__name__)

Stop = Callable[[], object]

_LAST_GRACE_S = 0.3  # of who hurries: a picture that is being decoded, not a network
_LOOK_EVERY_S = 0.02  # a signal's handler can wake nobody: what wakes takes locks
_in_a_hurry = False


def hurry(*, on: bool = True) -> None:
    """Have every group that ends wait for daemons no longer; for the handler of a signal."""
    global _in_a_hurry
    _in_a_hurry = on


class WorkerGroup:
    """Runs worker threads; the first exception in one stops all and is raised in the caller.

    Use it as a context manager around the main thread's work: leaving it asks everybody to stop,
    waits for them, and raises what a worker raised unless the caller has an error of its own. No
    `Resource`, for which leaving is no more than `close`.

    Args:
        grace_s: How long to wait for daemons at the end. One that sits in a foreign blocking call
            beyond it is named in the log and left to end by itself; after `hurry` at once. Other
            workers are waited for as long as they work: what they write to is closed next.
    """

    def __init__(self, grace_s: float = 10.0) -> None:
        self.stopping = threading.Event()
        self._grace_s = grace_s
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._stops: deque[Stop] = deque()
        self._error: BaseException | None = None

    def on_stop(self, stop: Stop) -> None:
        """Have `stop` called, once, when the group stops: it wakes whoever waits."""
        self._stops.append(stop)

    def start(self, name: str, work: Callable[[], None], *, daemon: bool = False) -> None:
        """Start a thread.

        Args:
            name: Shown by debuggers and in the log.
            work: Runs until it is done or the group stops.
            daemon: For work that sits in foreign blocking calls (a network, a driver), which
                must not keep the process alive.
        """
        run = on_thread(partial(self._run, work))
        thread = threading.Thread(target=run, name=name, daemon=daemon)
        with self._lock:
            # Those that have ended are forgotten: a run without end starts any number.
            self._threads = [
                each for each in self._threads if each.is_alive() or each.ident is None
            ]
            self._threads.append(thread)
        thread.start()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller
            with self._lock:
                first = not self.stopping.is_set() and self._error is None
                if first:
                    self._error = error
            if not first:
                # Once everything stops, queues and connections close under the workers.
                logger.debug("%s ended while stopping: %r", threading.current_thread().name, error)
            self.stop()

    def stop(self) -> None:
        """Ask everybody to stop; returns at once."""
        with self._lock:
            self.stopping.set()
        while True:
            with self._lock:
                if not self._stops:
                    return
                stop = self._stops.popleft()
            stop()

    def join(self) -> None:
        """Wait for all workers, `grace_s` at the most for daemons."""
        self._join_daemons()
        for thread in self._all():
            if not thread.is_alive():
                continue
            if thread.daemon:
                logger.debug("thread %s did not end in time", thread.name)
            else:
                logger.info("finishing what %s has still to do", thread.name)
                thread.join()

    def _join_daemons(self) -> None:
        deadline_s, hurries = time.monotonic() + self._grace_s, False
        for thread in (each for each in self._all() if each.daemon):
            while thread.is_alive() and (left_s := deadline_s - time.monotonic()) > 0:
                thread.join(min(left_s, _LOOK_EVERY_S))
                if _in_a_hurry and not hurries:
                    hurries, deadline_s = True, min(deadline_s, time.monotonic() + _LAST_GRACE_S)

    def _all(self) -> list[threading.Thread]:
        with self._lock:
            return list(self._threads)

    def raise_error(self) -> None:
        """Raise the first exception of a worker, if there was one."""
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
            self.join()
        except BaseException:
            # Ctrl-C at this very moment: files are closed next, so nobody may still be writing.
            self.stop()
            self.join()
            raise
        if error is None:
            self.raise_error()


def end_process(code: int) -> NoReturn:
    """End the process with an exit code, also while threads still sit in a library.

    Daemons outlive the main thread. One that comes back from C++ and wants Python's lock while
    Python ends is torn down there and then, which C++ answers with SIGABRT in the code's place.
    """
    if not any(thread.daemon for thread in threading.enumerate()):
        sys.exit(code)
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # nobody reads it, or it is closed
            stream.flush()
    os._exit(code)
