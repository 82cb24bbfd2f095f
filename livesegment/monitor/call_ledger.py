"""When the next call is allowed, kept on disk: restarts do not make more of them than allowed."""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from livesegment.address import system_reason
from livesegment.buffer import Buffer
from livesegment.state import state_folder, write_whole

logger = logging.getLogger(__name__)

_AHEAD_S = 10.0
_JOIN_S = 2.0


class CallLedger:
    """Keeps a time of the clock on the wall in a file.

    It is written by a thread of its own, a few seconds ahead: so not every call needs the disk, and
    whoever is killed waits for these seconds rather than calls too often.

    Args:
        path: The file; its folder is made where it is missing.
        clock: Monotonic seconds.
        wall_clock: Seconds since 1970.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._clock = clock
        self._wall_clock = wall_clock
        self._kept_s = -float("inf")
        self._times: Buffer[float] = Buffer("keep newest")
        self._thread: threading.Thread | None = None
        self._has_complained = False

    def due_s(self) -> float:
        """Return the time that an earlier run left, monotonic seconds; -inf: there is none."""
        try:
            left_s = float(self._path.read_text(encoding="ascii")[:30])
        except (OSError, ValueError):
            return -float("inf")
        return left_s - self._wall_clock() + self._clock()

    def note(self, due_s: float) -> None:
        """Keep a time, monotonic seconds; returns at once."""
        if due_s <= self._kept_s - _AHEAD_S / 2:
            return
        self._kept_s = due_s + _AHEAD_S
        self._put(self._kept_s)

    def close(self, due_s: float) -> None:
        """Keep the time as it is at the end. May be called twice."""
        if self._thread is None:
            return
        self._put(due_s)
        self._times.close()
        # A disk that hangs is left to itself.
        self._thread.join(_JOIN_S)

    def _put(self, due_s: float) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="call ledger", daemon=True)
            self._thread.start()
        self._times.put(due_s - self._clock() + self._wall_clock())

    def _write(self) -> None:
        while (due_s := self._times.get()) is not None:
            try:
                write_whole(self._path, f"{due_s:.3f}\n")
            except OSError as error:
                if not self._has_complained:
                    self._has_complained = True
                    logger.warning(
                        "a restart will not know the calls of the last hour: cannot write %s: %s",
                        self._path,
                        system_reason(error).lower(),
                    )


def ledger_path(config: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the file in which the calls of a configuration are kept."""
    return state_folder(config, environment) / "calls"
