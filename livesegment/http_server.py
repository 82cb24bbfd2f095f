"""Serves a web application on a thread of its own."""

import errno
import os
import socket
import ssl
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Self

import uvicorn

from livesegment.address import addresses_behind
from livesegment.errors import OptionsError
from livesegment.http_connection import Connection, ConnectionLimits, most_connections
from livesegment.https_connection import Handshake
from livesegment.resource import Resource

_BACKLOG = 1024
"""Connections that the system may hold before they are taken."""


class _Listener(socket.socket):
    """A socket that takes connections.

    asyncio takes as many at once as it asks the system to hold: many may wait there, and few be
    taken before the first of them are refused, since each has its descriptor by then.
    """

    def listen(self, backlog: int = _BACKLOG, /) -> None:
        """Listen, with the server's own number of connections that may wait."""
        super().listen(max(backlog, _BACKLOG))


class HttpServer(Resource):
    """An HTTP/1.1 server for one application. Connections are taken once `start` has returned.

    As a context manager it starts itself.

    Args:
        app: The ASGI application.
        host: Address to listen on.
        port: Port to listen on; 0: any free one.
        option: The option that names the address, for the error.
        grace_s: Seconds that requests have to finish when the server stops.
        keep_alive_s: Seconds that an idle connection is kept.
        head_s: Seconds for the head of a request to arrive.
        hangs_after_s: Seconds after which a client that takes nothing of its answer is cut off.
        send_buffer: Bytes that the system may hold for one connection; None: as many as it likes.
        tls: Serves https, with what it knows of certificates; None: http.
        longest_message: Bytes of a WebSocket's message at the most; None: no WebSockets are taken.
        takes_any_port: Whether any free port does where that one is taken.
    """

    def __init__(
        self,
        app: Any,
        host: str,
        port: int,
        *,
        option: str,
        grace_s: int,
        keep_alive_s: int,
        head_s: float = 10.0,
        hangs_after_s: float = 60.0,
        send_buffer: int | None = None,
        tls: ssl.SSLContext | None = None,
        longest_message: int | None = None,
        takes_any_port: bool = False,
    ) -> None:
        self._host, self._port, self._option = host, port, option
        self._takes_any_port = takes_any_port
        self._send_buffer = send_buffer
        most = most_connections()
        limits = ConnectionLimits(most, head_s, hangs_after_s)
        connection: Callable[..., Any] = partial(Connection, limits=limits)
        if tls is not None:
            connection = partial(Handshake, limits=limits, tls=tls)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=connection,  # type: ignore[arg-type]
                ws="none" if longest_message is None else "websockets-sansio",
                ws_max_size=longest_message or 0,
                # Pictures do not get smaller by it, and a few bytes may unpack to very many.
                ws_per_message_deflate=False,
                lifespan="off",
                # URLs hold keys: nothing of a request is ever logged. Below this level uvicorn
                # says only what its clients did wrong, and at its lowest dumps whole requests.
                access_log=False,
                log_config=None,
                log_level="critical",
                server_header=False,
                backlog=max(1, most // 16),
                timeout_keep_alive=keep_alive_s,
                timeout_graceful_shutdown=grace_s,
            )
        )
        self._scheme = "http" if tls is None else "https"
        self._base: tuple[str, int] | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The base URL, such as http://127.0.0.1:9001.

        For a server that listens on every address it is one that leads here from this machine.
        """
        host, port = self._address()
        return self._shown({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._address()[1]

    @property
    def urls_elsewhere(self) -> list[str]:
        """The base URLs by which other machines may find it, if it listens on every address."""
        host, port = self._address()
        return [self._shown(each, port) for each in addresses_behind(host)]

    def _address(self) -> tuple[str, int]:
        if self._base is None:
            raise RuntimeError("the server has no address before it is started")
        return self._base

    def _shown(self, host: str, port: int) -> str:
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def start(self) -> None:
        """Listen, and serve on a thread.

        Raises:
            OptionsError: If the address or port cannot be had.
        """
        listener = self._listener()
        self._base = listener.getsockname()[:2]

        def serve() -> None:
            with listener:  # older versions of uvicorn leave it open
                self._server.run([listener])

        self._thread = threading.Thread(target=serve, name="livesegment-server")
        self._thread.start()

    def close(self) -> None:
        """Finish the requests that are being answered and end. May be called twice."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join()

    def wait(self) -> None:
        """Wait until the server has ended, or until a signal handler raises in this thread."""
        assert self._thread is not None
        # Where a wait without end does not notice Ctrl-C (Windows), the handler runs in between.
        while self._thread.is_alive():
            self._thread.join(1.0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def _listener(self) -> socket.socket:
        """Return a socket that takes connections."""
        host, port = self._host, self._port
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            listener = _Listener(family, kind, protocol)
        except (OSError, UnicodeError) as error:
            raise OptionsError(f"{self._option} {host} is no address of this machine") from error
        try:
            if os.name == "posix":
                # Elsewhere the option would let two servers share a port.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self._send_buffer is not None:
                # Connections inherit it.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._send_buffer)
            try:
                listener.bind(address)
            except OSError as error:
                if error.errno != errno.EADDRINUSE or not self._takes_any_port:
                    raise
                listener.bind((address[0], 0, *address[2:]))
            listener.listen()
        except OSError as error:
            listener.close()
            reason = (error.strerror or str(error)).lower()
            raise OptionsError(f"cannot listen on {host}, port {port}: {reason}") from error
        return listener
