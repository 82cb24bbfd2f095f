"""Follows a run and tells what begins and ends in it."""

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from livesegment.events.clip import ClipRecorder
from livesegment.events.counts import CountWatch
from livesegment.events.delivery import Delivery, deliver
from livesegment.events.event import Event, Kind
from livesegment.events.rules import AnswerClock, CoverageWatch, OutageWatch, SeenWatch
from livesegment.events.switches import Switches, rule_switch
from livesegment.frame import Frame
from livesegment.metrics import Circuit, Metrics
from livesegment.output import LiveRun, Output, Shown, Wants
from livesegment.settings.rule import Rule

logger = logging.getLogger(__name__)

REPORT_EVERY_S = 5.0
"""Seconds from one report of what is covered, and how many there are, to the next."""


class EventWatch(Output):
    """Steps the rules of one camera.

    Args:
        camera: What events call the camera; no credentials.
        rules: All of them, see `with_outages`.
        deliveries: Where events go; they stay the caller's to close.
        lost_since_s: Says since when the camera is lost, on the clock; None: it is not.
        metrics: Knows calls and masks, and counts `events`.
        recorder: Gets the events of pictures first, and tells them with the names of its files;
            None: there are no clips. It stays the caller's to close.
        switches: Says which rules are switched off; None: none is.
        clock: Monotonic seconds.
    """

    wants = Wants.FRAMES

    def __init__(
        self,
        camera: str,
        rules: Sequence[Rule],
        deliveries: Sequence[Delivery],
        lost_since_s: Callable[[], float | None],
        metrics: Metrics,
        *,
        recorder: ClipRecorder | None = None,
        switches: Switches | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._camera = camera
        self._deliveries = deliveries
        self._recorder = recorder
        self._lost_since_s = lost_since_s
        self._metrics = metrics
        self._clock = clock
        self._seen = [_seen_watch(each) for each in rules if not each.is_outage]
        self._outages = [OutageWatch(each) for each in rules if each.is_outage]
        self._switches = switches or Switches()
        self._answers = AnswerClock()
        self._going_on: dict[str, str] = {}  # id of each rule's event
        self._frame: Frame | None = None
        self._report_at_s = -float("inf")
        self._is_closed = False
        self._run: LiveRun | None = None
        self._circuit: Circuit = "closed"

    def on_start(self, run: LiveRun) -> None:
        """Follow how its endpoint is."""
        self._run = run

    def on_frame(self, shown: Shown) -> None:
        """Look at the mask of a new frame; `frame.pts_s` is what times are measured by."""
        self._frame = frame = shown.frame
        for index, watch in enumerate(self._seen):
            if not self._switches.is_on(rule_switch(watch.rule.name)):
                if watch.is_on:
                    self._tell(self._event(watch, "end", frame), frame)
                self._seen[index] = _seen_watch(watch.rule)  # it begins anew one day
                continue
            kind = watch.step(frame.pts_s, shown.counted, shown.answer)
            if kind is not None:
                self._tell(self._event(watch, kind, frame), frame)
        if frame.pts_s >= self._report_at_s and self._seen:
            self._report_at_s = frame.pts_s + REPORT_EVERY_S
            self._report()

    def _report(self) -> None:
        shares = {each.rule.name: each.coverage for each in self._seen if not _counts(each)}
        counts = {each.rule.name: each.count for each in self._seen if _counts(each)}
        for delivery in self._deliveries:
            if shares:
                delivery.note_coverage(shares)
            if counts:
                delivery.note_counts(counts)

    def on_tick(self) -> None:
        """Look whether pictures and replies still come."""
        self._note_circuit()
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
                self._tell(self._event(outage, kind, None), None)

    def _note_circuit(self) -> None:
        circuit: Circuit = "closed" if self._run is None else self._run.status().circuit
        if circuit != self._circuit:
            self._circuit = circuit
            for delivery in self._deliveries:
                delivery.note_circuit(circuit)

    def close(self) -> None:
        """End what goes on: nobody watches any more. May be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        for watch in self._seen:
            if watch.is_on and self._frame is not None:
                self._tell(self._event(watch, "end", self._frame), self._frame)
        for outage in self._outages:
            if outage.is_on:
                self._tell(self._event(outage, "end", None), None)

    def _tell(self, event: Event, frame: Frame | None) -> None:
        if self._recorder is None or frame is None:
            deliver(self._deliveries, event)
        else:
            self._recorder.note(event, frame.index)

    def _event(self, watch: SeenWatch | OutageWatch, kind: Kind, frame: Frame | None) -> Event:
        rule = watch.rule
        if kind == "begin":
            self._going_on[rule.name] = uuid.uuid4().hex
        self._metrics.count("events")
        event = Event(
            id=self._going_on[rule.name],
            rule=rule.name,
            subject=rule.subject,
            kind=kind,
            camera=self._camera,
            time=_wall_time(0.0 if frame is None else self._clock() - frame.captured_at_s),
            media_s=None if frame is None else frame.pts_s,
            class_name=rule.class_name or None,
            coverage=watch.coverage,
            count=watch.count,
            counted=watch.counted,
            circuit=self._circuit if rule.subject == "endpoint" else None,
        )
        many = "" if event.counted_in_words is None else f" ({event.counted_in_words})"
        logger.info("%s: %s %ss%s", self._camera, rule.name, kind, many)
        return event


def _seen_watch(rule: Rule) -> SeenWatch:
    return CountWatch(rule) if rule.subject == "count" else CoverageWatch(rule)


def _counts(watch: SeenWatch) -> bool:
    return isinstance(watch, CountWatch)


def _wall_time(ago_s: float) -> str:
    """Return the local time of a moment ago, with its zone."""
    moment = datetime.fromtimestamp(time.time() - ago_s, UTC).astimezone()
    return moment.isoformat(timespec="milliseconds")
