"""What a camera's process tells the monitor of its run, and what it does at its orders."""

import threading
import time
from collections import deque
from dataclasses import asdict

from livesegment.calls.lease import LeasedQuota
from livesegment.events.delivery import Delivery
from livesegment.events.event import Event
from livesegment.monitor.child_link import ChildLink
from livesegment.monitor.link import Message, packed_points, unpacked_controls
from livesegment.output import LiveRun
from livesegment.web.broadcast import Broadcast
from livesegment.web.coverage import Coverage
from livesegment.web.encoder import LabelledEncoder, PictureEncoder
from livesegment.web.feed import Report
from livesegment.web.live_feed import LiveFeed

_EVERY_S = 1.0
_EVERY_AT_FIRST_S = 0.2  # until pictures come, which somebody may be waiting for


class Reporter(PictureEncoder, Delivery):
    """Sends a run's figures every second, and its pictures while somebody watches.

    That figures come is the sign of life; they say since when the run's loop has not gone round.

    Args:
        link: Leads to the monitor.
        quota: Where calls come from; told of every second.

    Attributes:
        labelled: Another output of the run, to be opened beside this: pictures for other programs.
    """

    def __init__(self, link: ChildLink, quota: LeasedQuota) -> None:
        super().__init__(Broadcast(), Coverage())
        self.labelled = LabelledEncoder(Broadcast())
        self._link = link
        self._quota = quota
        self._sent_to_s = 0
        self._lock = threading.Lock()
        self._early: deque[Message] = deque()  # orders that came before there was a run
        self._live: LiveRun | None = None
        self._is_sent = self._is_labelled_sent = self._is_video_sent = False
        self._closing = threading.Event()
        self._reporting: threading.Thread | None = None

    def on_start(self, run: LiveRun) -> None:
        """Begin to report, and to do what is ordered."""
        feed = LiveFeed("", run, self.pictures, self.coverage)
        with self._lock:
            self._live = run
            while self._early:
                self._obey(self._early.popleft(), run)
        self._reporting = threading.Thread(target=self._report, args=(run, feed), name="report")
        self._reporting.start()

    def put(self, event: Event) -> None:
        """Report an event."""
        self._link.send("event", event=event.fields())

    def close(self) -> None:
        """Report and show no more. May be called twice."""
        self._closing.set()
        if self._reporting is not None:
            self._reporting.join()
        self._link.show(None)
        self._link.show(None, "labelled")
        self._link.show_video(None)
        super().close()

    def take(self, order: Message) -> None:
        """Do what the monitor orders, `orders`, `try_now` or `stop`, as soon as there is a run."""
        with self._lock:
            if self._live is None:
                self._early.append(order)
            else:
                self._obey(order, self._live)

    def _obey(self, order: Message, run: LiveRun) -> None:
        if order.kind == "stop":
            run.stop()
            return
        if order.kind == "try_now":
            run.try_now()
            return
        controls = unpacked_controls(order.fields["controls"])
        run.controls.change(**{name: getattr(controls, name) for name in order.fields["controls"]})
        is_watched = bool(order.fields["is_watched"])
        if is_watched != self._is_sent:
            self._is_sent = is_watched
            self._link.show(self.pictures if is_watched else None)
        is_watched = bool(order.fields["is_labelled_watched"])
        if is_watched != self._is_labelled_sent:
            self._is_labelled_sent = is_watched
            self._link.show(self.labelled.pictures if is_watched else None, "labelled")
        is_watched = bool(order.fields["is_video_watched"])
        if is_watched != self._is_video_sent:
            self._is_video_sent = is_watched
            self._link.show_video(self.video if is_watched else None)
        if order.fields["needs_keyframe"]:
            self.video.ask_for_keyframe()

    def _report(self, run: LiveRun, feed: LiveFeed) -> None:
        second_began_s = time.monotonic()
        while True:
            report = feed.report()
            self._send(run, feed, report)
            is_waiting = report.state in ("starting", "waiting")
            if self._closing.wait(_EVERY_AT_FIRST_S if is_waiting else _EVERY_S):
                return
            if time.monotonic() >= second_began_s + _EVERY_S:
                second_began_s = time.monotonic()
                self._quota.note_second()

    def _send(self, run: LiveRun, feed: LiveFeed, report: Report) -> None:
        points = list(feed.history(self._sent_to_s))
        if points:
            self._sent_to_s = points[-1].second
        turned_at_s = run.status().turned_at_s
        self._link.send(
            "report",
            report=asdict(report),
            snapshot=feed.snapshot().as_json(),
            has_no_video=self.video.has_failed,
            points=packed_points(points),
            idle_s=0.0 if turned_at_s is None else time.monotonic() - turned_at_s,
        )
