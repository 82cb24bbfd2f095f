"""Somebody who comes to a page again and again, and does everything that one can do there."""

import contextlib
import json
import socket
import threading
import urllib.parse
import urllib.request
from collections.abc import Sequence

PATHS = ("/", "/page/app.js", "/api/cameras", "/api/controls", "/metrics", "/healthz", "/nothing")
OF_A_CAMERA = ("/cameras/{}/snapshot.jpg", "/api/cameras/{}/events", "/api/cameras/{}/history")
PATIENCE_S = 10.0


class Visitor:
    """Visits pages on a thread of its own, and stays away for a while after each visit.

    Args:
        urls: The pages.
        away_s: Seconds between two visits.
    """

    def __init__(self, urls: Sequence[str], away_s: float) -> None:
        self._urls = urls
        self._away_s = away_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.visits = 0

    def _run(self) -> None:
        while not self._stopping.wait(self._away_s):
            for url in self._urls:
                self._visit(url)
            self.visits += 1

    def _visit(self, url: str) -> None:
        names = [each["name"] for each in json.loads(_fetched(f"{url}/api/cameras"))["cameras"]]
        name = names[self.visits % len(names)]
        for path in (*PATHS, *(each.format(name) for each in OF_A_CAMERA)):
            _fetched(url + path)
        opacity = 0.3 + self.visits % 5 / 10
        _fetched(f"{url}/api/cameras/{name}/controls", {"opacity": opacity})
        _look(url, f"/cameras/{name}/stream.mjpg")

    def __enter__(self) -> "Visitor":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()


def _fetched(url: str, change: dict[str, float] | None = None) -> bytes:
    body = None if change is None else json.dumps(change).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:
            return reply.read()
    except OSError:
        return b'{"cameras": [{"name": "none"}]}'  # what was killed has no picture, for example


def _look(url: str, path: str) -> None:
    """Watch a stream for a moment and leave without a word."""
    parts = urllib.parse.urlsplit(url)
    with (
        contextlib.suppress(OSError),
        socket.create_connection((parts.hostname, parts.port), PATIENCE_S) as connection,
    ):
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
        connection.recv(65536)
        connection.recv(65536)
