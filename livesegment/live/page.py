"""The page of a live run."""

import logging
from collections.abc import Sequence

from livesegment.events.delivery import Delivery
from livesegment.events.event import Event
from livesegment.events.phone_trial import try_phones
from livesegment.output import LiveRun
from livesegment.review.reading import Places
from livesegment.review.review import Review
from livesegment.settings import LiveOptions, WebOptions
from livesegment.state import review_path
from livesegment.web.broadcast import Broadcast
from livesegment.web.coverage import Coverage
from livesegment.web.encoder import LabelledEncoder, PictureEncoder
from livesegment.web.event_log import EventLog
from livesegment.web.inlet import Inlet
from livesegment.web.live_feed import LiveFeed
from livesegment.web.page_server import PageServer
from livesegment.web.phone_routes import Phones

logger = logging.getLogger(__name__)

CAMERA = "camera"
"""What addresses call the source of a live run."""


class LivePage(PictureEncoder, Delivery):
    """Shows one run on a page, with its events.

    Args:
        address: Where.
        price_per_call: What a call costs; None: not known.
        review: The list of what was seen and recorded, which is closed with the page; None:
            nothing was before.
        inlet: Where the page's own camera sends its pictures; None: they come from elsewhere.
        currency: Of what a price is; None: it is not said.
        notify: Addresses of those who are told of events on a phone; wholly secret.

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
        review: Review | None = None,
        inlet: Inlet | None = None,
        *,
        currency: str | None = None,
        notify: Sequence[str] = (),
    ) -> None:
        super().__init__(Broadcast(), Coverage())
        self.labelled = LabelledEncoder(Broadcast())
        self._price_per_call = price_per_call
        self._currency = currency
        if review is None:
            review = Review()
            review.keep_to([Places(CAMERA)])
        self._review = review
        self._events = EventLog(review=review, camera=CAMERA)
        self._inlet = inlet
        self._feeds: list[LiveFeed] = []
        self._server = PageServer(
            lambda: self._feeds,
            address,
            beat=self._beat,
            inlet=inlet,
            review=review,
            phones=Phones(lambda: len(notify), lambda: try_phones(notify)),
        )

    def on_start(self, run: LiveRun) -> None:
        """Show the page until it is closed.

        Raises:
            OptionsError: If the address or port cannot be had.
        """
        feed = LiveFeed(
            CAMERA,
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
        self._review.stop()
        self._server.close()
        self._review.close()
        super().close()

    def _beat(self) -> float | None:
        return self._feeds[0].answered_at_s if self._feeds else None


def opened_review(options: LiveOptions) -> Review:
    """Return the list of what a run sees and records, with what earlier runs have left."""
    places = Places.of(CAMERA, options)
    has_files = (places.events, places.recording) != (None, None)
    review = Review(review_path(places.in_words) if has_files else None)
    review.keep_to([places])
    return review
