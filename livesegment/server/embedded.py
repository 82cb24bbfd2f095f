"""Starts and stops the embedded endpoint."""

import os
import socket
import threading
from types import TracebackType
from typing import Self

import uvicorn

from livesegment.errors import OptionsError
from livesegment.segmenters.base import Segmenter
from livesegment.server.app import build_app
from livesegment.server.key_ring import KeyRing
from livesegment.server.model_pool import ModelPool
from livesegment.server.options import ServeOptions

_BACKLOG = 1024
_GRACE_S = 3
"""Seconds that requests have to finish when the server stops."""

_KEEP_ALIVE_S = 75
"""Seconds that an idle connection is kept: a client that pauses should not pay for a new one."""


class EmbeddedServer:
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
        self._options = options
        self._pool = ModelPool(segmenter.max_concurrency)
        keys = KeyRing.from_file(options.api_key_file) if options.api_key_file else KeyRing()
        app = build_app(segmenter, options, keys=keys, pool=self._pool)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                # URLs hold keys: nothing of a request is ever logged. Below this level uvicorn
                # says only what its clients did wrong, and at its lowest dumps whole requests.
                access_log=False,
                log_config=None,
                log_level="critical",
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._url: str | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The base URL, such as http://127.0.0.1:9001.

        For a server that listens on every address it is one that leads here from this machine.
        """
        if self._url is None:
            raise RuntimeError("the server has no address before it is started")
        return self._url

    def start(self) -> None:
        """Listen, and serve on a thread.

        Raises:
            OptionsError: If the address or port cannot be had.
        """
        listener = _listener(self._options.host, self._options.port)
        self._url = _url(listener)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="livesegment-server"
        )
        self._thread.start()

    def stop(self) -> None:
        """Finish the requests that are being answered and end. May be called twice."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()
        self._pool.close()

    def wait(self) -> None:
        """Wait until the server has ended, or until a signal handler raises in this thread."""
        assert self._thread is not None
        # Where a wait without end does not notice Ctrl-C (Windows), the handler runs in between.
        while self._thread.is_alive():
            self._thread.join(1.0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _listener(host: str, port: int) -> socket.socket:
    """Return a socket that takes connections."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise OptionsError(f"--host {host} is no address of this machine") from error
    try:
        if os.name == "posix":
            # Elsewhere the option would let two servers share a port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        raise OptionsError(f"cannot listen on {host}, port {port}: {reason}") from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
