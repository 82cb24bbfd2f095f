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
from livesegment.web.encoder import LabelledEncoder, PictureEncoder
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
        currency: Of what a price is; None: it is not said.

    Attributes:
        labelled: Another output of the run, to be opened beside this: pictures for other programs.

    Raises:
        OptionsError: If its certificate cannot be used.
        MissingExtra: If one is to be made, and what makes it is not installed.
    """

    def __init__(
        self,
        address: WebOptions,
        price_per_call: float | None = None,
        events: EventLog | None = None,
        inlet: Inlet | None = None,
        *,
        currency: str | None = None,
    ) -> None:
        super().__init__(Broadcast(), Coverage())
        self.labelled = LabelledEncoder(Broadcast())
        self._price_per_call = price_per_call
        self._currency = currency
        self._events = events or EventLog()
        self._inlet = inlet
        self._feeds: list[LiveFeed] = []
        self._server = PageServer(lambda: self._feeds, address, beat=self._beat, inlet=inlet)

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
            video=self.video,
            labelled=self.labelled.pictures,
            price_per_call=self._price_per_call,
            events=self._events,
            inlet=self._inlet,
        )
        self._feeds = [feed]
        feed.currency = self._currency
        self._server.start()
        for sentence in self._server.announcement():
            logger.info("%s", sentence)
        if self._inlet is not None:
            logger.info("open it in the browser whose camera is wanted: 'Use this camera'")

    def on_tick(self) -> None:
        """Have the next pictures sent: the loop has gone on, so they would not wait."""
        if self._inlet is not None:
            self._inlet.answer_taken()

    def put(self, event: Event) -> None:
        """List an event."""
        self._events.note(event.fields())

    def close(self) -> None:
        """End the page. May be called twice."""
        self._server.close()
        super().close()

    def _beat(self) -> float | None:
        return self._feeds[0].answered_at_s if self._feeds else None


def listed_events(options: EventOptions) -> EventLog:
    """Return the list of a run's events, with those of earlier runs."""
    events = EventLog(None if options.clips is None else Path(options.clips))
    events.load(earlier_events(options))
    return events
