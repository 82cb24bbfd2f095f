"""Serves until told to stop: what `livesegment serve` does."""

import logging

from livesegment.segmenters.base import Segmenter
from livesegment.server.embedded import EmbeddedServer
from livesegment.server.options import ServeOptions

logger = logging.getLogger(__name__)


def run_server(segmenter: Segmenter, options: ServeOptions) -> None:
    """Serve until a signal handler of the caller's raises in this thread.

    Logs the address at INFO when connections are taken. Requests that are being answered are
    finished before it returns, within a few seconds.

    Args:
        segmenter: The model; it stays the caller's to close.
        options: Where to listen and how to answer.

    Raises:
        OptionsError: If the address or port cannot be had, or the key file is not usable.
    """
    with EmbeddedServer(segmenter, options) as server:
        logger.info("listening on %s", server.url)
        server.wait()
