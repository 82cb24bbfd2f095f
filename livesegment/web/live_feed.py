"""A live run of this process, as the page sees it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from livesegment.metrics import LiveStatus, Snapshot
from livesegment.output import LiveRun
from livesegment.settings.controls import Controls
from livesegment.web.broadcast import Broadcast
from livesegment.web.coverage import Coverage
from livesegment.web.event_log import EventLog
from livesegment.web.feed import CameraState, CoveragePoint, EndpointState, Feed, Report
from livesegment.web.inlet import Inlet
from livesegment.web.video import VideoBroadcast

_LOST_AFTER_S = 3.0  # without a picture, whatever the source says
_RECENT_S = 2.0  # figures of a picture older than this are not of this moment


class LiveFeed(Feed):
    """A run that shows one source.

    Args:
        name: What addresses call it.
        run: The run.
        pictures: Its pictures.
        coverage: What its masks covered.
        video: Its pictures as video; None: there is none.
        labelled: Its pictures with legend and notices; None: there are none.
        price_per_call: What a call costs; None: not known.
        events: Its events; None: there are none.
        inlet: Where the page's own camera sends its pictures; None: they come from elsewhere.
    """

    def __init__(
        self,
        name: str,
        run: LiveRun,
        pictures: Broadcast,
        coverage: Coverage,
        *,
        video: VideoBroadcast | None = None,
        labelled: Broadcast | None = None,
        price_per_call: float | None = None,
        events: EventLog | None = None,
        inlet: Inlet | None = None,
    ) -> None:
        super().__init__(
            name,
            run.title,
            pictures,
            events,
            price_per_call,
            video=video,
            labelled=labelled,
            inlet=inlet,
        )
        self._run = run
        self._coverage = coverage
        self._began_s = time.monotonic()

    def report(self) -> Report:
        """Return what is to be shown beside the picture."""
        status, now_s = self._run.status(), time.monotonic()
        state, since_s = self._state(status, now_s)
        endpoint = _endpoint_state(status)
        return Report(
            state=state,
            since=None if since_s is None else round(time.time() - (now_s - since_s), 3),
            endpoint=endpoint,
            endpoint_text=(status.trouble or "") if endpoint == "trouble" else "",
            circuit=status.circuit,
            is_hidden=status.is_hidden,
            classes=self._coverage.classes(),
        )

    def snapshot(self) -> Snapshot:
        """Return what was counted since the run began, and what is true now."""
        status = self._run.status()
        shown_at_s = status.shown_at_s
        is_recent = shown_at_s is not None and time.monotonic() - shown_at_s < _RECENT_S
        rate = round(status.frames_per_s, 2) if is_recent else 0.0
        return self._run.metrics.snapshot(replace(status, frames_per_s=rate).moment())

    @property
    def answered_at_s(self) -> float | None:
        """When the run's loop last went round, monotonic seconds."""
        return self._run.status().turned_at_s

    def history(self, after: int) -> Sequence[CoveragePoint]:
        """Return what is kept of the coverage of seconds above `after`."""
        return self._coverage.history(after)

    def controls(self) -> Controls:
        """Return the controls as they are."""
        return self._run.controls.snapshot()

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change controls; the next picture has them."""
        self._run.controls.change(**changes)

    def try_now(self) -> None:
        """Have the endpoint asked at once, though it wants to be left alone."""
        self._run.try_now()

    def _state(self, status: LiveStatus, now_s: float) -> tuple[CameraState, float | None]:
        """Return the state and since when, in monotonic seconds."""
        lost_since_s, shown_at_s = status.lost_since_s, status.shown_at_s
        if self.pictures.is_closed:
            return "stopped", shown_at_s
        if shown_at_s is None:
            return "waiting", self._began_s
        if lost_since_s is not None:
            return "lost", lost_since_s
        if self._run.controls.snapshot().paused:
            return "paused", None
        if now_s - shown_at_s > _LOST_AFTER_S and not status.is_photo:
            return "lost", shown_at_s
        return "running", None


def _endpoint_state(status: LiveStatus) -> EndpointState:
    if status.trouble is not None:
        return "trouble"
    if status.calls_used_up:
        return "used_up"
    return "waiting" if status.mask_age_s is None else "answering"
