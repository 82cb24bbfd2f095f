"""One connection of an HTTP server: what it is refused, and how long it may keep a place."""

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from livesegment.address import network_of

if sys.platform != "win32":
    import resource

_MOST = 512

_READ_AT_ONCE = 2 * 1024
"""Bytes that are read of one client before others have their turn: of headers or pieces of a few
bytes each, more would keep the event loop busy for too long."""

_READ_AT_ONCE_OF_A_BODY = 64 * 1024
"""Bytes that are read of a body whose length is known, which come in no pieces."""

_MOST_PIECES = 20_000
"""Of a body whose length is not known: each takes time, and those of real clients are not small."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What connections may take.

    Attributes:
        most: Connections at once.
        head_s: Seconds for the head of a request to arrive, from its first byte or from the
            beginning of the connection.
        hangs_after_s: Seconds after which a client that takes nothing of an answer is cut off.
    """

    most: int
    head_s: float
    hangs_after_s: float


def most_connections() -> int:
    """Return how many connections a server may have, by the system's limit of descriptors.

    A third of it: each may have a file opened for it, and the rest is for recordings, cameras and
    whatever else the program does.
    """
    if sys.platform == "win32":  # knows no such limit
        return _MOST
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if limit == resource.RLIM_INFINITY else min(_MOST, limit // 3)


class Connection(H11Protocol):
    """A connection that keeps no place for nothing; every refusal is a sentence in JSON.

    - Beyond the bounds of all connections, or of an address, it is closed at once. An address has
      half of them all at most, so that nobody takes them all.
    - The head of a request arrives in a few seconds, or the connection is closed. What a client
      sends of a body after it has been answered counts as a head that does not come.
    - A body does not come in any number of pieces (chunks).
    - A client that takes nothing of its answer is cut off.

    Args:
        limits: What it may take.
        arguments: Those of uvicorn.
    """

    def __init__(self, *, limits: ConnectionLimits, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._limits = limits
        self.network = ""
        self._late: asyncio.TimerHandle | None = None
        self._hanging: asyncio.TimerHandle | None = None
        self._mistake = "this is no HTTP request that can be read"
        self._pieces = 0
        self._is_handed_on = False
        self._next_event = self.conn.next_event
        self.conn.next_event = self._counted_event  # type: ignore[method-assign]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, or refuse it."""
        super().connection_made(transport)
        self._read_at_once(_READ_AT_ONCE)
        self.network = network_of(self.client[0]) if self.client else ""
        most = self._limits.most
        if len(self.connections) > most or self._of_the_same_address() > most // 2:
            wait = (b"retry-after", b"1")
            self._refuse(503, "too many connections: try again in a moment", wait)
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        """Read on, and note whether that has become a request."""
        super().data_received(data)
        if self._is_handed_on:
            return
        is_long = self.conn.their_state is h11.SEND_BODY and self._has_length()
        self._read_at_once(_READ_AT_ONCE_OF_A_BODY if is_long else _READ_AT_ONCE)
        if self.cycle is not None and not self.cycle.response_complete:
            self._forget_late()
        elif self._late is None:
            self._await_head()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection on to who speaks WebSocket."""
        self._read_at_once(_READ_AT_ONCE_OF_A_BODY)
        super().handle_websocket_upgrade(event)
        self._is_handed_on = True
        self._forget_late()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words
        """Refuse what is no HTTP, or takes too long to read."""
        self._refuse(400, self._mistake)

    def pause_writing(self) -> None:
        """Note that the client does not take what it is sent."""
        super().pause_writing()
        self._cut_off_later()

    def resume_writing(self) -> None:
        """Note that it does again."""
        super().resume_writing()
        self._forget_hanging()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, whether the client has taken its last answer or not."""
        super().timeout_keep_alive_handler()
        self._cut_off_later()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._forget_late()
        self._forget_hanging()

    def _read_at_once(self, most: int) -> None:
        # asyncio's own name and number (256 KB).
        self.transport.max_size = most  # type: ignore[attr-defined]

    def _has_length(self) -> bool:
        names = {name for name, _ in self.headers or ()}
        return b"content-length" in names and b"transfer-encoding" not in names

    def _counted_event(self) -> Any:
        """Return what has come next, unless that are too many pieces of one body."""
        event = self._next_event()
        if isinstance(event, h11.Request):
            self._pieces = 0
        elif isinstance(event, h11.Data) and not self._has_length():
            self._pieces += 1
            if self._pieces > _MOST_PIECES:
                self._mistake = f"the body comes in over {_MOST_PIECES} pieces: send larger ones"
                raise h11.RemoteProtocolError(self._mistake)
        return event

    def _of_the_same_address(self) -> int:
        # Other kinds of connections are handshakes, and WebSockets, which know no network.
        return sum(getattr(each, "network", None) == self.network for each in self.connections)

    def _forget_late(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _forget_hanging(self) -> None:
        if self._hanging is not None:
            self._hanging.cancel()
            self._hanging = None

    def _await_head(self) -> None:
        self._late = self.loop.call_later(self._limits.head_s, self._give_up)

    def _give_up(self) -> None:
        has_begun, _ = self.conn.trailing_data
        if has_begun:
            self._refuse(408, f"no whole request came within {self._limits.head_s:g} s")
        else:  # a browser opens connections before it has anything to ask
            self.transport.close()

    def _cut_off_later(self) -> None:
        if self._hanging is None:
            self._hanging = self.loop.call_later(self._limits.hangs_after_s, self.transport.abort)

    def _refuse(self, status: int, sentence: str, *more: tuple[bytes, bytes]) -> None:
        """Answer, where no answer is under way, and close."""
        self.connections.discard(self)
        if self.cycle is not None:  # whatever is about to answer is told that nobody hears it
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        body = json.dumps({"message": sentence}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            *more,
        ]
        phrase = HTTPStatus(status).phrase.encode()
        answer = h11.Response(status_code=status, headers=headers, reason=phrase)
        # Raised where another answer has begun, or HEAD was asked.
        with suppress(h11.LocalProtocolError):
            for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
