"""The page of a live run."""

import logging
from collections.abc import Callable

from livesegment.controls import ControlPanel
from livesegment.options import LiveOptions, WebOptions
from livesegment.resource import Resource
from livesegment.sources.base import Source
from livesegment.telemetry import LiveStatus, Telemetry
from livesegment.web.broadcast import Broadcast
from livesegment.web.coverage import Coverage
from livesegment.web.encoder import PictureEncoder
from livesegment.web.live_feed import LiveFeed
from livesegment.web.page_server import PageServer

logger = logging.getLogger(__name__)


class LivePage(Resource):
    """Shows one run on a page.

    Args:
        address: Where.
        source: What is shown.
        panel: The run's controls.
        telemetry: What it counts.

    Attributes:
        view: Takes the run's pictures.
    """

    def __init__(
        self, address: WebOptions, source: Source, panel: ControlPanel, telemetry: Telemetry
    ) -> None:
        self._address = address
        self._source = source
        self._panel = panel
        self._telemetry = telemetry
        self._coverage = Coverage()
        self._pictures = Broadcast()
        self._server: PageServer | None = None
        self.view = PictureEncoder(self._pictures, self._coverage)

    def serve(self, status: Callable[[], LiveStatus], options: LiveOptions) -> None:
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
            status=status,
            telemetry=self._telemetry,
            price_per_call=options.price_per_call,
        )
        self._server = PageServer(lambda: [feed], self._address)
        self._server.start()
        logger.info("the page is at %s", self._server.url)

    def close(self) -> None:
        """End the page. May be called twice."""
        if self._server is not None:
            self._server.stop()
        self.view.close()
