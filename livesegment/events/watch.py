"""Follows a run and tells what begins and ends in it."""

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from livesegment.events.delivery import Delivery
from livesegment.events.event import Event, Kind
from livesegment.events.rules import AnswerClock, CoverageWatch, OutageWatch
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.metrics import Metrics
from livesegment.resource import Resource
from livesegment.settings.rule import Rule

logger = logging.getLogger(__name__)

COVERAGE_EVERY_S = 5.0
"""Seconds from one report of what is covered to the next."""


Hears = Callable[[Event], object]
"""Takes an event, without waiting."""


class Illustrator(Protocol):
    """Who makes a picture or video of an event and tells it then."""

    def note(self, event: Event, frame_index: int) -> None:
        """Take an event of the picture with this index."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Where events go.

    Attributes:
        deliveries: Get every event.
        audience: Hear of every event.
        illustrator: Gets those of pictures first, and tells them itself; None: nobody does.
    """

    deliveries: Sequence[Delivery] = ()
    audience: Sequence[Hears] = ()
    illustrator: Illustrator | None = None

    def tell(self, event: Event) -> None:
        """Give an event to all."""
        for delivery in self.deliveries:
            delivery.put(event)
        for hear in self.audience:
            hear(event)


class EventWatch(Resource):
    """Steps the rules of one camera. Used by the main thread, which it never makes wait.

    Args:
        camera: What events call the camera; no credentials.
        rules: All of them, see `with_outages`.
        telling: Where events go; it stays the caller's.
        lost_since_s: Says since when the camera is lost, on the clock; None: it is not.
        metrics: Knows calls and masks, and counts `events`.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        camera: str,
        rules: Sequence[Rule],
        telling: Telling,
        lost_since_s: Callable[[], float | None],
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._camera = camera
        self._telling = telling
        self._lost_since_s = lost_since_s
        self._metrics = metrics
        self._clock = clock
        self._coverages = [CoverageWatch(each) for each in rules if each.subject == "coverage"]
        self._outages = [OutageWatch(each) for each in rules if each.subject != "coverage"]
        self._answers = AnswerClock()
        self._going_on: dict[str, str] = {}  # id of each rule's event
        self._frame: Frame | None = None
        self._report_at_s = -float("inf")
        self._is_closed = False

    def see(self, frame: Frame, mask: Mask | None) -> None:
        """Look at a new picture and the mask on it; `frame.pts_s` is what times are measured by."""
        self._frame = frame
        for watch in self._coverages:
            kind = watch.step(frame.pts_s, mask)
            if kind is not None:
                self._show(self._event(watch, kind, frame), frame)
        if frame.pts_s >= self._report_at_s and self._coverages:
            self._report_at_s = frame.pts_s + COVERAGE_EVERY_S
            shares = {watch.rule.name: watch.coverage for watch in self._coverages}
            for delivery in self._telling.deliveries:
                delivery.note_coverage(shares)

    def turn(self) -> None:
        """Look whether pictures and replies still come; called many times a second."""
        now_s = self._clock()
        away = {
            "camera": self._lost_since_s(),
            "endpoint": self._answers.step(
                now_s, self._metrics.get("calls"), self._metrics.get("masks_received")
            ),
        }
        for outage in self._outages:
            kind = outage.step(now_s, away[outage.rule.subject])
            if kind is not None:
                self._telling.tell(self._event(outage, kind, None))

    def close(self) -> None:
        """End what goes on: nobody watches any more. May be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        for watch in self._coverages:
            if watch.is_on and self._frame is not None:
                self._show(self._event(watch, "end", self._frame), self._frame)
        for outage in self._outages:
            if outage.is_on:
                self._telling.tell(self._event(outage, "end", None))

    def _show(self, event: Event, frame: Frame) -> None:
        if self._telling.illustrator is None:
            self._telling.tell(event)
        else:
            self._telling.illustrator.note(event, frame.index)

    def _event(self, watch: CoverageWatch | OutageWatch, kind: Kind, frame: Frame | None) -> Event:
        rule = watch.rule
        if kind == "begin":
            self._going_on[rule.name] = uuid.uuid4().hex
        self._metrics.count("events")
        logger.info("%s: %s %ss", self._camera, rule.name, kind)
        return Event(
            id=self._going_on[rule.name],
            rule=rule.name,
            subject=rule.subject,
            kind=kind,
            camera=self._camera,
            time=_wall_time(0.0 if frame is None else self._clock() - frame.captured_at_s),
            media_s=None if frame is None else frame.pts_s,
            class_name=rule.class_name or None,
            coverage=watch.coverage,
        )


def _wall_time(ago_s: float) -> str:
    """Return the local time of a moment ago, with its zone."""
    moment = datetime.fromtimestamp(time.time() - ago_s, UTC).astimezone()
    return moment.isoformat(timespec="milliseconds")
