"""Starts and stops the embedded endpoint."""

from livesegment.http_server import HttpServer
from livesegment.segmenters.base import Segmenter
from livesegment.server.app import build_app
from livesegment.server.key_ring import KeyRing
from livesegment.server.model_pool import ModelPool
from livesegment.settings.serve import ServeOptions

_GRACE_S = 3
"""Seconds that requests have to finish when the server stops."""

_KEEP_ALIVE_S = 75
"""Seconds that an idle connection is kept: a client that pauses should not pay for a new one."""


class EmbeddedServer(HttpServer):
    """The embedded endpoint on a thread of its own, for programs and tests.

    ::

        with EmbeddedServer(BuiltinSegmenter(), ServeOptions(port=0)) as server:
            HttpSegmenter(server.url, "any/1")

    Connections are taken from the moment `start` returns.

    Args:
        segmenter: The model; it stays the caller's to close.
        options: Where to listen and how to answer.

    Raises:
        OptionsError: If the key file is not usable.
    """

    def __init__(self, segmenter: Segmenter, options: ServeOptions | None = None) -> None:
        options = options or ServeOptions()
        self._pool = ModelPool(segmenter.max_concurrency)
        keys = KeyRing.from_file(options.api_key_file) if options.api_key_file else KeyRing()
        super().__init__(
            build_app(segmenter, options, keys=keys, pool=self._pool),
            options.host,
            options.port,
            option="--host",
            grace_s=_GRACE_S,
            keep_alive_s=_KEEP_ALIVE_S,
        )

    def close(self) -> None:
        """Finish the requests that are being answered and end. May be called twice."""
        super().close()
        self._pool.close()
