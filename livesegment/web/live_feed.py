"""A live run of this process, as the page sees it."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from livesegment.metrics import LiveStatus, Metrics
from livesegment.settings.controls import ControlPanel, Controls
from livesegment.sources.base import Source
from livesegment.web.broadcast import Broadcast
from livesegment.web.counters import Counters
from livesegment.web.coverage import Coverage
from livesegment.web.event_log import EventLog
from livesegment.web.feed import CameraState, CoveragePoint, EndpointState, Feed, Figures, Report

_LOST_AFTER_S = 3.0  # without a picture, whatever the source says
_RECENT_S = 2.0  # figures of a picture older than this are not of this moment


class LiveFeed(Feed):
    """A run that shows one source.

    Args:
        name: What addresses call it.
        source: What is shown.
        pictures: Its pictures.
        coverage: What its masks covered.
        panel: Its controls.
        status: Says what the run is at.
        try_now: Has the endpoint asked at once.
        metrics: What it counted.
        price_per_call: What a call costs; None: not known.
        events: Its events; None: there are none.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        pictures: Broadcast,
        coverage: Coverage,
        *,
        panel: ControlPanel,
        status: Callable[[], LiveStatus],
        try_now: Callable[[], None] = lambda: None,
        metrics: Metrics,
        price_per_call: float | None = None,
        events: EventLog | None = None,
    ) -> None:
        super().__init__(name, source.name, pictures, events)
        self._source = source
        self._coverage = coverage
        self._panel = panel
        self._status = status
        self._try_now = try_now
        self._metrics = metrics
        self._price_per_call = price_per_call
        self._began_s = time.monotonic()

    def report(self) -> Report:
        """Return what is to be shown beside the picture."""
        status, now_s = self._status(), time.monotonic()
        state, since_s = self._state(status, now_s)
        endpoint = _endpoint_state(status)
        return Report(
            state=state,
            since=None if since_s is None else round(time.time() - (now_s - since_s), 3),
            endpoint=endpoint,
            endpoint_text=(status.trouble or "") if endpoint == "trouble" else "",
            figures=self._figures(status, now_s),
            classes=self._coverage.classes(),
        )

    def counters(self) -> Counters:
        """Return what was counted since the run began."""
        return Counters.of(self._metrics, reconnects=self._source.reconnects)

    @property
    def answered_at_s(self) -> float | None:
        """When the run's loop last went round, monotonic seconds."""
        return self._status().turned_at_s

    def history(self, after: int) -> Sequence[CoveragePoint]:
        """Return what is kept of the coverage of seconds above `after`."""
        return self._coverage.history(after)

    def controls(self) -> Controls:
        """Return the controls as they are."""
        return self._panel.snapshot()

    def change(self, changes: Mapping[str, Any]) -> None:
        """Change controls; the next picture has them."""
        self._panel.change(**changes)

    def try_now(self) -> None:
        """Have the endpoint asked at once, though it wants to be left alone."""
        self._try_now()

    def _state(self, status: LiveStatus, now_s: float) -> tuple[CameraState, float | None]:
        """Return the state and since when, in monotonic seconds."""
        lost_since_s, shown_at_s = self._source.lost_since_s, status.shown_at_s
        if self.pictures.is_closed:
            return "stopped", shown_at_s
        if shown_at_s is None:
            return "waiting", self._began_s
        if lost_since_s is not None:
            return "lost", lost_since_s
        if self._panel.snapshot().paused:
            return "paused", None
        is_photo = self._source.frame_count == 1
        if now_s - shown_at_s > _LOST_AFTER_S and not is_photo:
            return "lost", shown_at_s
        return "running", None

    def _figures(self, status: LiveStatus, now_s: float) -> Figures:
        counted = self._metrics.report()
        is_recent = status.shown_at_s is not None and now_s - status.shown_at_s < _RECENT_S
        price, calls = self._price_per_call, int(counted["calls"])
        return Figures(
            frames_per_s=round(status.frames_per_s, 2) if is_recent else 0.0,
            mask_age_s=status.mask_age_s,
            round_trip_s=status.round_trip_s,
            calls=calls,
            cost=None if price is None else round(calls * price, 4),
            errors=sum(counted["errors"].values()),
            frames_dropped=int(counted["frames_dropped"]),
            reconnects=self._source.reconnects,
        )


def _endpoint_state(status: LiveStatus) -> EndpointState:
    if status.trouble is not None:
        return "trouble"
    if status.calls_used_up:
        return "used_up"
    return "waiting" if status.mask_age_s is None else "answering"
