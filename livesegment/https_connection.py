"""One connection of an HTTPS server until both sides have agreed on a cipher."""

import asyncio
import ssl
from contextlib import suppress
from typing import Any, cast

from uvicorn.server import ServerState

from livesegment.address import network_of
from livesegment.http_connection import Connection, ConnectionLimits


class Handshake(asyncio.Protocol):
    """Becomes a `Connection` when the handshake is done, which has as long as a request's head.

    asyncio would do the same for a server, but unseen: whoever begins a handshake and does not go
    on would have a place for a minute that is counted nowhere.

    Args:
        limits: What it may take.
        tls: The server's certificate.
        server_state: Holds all connections of the server.
        arguments: Those of uvicorn.
    """

    def __init__(
        self,
        *,
        limits: ConnectionLimits,
        tls: ssl.SSLContext,
        server_state: ServerState,
        **arguments: Any,
    ) -> None:
        self._limits, self._tls = limits, tls
        self._connection = Connection(limits=limits, server_state=server_state, **arguments)
        self._connections: set[Any] = server_state.connections
        self._early = b""
        self._is_lost = False
        self._task: asyncio.Task[None] | None = None
        self.network = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake, if there is a place."""
        plain = cast(asyncio.Transport, transport)
        plain.pause_reading()  # from here on TLS reads
        self.network = network_of(str((plain.get_extra_info("peername") or ("",))[0]))
        same = sum(getattr(each, "network", None) == self.network for each in self._connections)
        if len(self._connections) >= self._limits.most or same >= self._limits.most // 2:
            plain.abort()
            return
        self._connections.add(self)
        self._task = asyncio.get_running_loop().create_task(self._agree(plain))

    def data_received(self, data: bytes) -> None:
        """Keep what comes right behind the handshake."""
        self._early += data

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Note that there will be no request."""
        self._is_lost = True

    def shutdown(self) -> None:
        """End it: the server does."""
        if self._task is not None:
            self._task.cancel()

    async def _agree(self, plain: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        try:
            # No TLS, another kind of it, a client that does not like the certificate, or is slow.
            with suppress(OSError):
                secure = await loop.start_tls(
                    plain,
                    self,
                    self._tls,
                    server_side=True,
                    ssl_handshake_timeout=self._limits.head_s,
                )
                if secure is not None and not self._is_lost:
                    self._hand_on(secure)
                    return
            plain.abort()
        finally:
            self._connections.discard(self)

    def _hand_on(self, secure: asyncio.Transport) -> None:
        self._connections.discard(self)
        secure.set_protocol(self._connection)
        self._connection.connection_made(secure)
        if self._early:
            self._connection.data_received(self._early)
