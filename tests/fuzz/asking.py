"""Somebody who asks a server on bare connections, and notes what is answered."""

import http.client
import random
import re
import socket
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from described import as_answer, faults, written

WAIT_S = 6.0  # for an answer
PATIENCE_S = 0.5  # for that to a request whose end may not come


@dataclass
class Target:
    """A server that is asked.

    Attributes:
        name: What it is called.
        url: Its address.
        pid: Its process.
        known: Parameters of paths that lead somewhere.
        people: Headers of those who ask.
    """

    name: str
    url: str
    pid: int
    known: Mapping[str, str]
    people: list[Mapping[str, str]]
    statuses: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)

    @property
    def asked(self) -> int:
        """How many requests were made."""
        return sum(self.statuses.values())

    def measure(self) -> None:
        """Note how much memory its process has, in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        self.memory.append(int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024)


def exchange(
    url: str, source: str, sent: bytes, method: str, wait_s: float
) -> tuple[int, Any, bytes] | None:
    """Return status, headers and body of the answer to some bytes; None: there is none."""
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or 80)
    with socket.create_connection(address, WAIT_S, (source, 0)) as connection:
        try:
            connection.sendall(sent)
            connection.settimeout(wait_s)
            answer = http.client.HTTPResponse(connection, method=method)
            answer.begin()
            connection.settimeout(WAIT_S)
            # Pictures have no end.
            is_stream = answer.getheader("content-type", "").startswith("multipart/")
            return answer.status, answer.getheaders(), answer.read(20_000 if is_stream else None)
        except (ConnectionError, TimeoutError):
            return None


class Asker:
    """Asks one server, and notes what it answers."""

    def __init__(self, target: Target, rest: random.Random) -> None:
        self.target = target
        self._random = rest

    def described(self, case: Any) -> None:
        """Make a request that its document has, or that it nearly has."""
        request = written(case, self.target.url)
        if request is None:
            return
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else bytes(body)
        method, path = str(request.method), request.path_url
        headers = {**request.headers, **self._random.choice(self.target.people)}
        try:
            head = "".join(f"{name}: {_text(value)}\r\n" for name, value in headers.items())
            lines = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{head}".encode("latin-1")
        except UnicodeError:
            return
        length = b"" if "Content-Length" in headers else b"Content-Length: %d\r\n" % len(body)
        self._ask(lines + length + b"Connection: close\r\n\r\n" + body, method, case, WAIT_S)

    def odd(self, sent: bytes) -> None:
        """Write some bytes."""
        who = self._random.choice(self.target.people)
        head = "".join(f"{name}: {value}\r\n" for name, value in who.items()).encode()
        first, end, rest = sent.partition(b"\r\n")
        method = first.partition(b" ")[0].decode("latin-1")
        self._ask(first + end + head + rest, method, None, PATIENCE_S)

    def _ask(self, sent: bytes, method: str, case: Any, wait_s: float) -> None:
        # Guesses of an address queue: those of one that is new are looked at at once.
        source = "127." + ".".join(str(self._random.randint(1, 254)) for _ in range(3))
        answered = exchange(self.target.url, source, sent, method, wait_s)
        if answered is None:
            self.target.statuses["none"] += 1
            return
        status, headers, body = answered
        self.target.statuses[str(status)] += 1
        answer = as_answer(method, self.target.url, status, headers, body)
        for each in faults(case, answer):
            what = f"{sent[:120]!r}: {each}"
            if self.target.wrong[each.splitlines()[0]] < 3:
                print(f"  {self.target.name}: {what}", flush=True)
            self.target.wrong[each.splitlines()[0]] += 1


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
