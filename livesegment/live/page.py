"""The page of a live run."""

import logging
from pathlib import Path

from livesegment.events.delivery import Delivery
from livesegment.events.event import Event
from livesegment.events.jsonl import earlier_events
from livesegment.output import LiveRun
from livesegment.settings import EventOptions, WebOptions
from livesegment.web.broadcast import Broadcast
from livesegment.web.coverage import Coverage
from livesegment.web.encoder import PictureEncoder
from livesegment.web.event_log import EventLog
from livesegment.web.inlet import Inlet
from livesegment.web.live_feed import LiveFeed
from livesegment.web.page_server import PageServer

logger = logging.getLogger(__name__)


class LivePage(PictureEncoder, Delivery):
    """Shows one run on a page, with its events.

    Args:
        address: Where.
        price_per_call: What a call costs; None: not known.
        events: Where the run's events are listed; None: nowhere else.
        inlet: Where the page's own camera sends its pictures; None: they come from elsewhere.
    """

    def __init__(
        self,
        address: WebOptions,
        price_per_call: float | None = None,
        events: EventLog | None = None,
        inlet: Inlet | None = None,
    ) -> None:
        super().__init__(Broadcast(), Coverage())
        self._address = address
        self._price_per_call = price_per_call
        self._events = events or EventLog()
        self._inlet = inlet
        self._server: PageServer | None = None

    def on_start(self, run: LiveRun) -> None:
        """Show the page until it is closed.

        Raises:
            OptionsError: If the address or port cannot be had.
        """
        feed = LiveFeed(
            "camera",
            run,
            self.pictures,
            self.coverage,
            price_per_call=self._price_per_call,
            events=self._events,
            inlet=self._inlet,
        )
        beat = lambda: run.status().turned_at_s  # noqa: E731
        self._server = PageServer(lambda: [feed], self._address, beat=beat, inlet=self._inlet)
        self._server.start()
        logger.info("the page is at %s", self._server.url)
        if self._inlet is not None:
            logger.info("open it in the browser whose camera is wanted: 'Use this camera'")

    def put(self, event: Event) -> None:
        """List an event."""
        self._events.note(event.fields())

    def close(self) -> None:
        """End the page. May be called twice."""
        if self._server is not None:
            self._server.close()
        super().close()


def listed_events(options: EventOptions) -> EventLog:
    """Return the list of a run's events, with those of earlier runs."""
    events = EventLog(None if options.clips is None else Path(options.clips))
    events.load(earlier_events(options))
    return events
