"""What a camera's process tells the monitor of its run, and what it does at its orders."""

import threading
import time
from collections import deque
from dataclasses import asdict

from livesegment.calls.lease import LeasedQuota
from livesegment.events.event import Event
from livesegment.live.loop import LiveLoop
from livesegment.live.outputs import Onlooker
from livesegment.metrics import Metrics
from livesegment.monitor.child_link import ChildLink
from livesegment.monitor.link import Message, packed_points, unpacked_controls
from livesegment.settings.controls import ControlPanel
from livesegment.sources.base import Source
from livesegment.web.broadcast import Broadcast
from livesegment.web.coverage import Coverage
from livesegment.web.encoder import PictureEncoder
from livesegment.web.feed import Report
from livesegment.web.live_feed import LiveFeed

_EVERY_S = 1.0
_EVERY_AT_FIRST_S = 0.2  # until pictures come, which somebody may be waiting for


class Reporter(Onlooker):
    """Sends a run's figures every second, and its pictures while somebody watches.

    That figures come is the sign of life; they say since when the run's loop has not gone round.

    Args:
        link: Leads to the monitor.
        quota: Where calls come from; told of every second.
        orders: What the monitor wants.
        source: What is shown.
        panel: Its controls.
        metrics: What it counts.
    """

    def __init__(
        self,
        link: ChildLink,
        quota: LeasedQuota,
        orders: "Orders",
        source: Source,
        panel: ControlPanel,
        metrics: Metrics,
    ) -> None:
        self._link = link
        self._quota = quota
        self._orders = orders
        self._source = source
        self._metrics = metrics
        self._coverage = Coverage()
        self._sent_to_s = 0
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self.panel = panel
        self.pictures = Broadcast()
        self.view = self._encoder = PictureEncoder(self.pictures, self._coverage)

    def attend(self, loop: LiveLoop) -> None:
        """Begin to report, and to do what is ordered."""
        feed = LiveFeed(
            "",
            self._source,
            self.pictures,
            self._coverage,
            panel=self.panel,
            status=loop.status,
            try_now=loop.try_now,
            metrics=self._metrics,
        )
        self._orders.obey_in(loop, self)
        self._thread = threading.Thread(target=self._run, args=(loop, feed), name="report")
        self._thread.start()

    def hear(self, event: Event) -> None:
        """Report an event."""
        self._link.send("event", event=event.fields())

    def close(self) -> None:
        """Report and show no more. May be called twice."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        self._link.show(None)
        self._encoder.close()

    def show(self, *, is_watched: bool) -> None:
        """Send pictures or not."""
        self._link.show(self.pictures if is_watched else None)

    def _run(self, loop: LiveLoop, feed: LiveFeed) -> None:
        second_began_s = time.monotonic()
        while True:
            report = feed.report()
            self._send(loop, feed, report)
            is_waiting = report.state in ("starting", "waiting")
            if self._closing.wait(_EVERY_AT_FIRST_S if is_waiting else _EVERY_S):
                return
            if time.monotonic() >= second_began_s + _EVERY_S:
                second_began_s = time.monotonic()
                self._quota.note_second()

    def _send(self, loop: LiveLoop, feed: LiveFeed, report: Report) -> None:
        points = list(feed.history(self._sent_to_s))
        if points:
            self._sent_to_s = points[-1].second
        turned_at_s = loop.turned_at_s
        self._link.send(
            "report",
            report=asdict(report),
            counters=asdict(feed.counters()),
            points=packed_points(points),
            idle_s=0.0 if turned_at_s is None else time.monotonic() - turned_at_s,
        )


class Orders:
    """What the monitor wants: kept until there is a run, then done at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._early: deque[Message] = deque()
        self._loop: LiveLoop | None = None
        self._reporter: Reporter | None = None
        self._is_watched = False

    def take(self, message: Message) -> None:
        """Take an order: `orders`, `try_now` or `stop`."""
        with self._lock:
            if self._loop is None or self._reporter is None:
                self._early.append(message)
            else:
                self._do(message, self._loop, self._reporter)

    def obey_in(self, loop: LiveLoop, reporter: Reporter) -> None:
        """Do what was ordered, and from now on what will be."""
        with self._lock:
            self._loop, self._reporter = loop, reporter
            while self._early:
                self._do(self._early.popleft(), loop, reporter)

    def _do(self, message: Message, loop: LiveLoop, reporter: Reporter) -> None:
        if message.kind == "stop":
            loop.stop()
            return
        if message.kind == "try_now":
            loop.try_now()
            return
        controls = unpacked_controls(message.fields["controls"])
        reporter.panel.change(
            **{name: getattr(controls, name) for name in message.fields["controls"]}
        )
        is_watched = bool(message.fields["is_watched"])
        if is_watched != self._is_watched:
            self._is_watched = is_watched
            reporter.show(is_watched=is_watched)
