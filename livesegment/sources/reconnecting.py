"""Cameras that come back: a source that is opened again whenever it is lost."""

import logging
import random
import threading
import time
from collections.abc import Callable

from livesegment.backoff import Backoff
from livesegment.buffer import Buffer
from livesegment.errors import SourceError, SourceLost
from livesegment.frame import Frame
from livesegment.pacer import Pacer
from livesegment.profile import on_thread
from livesegment.sources.base import LATE_S, Source

logger = logging.getLogger(__name__)

SILENCE_S = 2.5
"""Without a picture for so long, a camera counts as lost whatever its connection says."""

REOPEN = Backoff(attempts=None, first_wait_s=0.2, max_wait_s=1.0)

_ROOM = 4  # takes up a burst, and whoever reads slowly still gets pictures that are new
_CLOCKS_DIFFER_S = 2.0  # a camera whose clock jumps further against ours has set it
_SMALLEST_STEP_S = 0.001
_JOIN_S = 0.5


class ReconnectingSource(Source):
    """Reads a camera on a thread of its own, and waits for it for as long as it is away.

    What comes back has a higher index, and a `pts_s` that is later by the time it was away; its
    size may be another. The newest pictures are kept for whoever reads; older ones are dropped.

    `read` never sits in a foreign call, so `stop` ends it at once. The thread may sit in one: it
    ends when the call does, within the timeouts of the source, and closes what it opened.

    What turns out to be no camera (a file on a web server) is read once, to its end.

    Args:
        open_once: Opens the camera; called on the thread, and again after every loss.
        name: What to call it: no credentials.
        wait: Wait for the first connection too; else it has to succeed before this returns.

    Raises:
        SourceError: If the first connection fails and is not waited for.
    """

    is_live = True
    is_endless = True

    def __init__(self, open_once: Callable[[], Source], name: str, *, wait: bool = False) -> None:
        self.name = name
        self._open_once = open_once
        self._waits = wait
        self._stopping = threading.Event()
        self._frames: Buffer[Frame] = Buffer("drop oldest", _ROOM)
        self._has_opened = False
        self._has_begun = threading.Event()  # opened, or ended without
        self._error: Exception | None = None
        self._trouble: str | None = None
        self._attempts = 0
        self._is_away = True
        self._last_s = time.monotonic()
        self._last: Frame | None = None
        self._offset_s = 0.0
        self._thread = threading.Thread(
            target=on_thread(self._run), name=f"read {name}", daemon=True
        )
        self._thread.start()
        if not wait:
            self._await_first()

    @property
    def lost_since_s(self) -> float | None:
        """When the last picture came, if the camera is away or silent; monotonic seconds."""
        last_s = self._last_s
        is_silent = self.is_live and time.monotonic() - last_s > SILENCE_S
        return last_s if self._is_away or is_silent else None

    def read(self) -> Frame | None:
        """Return the next picture, waiting for it and for the camera; None after `stop`.

        Raises:
            SourceLost: If a file breaks off; a camera is waited for.
        """
        frame = self._frames.get()
        if frame is not None or self._is_stopped:
            return frame
        error, self._error = self._error, None
        if error is not None:
            raise error
        return None

    def stop(self) -> None:
        """Let a waiting read return at once."""
        self._stopping.set()
        self._frames.abort()

    def close(self) -> None:
        """Hang up. A camera that does not answer is left to its timeout, on the thread."""
        self.stop()
        self._thread.join(_JOIN_S)

    @property
    def _is_stopped(self) -> bool:
        return self._stopping.is_set()

    def _await_first(self) -> None:
        try:
            self._has_begun.wait()
        except BaseException:  # Ctrl-C
            self.stop()
            raise
        if not self._has_opened and self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            while (source := self._open()) is not None:
                with source:
                    self._pass_on(source)
                if not source.is_live:
                    return
        except Exception as error:  # noqa: BLE001 - raised again in whoever reads
            self._error = error
        finally:
            self._has_begun.set()
            self._frames.close()

    def _open(self) -> Source | None:
        """Open the camera, as often as it takes; None when stopped.

        Raises:
            SourceError: If the first connection fails and is not waited for.
        """
        asked_at_s = -float("inf")
        while True:
            if self._has_opened or self._attempts:
                passed_s = time.monotonic() - asked_at_s
                wait_s = REOPEN.delay_s(self._attempts + 1, random.random()) - passed_s
                self._stopping.wait(max(0.0, wait_s))
            if self._is_stopped:
                return None
            self._attempts += 1
            asked_at_s = time.monotonic()
            try:
                source = self._open_once()
            except SourceError as error:
                if not (self._has_opened or self._waits):
                    raise
                self._say_why(str(error))
                continue
            if self._has_opened and not source.is_live:
                source.close()
                self._say_why(f"{self.name} is a finished recording now")
                continue
            if not self._has_opened:
                self._introduce(source)
            return source

    def _introduce(self, source: Source) -> None:
        self.fps = source.fps
        if not self._waits:
            self.is_live, self.is_endless = source.is_live, source.is_endless
            self.frame_count = source.frame_count
        if not self.is_live:
            self._frames = Buffer("wait", _ROOM)  # nobody reads before the first connection
        self._has_opened = True
        self._has_begun.set()

    def _say_why(self, sentence: str) -> None:
        """Log why there are no pictures, once for each reason."""
        if sentence != self._trouble:
            logger.warning("%s; waiting for it", sentence)
        self._trouble = sentence

    def _pass_on(self, source: Source) -> None:
        """Pass on pictures until the source is lost, ends, or reading is to stop.

        Raises:
            SourceLost: If a file breaks off.
        """
        pace = Pacer(self._stopping, LATE_S) if self.is_live and not source.is_live else None
        is_first = True
        while not self._is_stopped:
            source.is_lazy = self.is_lazy
            try:
                frame = source.read()
            except SourceLost as error:
                if not source.is_live:
                    raise
                self._is_away = True
                self._say_why(str(error))
                return
            if frame is None:
                return
            if pace is not None:
                pace.hold(frame.pts_s)
                frame = frame.renumbered(captured_at_s=time.monotonic())
            self._frames.put(self._continued(frame, source, is_first=is_first))
            is_first = False

    def _continued(self, frame: Frame, source: Source, *, is_first: bool) -> Frame:
        """Return the frame with an index and a media time that go on from the last one's."""
        last = self._last
        if last is None:
            index, pts_s = 0, frame.pts_s
        else:
            index = last.index + 1
            pts_s = frame.pts_s + self._offset_s
            if source.is_live:
                expected_s = last.pts_s + frame.captured_at_s - last.captured_at_s
                if is_first or abs(pts_s - expected_s) > _CLOCKS_DIFFER_S:
                    self._offset_s = expected_s - frame.pts_s
                    pts_s = expected_s
            pts_s = max(pts_s, last.pts_s + _SMALLEST_STEP_S)
        if is_first:
            self._note_return(index)
        self._last = frame.renumbered(index=index, pts_s=pts_s)
        self._last_s = frame.captured_at_s
        return self._last

    def _note_return(self, index: int) -> None:
        if self._trouble is not None:
            away_s = time.monotonic() - self._last_s
            logger.warning("%s is there after %.1f s", self.name, away_s)
        if self._last is not None:
            self.scene_began = index
            self.reconnects += 1
        self._trouble = None
        self._attempts = 0
        self._is_away = False
