"""A camera of another process, as the page sees it."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from livesegment.metrics import Snapshot
from livesegment.settings.controls import Controls
from livesegment.web.broadcast import Broadcast
from livesegment.web.feed import CameraState, CoveragePoint, Feed, Report
from livesegment.web.video import VideoBroadcast

_KEPT = 300  # seconds of coverage


class CameraFeed(Feed):
    """Remembers what a camera's process said last, also when that process is no more.

    What is counted goes on from one process to the next.

    Args:
        name: What addresses call it.
        title: What people call it.
        controls: What it starts with.
        price_per_call: What a call costs; None: not known.
        tell: Called, from any thread, when the controls have changed or viewers came or went; it
            must not wait.
        try_now: Called, from any thread, when the endpoint is to be asked at once; must not wait.
    """

    def __init__(
        self,
        name: str,
        title: str,
        controls: Controls,
        price_per_call: float | None,
        tell: Callable[[], None],
        try_now: Callable[[], None] = lambda: None,
    ) -> None:
        told = lambda _: tell()  # noqa: E731
        super().__init__(
            name,
            title,
            Broadcast(told),
            price_per_call=price_per_call,
            video=VideoBroadcast(told),
            labelled=Broadcast(told),
        )
        self._controls = controls
        self._tell = tell
        self._try_now = try_now
        self._lock = threading.Lock()
        self._points: deque[CoveragePoint] = deque(maxlen=_KEPT)
        self._before = Snapshot({"process_ends": 0})  # of the processes that are no more
        self._now = Snapshot()
        self._answered_at_s: float | None = None
        self._report = Report("starting", since=_now())

    def report(self) -> Report:
        """Return what is to be shown beside the picture."""
        with self._lock:
            return self._report

    def snapshot(self) -> Snapshot:
        """Return what was counted by all processes of the camera, one after the other."""
        with self._lock:
            return self._before.plus(self._now)

    @property
    def answered_at_s(self) -> float | None:
        """When the process last said something, monotonic seconds; None while there is none."""
        return self._answered_at_s

    def history(self, after: int) -> Sequence[CoveragePoint]:
        """Return what is kept of the coverage of seconds above `after`."""
        with self._lock:
            return [point for point in self._points if point.second > after]

    def controls(self) -> Controls:
        """Return the controls as they are wanted."""
        return self._controls

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change controls; they hold for the next process too."""
        self._controls = replace(self._controls, **changes)
        self._tell()

    def try_now(self) -> None:
        """Have the endpoint asked at once, though it wants to be left alone."""
        self._try_now()

    def set_controls(self, controls: Controls) -> None:
        """Begin anew with the controls of another configuration."""
        self._controls = controls

    def take(self, report: Report, points: Sequence[CoveragePoint], snapshot: Snapshot) -> None:
        """Take in what the process says."""
        with self._lock:
            self._report = report
            self._now = snapshot
            self._answered_at_s = time.monotonic()
            self._points.extend(points)

    def close(self) -> None:
        """Show no pictures any more."""
        self.pictures.close()
        self.labelled.close()
        self.video.close()

    def note_down(self, state: CameraState, text: str) -> None:
        """Note that there is no process, and why."""
        self.events.end_all(datetime.now().astimezone().isoformat(timespec="milliseconds"))
        with self._lock:
            self._report = Report(state, text, _now(), classes=self._report.classes)
            ended = Snapshot({"process_ends": 1 if text else 0})
            self._before = self._before.plus(self._now).plus(ended)
            self._now = Snapshot()
            self._answered_at_s = None


def _now() -> float:
    return round(time.time(), 3)
