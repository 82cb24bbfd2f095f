"""An endpoint that answers each call as it is told to, byte by byte if need be."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[socket.socket], None]
"""Writes to the connection, which is closed afterwards; OSError: the client has left."""


def raw(head: str, body: bytes) -> Answer:
    """Return an answer of a status and header lines, and a body."""
    start = f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return lambda connection: connection.sendall(start.encode() + body)


class OddEndpoint:
    """Answers call after call.

    Args:
        answer: Returns the answer to a call, by its number from 0.

    Attributes:
        calls: How many came.
        url: Its address.
    """

    def __init__(self, answer: Callable[[int], Answer]) -> None:
        self.calls = 0
        self._answer = answer
        self._lock = threading.Lock()

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve within the block; yields the address."""
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                with endpoint._lock:
                    number = endpoint.calls
                    endpoint.calls += 1
                self.close_connection = True
                try:
                    endpoint._answer(number)(self.connection)
                except OSError:
                    return

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}"
            finally:
                server.shutdown()
                thread.join(10)
