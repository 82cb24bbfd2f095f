"""What a camera's process tells the monitor of its run, and what it does at its orders."""

import threading
import time
from collections import deque
from dataclasses import asdict

from livesegment.calls.lease import LeasedTurns
from livesegment.events.delivery import Delivery
from livesegment.events.event import Event
from livesegment.monitor.child_link import ChildLink
from livesegment.monitor.link import Message, packed_points, unpacked_controls
from livesegment.output import LiveRun
from livesegment.web.broadcast import Broadcast
from livesegment.web.coverage import Coverage
from livesegment.web.encoder import PictureEncoder
from livesegment.web.feed import Report
from livesegment.web.live_feed import LiveFeed

_EVERY_S = 1.0
_EVERY_AT_FIRST_S = 0.2  # until pictures come, which somebody may be waiting for


class Reporter(PictureEncoder, Delivery):
    """Sends a run's figures every second, and its pictures while somebody watches.

    That figures come is the sign of life; they say since when the run's loop has not gone round.

    Args:
        link: Leads to the monitor.
        turns: Where calls come from; told of every second.
        orders: What the monitor wants.
    """

    def __init__(self, link: ChildLink, turns: LeasedTurns, orders: "Orders") -> None:
        super().__init__(Broadcast(), Coverage())
        self._link = link
        self._turns = turns
        self._orders = orders
        self._sent_to_s = 0
        self._closing = threading.Event()
        self._reporting: threading.Thread | None = None

    def on_start(self, run: LiveRun) -> None:
        """Begin to report, and to do what is ordered."""
        feed = LiveFeed("", run, self.pictures, self.coverage)
        self._orders.obey_in(run, self)
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
        super().close()

    def show(self, *, is_watched: bool) -> None:
        """Send pictures or not."""
        self._link.show(self.pictures if is_watched else None)

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
                self._turns.note_second()

    def _send(self, run: LiveRun, feed: LiveFeed, report: Report) -> None:
        points = list(feed.history(self._sent_to_s))
        if points:
            self._sent_to_s = points[-1].second
        turned_at_s = run.status().turned_at_s
        self._link.send(
            "report",
            report=asdict(report),
            snapshot=feed.snapshot().as_json(),
            points=packed_points(points),
            idle_s=0.0 if turned_at_s is None else time.monotonic() - turned_at_s,
        )


class Orders:
    """What the monitor wants: kept until there is a run, then done at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._early: deque[Message] = deque()
        self._run: LiveRun | None = None
        self._reporter: Reporter | None = None
        self._is_watched = False

    def take(self, message: Message) -> None:
        """Take an order: `orders` or `stop`."""
        with self._lock:
            if self._run is None or self._reporter is None:
                self._early.append(message)
            else:
                self._do(message, self._run, self._reporter)

    def obey_in(self, run: LiveRun, reporter: Reporter) -> None:
        """Do what was ordered, and from now on what will be."""
        with self._lock:
            self._run, self._reporter = run, reporter
            while self._early:
                self._do(self._early.popleft(), run, reporter)

    def _do(self, message: Message, run: LiveRun, reporter: Reporter) -> None:
        if message.kind == "stop":
            run.stop()
            return
        controls = unpacked_controls(message.fields["controls"])
        changes = {name: getattr(controls, name) for name in message.fields["controls"]}
        run.controls.change(**changes)
        is_watched = bool(message.fields["is_watched"])
        if is_watched != self._is_watched:
            self._is_watched = is_watched
            reporter.show(is_watched=is_watched)
