"""The page of a live run."""

import logging
from pathlib import Path

from livesegment.events.event import Event
from livesegment.events.jsonl import earlier_events
from livesegment.live.loop import LiveLoop
from livesegment.live.outputs import Onlooker
from livesegment.metrics import Metrics
from livesegment.settings import EventOptions, WebOptions
from livesegment.settings.controls import ControlPanel
from livesegment.sources.base import Source
from livesegment.web.broadcast import Broadcast
from livesegment.web.coverage import Coverage
from livesegment.web.encoder import PictureEncoder
from livesegment.web.event_log import EventLog
from livesegment.web.live_feed import LiveFeed
from livesegment.web.page_server import PageServer

logger = logging.getLogger(__name__)


class LivePage(Onlooker):
    """Shows one run on a page.

    Args:
        address: Where.
        price_per_call: What a call costs; None: not known.
        source: What is shown.
        panel: The run's controls.
        metrics: What it counts.
        events: Where the run's events are listed; None: nowhere else.
    """

    def __init__(
        self,
        address: WebOptions,
        price_per_call: float | None,
        source: Source,
        panel: ControlPanel,
        metrics: Metrics,
        *,
        events: EventLog | None = None,
    ) -> None:
        self._address = address
        self._events = events or EventLog()
        self._price_per_call = price_per_call
        self._source = source
        self._panel = panel
        self._metrics = metrics
        self._coverage = Coverage()
        self._pictures = Broadcast()
        self._server: PageServer | None = None
        self.view = self._encoder = PictureEncoder(self._pictures, self._coverage)

    def attend(self, loop: LiveLoop) -> None:
        """Show the page until it is closed.

        Raises:
            OptionsError: If the address or port cannot be had.
        """
        feed = LiveFeed(
            "camera",
            self._source,
            self._pictures,
            self._coverage,
            panel=self._panel,
            status=loop.status,
            try_now=loop.try_now,
            metrics=self._metrics,
            price_per_call=self._price_per_call,
            events=self._events,
        )
        self._server = PageServer(lambda: [feed], self._address, beat=lambda: loop.turned_at_s)
        self._server.start()
        logger.info("the page is at %s", self._server.url)

    def hear(self, event: Event) -> None:
        """List an event."""
        self._events.note(event.fields())

    def close(self) -> None:
        """End the page. May be called twice."""
        if self._server is not None:
            self._server.stop()
        self._encoder.close()


def listed_events(options: EventOptions) -> EventLog:
    """Return the list of a run's events, with those of earlier runs."""
    events = EventLog(None if options.clips is None else Path(options.clips))
    events.load(earlier_events(options))
    return events
