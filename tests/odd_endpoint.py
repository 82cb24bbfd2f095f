"""An endpoint that answers each call as it is told to, byte by byte if need be."""

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO

Answer = Callable[[socket.socket], object]
"""Writes to the connection, which is closed afterwards, unless it returns True; OSError: the client
has left."""

_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)


def raw(head: str, body: bytes) -> Answer:
    """Return an answer of a status and header lines, and a body."""
    start = f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return lambda connection: connection.sendall(start.encode() + body)


def hold(connection: socket.socket, seconds: float | None = None) -> None:
    """Let time pass, without end if no seconds are given; OSError as soon as the client leaves."""
    connection.settimeout(seconds)
    try:
        if not connection.recv(1, socket.MSG_PEEK):
            raise ConnectionResetError("the client has left")
    except TimeoutError:
        return
    finally:
        connection.settimeout(None)


def reset(connection: socket.socket) -> None:
    """End a connection as a machine does that knows nothing of it."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@dataclass
class Call:
    """A call as the endpoint saw it.

    Attributes:
        number: From 0.
        at_s: When all of it had come, monotonic seconds.
        head: Its first line and its headers.
        is_odd: Whether it is not answered as a well endpoint would; for whoever answers to say.
        answered_s: When the last byte of its answer was written; None: not so far.
        body: What was sent, where the endpoint keeps it.
    """

    number: int
    at_s: float
    head: bytes
    is_odd: bool = False
    answered_s: float | None = None
    body: bytes = b""

    @property
    def path(self) -> str:
        """What was asked for, without the query."""
        return self.head.split(b" ", 2)[1].decode().partition("?")[0]


class OddEndpoint:
    """Answers call after call.

    Args:
        answer: Returns the answer to a call, by its number from 0.
        address: Where it is to be found; port 0: any free one.
        keeps_bodies: Whether the log has what was sent.

    Attributes:
        log: Every call that came.
        at_door: What happens to a new connection in the place of calls being read from it.
        address: Where it is to be found, while it serves.
    """

    def __init__(
        self,
        answer: Callable[[int], Answer],
        address: tuple[str, int] = ("127.0.0.1", 0),
        *,
        keeps_bodies: bool = False,
    ) -> None:
        self._keeps_bodies = keeps_bodies
        self.log: list[Call] = []
        self.at_door: Answer | None = None
        self.address = address
        self._answer = answer
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listening: threading.Thread | None = None

    @property
    def calls(self) -> int:
        """How many came."""
        return len(self.log)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve within the block; yields the address."""
        self.open()
        try:
            yield "http://{}:{}".format(*self.address)
        finally:
            self.close()

    def open(self) -> None:
        """Begin to listen, at the same port as before."""
        listener = socket.create_server(self.address, backlog=128)
        self.address = listener.getsockname()[:2]
        self._closing.clear()
        self._listening = threading.Thread(target=self._listen, args=(listener,))
        self._listening.start()

    def close(self, end: Callable[[socket.socket], None] | None = None) -> None:
        """Stop to listen, and end every connection."""
        self._closing.set()
        if self._listening is not None:
            self._listening.join()
        with self._lock:
            ending, threads = list(self._connections), list(self._threads)
        for connection in ending:
            with suppress(OSError):
                if end is not None:
                    end(connection)
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(10)

    def _listen(self, listener: socket.socket) -> None:
        listener.settimeout(0.02)
        with listener:
            while not self._closing.is_set():
                with suppress(TimeoutError):
                    connection, _ = listener.accept()
                    connection.settimeout(None)
                    thread = threading.Thread(target=self._serve, args=(connection,))
                    with self._lock:
                        self._connections.add(connection)
                        self._threads = [each for each in self._threads if each.is_alive()]
                        self._threads.append(thread)
                        thread.start()  # here, or it would count as one that has ended

    def _serve(self, connection: socket.socket) -> None:
        # The client leaving ends it, and so does the endpoint's end.
        with connection, suppress(OSError, ValueError):
            if self.at_door is not None:
                self.at_door(connection)
            else:
                self._answer_calls(connection)
        with self._lock:
            self._connections.discard(connection)

    def _answer_calls(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            while (request := _read_request(stream)) is not None:
                head, body = request
                with self._lock:
                    call = Call(len(self.log), time.monotonic(), head)
                    call.body = body if self._keeps_bodies else b""
                    self.log.append(call)
                goes_on = self._answer(call.number)(connection)
                call.answered_s = time.monotonic()
                if goes_on is not True:
                    return


def _read_request(stream: BinaryIO) -> tuple[bytes, bytes] | None:
    """Return head and body of the next request; None: there is none."""
    head = b""
    while line := stream.readline(65_536):
        if line == b"\r\n":
            length = _LENGTH.search(head)
            return head, stream.read(int(length[1]) if length else 0)
        head += line
    return None
