"""Thousands of requests to a real endpoint and a real page: what they answer, and what they hold.

Run: `python tests/fuzz/servers.py [--requests 10000] [--seed 1]`. `livesegment serve` and a page of
`livesegment live` with two tokens are started as a user starts them. Two thirds of the requests are
drawn from their own OpenAPI documents, right and wrong ones; the rest is written byte by byte: odd
methods, paths and headers, bodies that do not come, and what is hardly HTTP. Every request comes on
a connection of its own, from an address of its own, as nobody, with either token, or logged in.

It ends with 1 if there was an answer 500, a refusal that is no sentence in JSON, an answer that the
document does not have, or a traceback.
"""

import argparse
import base64
import http.client
import os
import random
import re
import socket
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from described import as_answer, drawn, faults, operations, written
from hypothesis import HealthCheck, Phase, given, seed, settings
from odd_requests import odd_requests
from parts import started
from waiting import wait_until

TOKEN, VIEW_TOKEN = "correct horse battery", "staple for looking"
WAIT_S = 6.0  # for an answer
PATIENCE_S = 0.5  # for that to a request whose end may not come
PICTURE = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
PICTURES = [("image/jpeg", PICTURE), ("text/plain", base64.b64encode(PICTURE).decode())]


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


def ask_all(target: Target, count: int, number: int) -> None:
    """Make that many requests of a server, two thirds of them as its document says."""
    headers = target.people[-1]
    document = httpx.get(f"{target.url}/openapi.json", headers=headers, trust_env=False).json()
    asker = Asker(target, random.Random(number))
    known = operations(document)
    many = [each for each in known if each.body or each.query or len(each.path_parameters)]

    def draw(strategy: Any, most: int, ask: Callable[[Any], None]) -> None:
        if most < 1:
            return

        @seed(number)
        @settings(
            max_examples=most,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(strategy)
        def each(what: Any) -> None:
            if target.asked < count:
                ask(what)
                if target.asked % max(1, count // 10) == 0:
                    target.measure()

        each()

    target.measure()
    for position, operation in enumerate([*known, *many]):
        most = (
            5
            if position < len(known)
            else (2 * count // 3 - target.asked) // max(1, len(known) + len(many) - position)
        )
        draw(drawn(operation, target.known, PICTURES), most, asker.described)
    while target.asked < count:
        draw(odd_requests(document["paths"], target.known), count - target.asked, asker.odd)
        number += 1
    target.measure()


@contextmanager
def serving(
    folder: Path, *arguments: str, line: str, **environment: str
) -> Iterator[tuple[str, int, list[str]]]:
    """Run a server; yields its address, its process and what it says."""
    said: list[str] = []
    with started(folder, *arguments, environment={**os.environ, **environment}) as program:

        def listen() -> None:
            assert program.stderr is not None
            said.extend(iter(program.stderr.readline, ""))

        reader = threading.Thread(target=listen)
        reader.start()
        try:
            found = wait_until(lambda: re.search(line, "".join(said)), f"{line} being said")
            yield found[1], program.pid, said
        finally:
            program.terminate()
            program.wait(30)
            reader.join(30)


def logged_in(url: str, token: str) -> Mapping[str, str]:
    """Return the cookie of somebody who has logged in."""
    answer = httpx.post(f"{url}/login", json={"token": token}, trust_env=False)
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


def people_of(url: str) -> list[Mapping[str, str]]:
    """Return the headers of everybody who asks a page."""
    password = base64.b64encode(f"any:{VIEW_TOKEN}".encode()).decode()
    return [
        {},
        {"Authorization": "Basic bm9ib2R5Ondyb25n"},
        {"Authorization": f"Basic {password}"},
        logged_in(url, VIEW_TOKEN),
        logged_in(url, TOKEN),  # until somebody logs out
        *[{"Authorization": f"Bearer {TOKEN}"}] * 7,
    ]


def report(target: Target) -> None:
    """Print what came of it."""
    statuses = ", ".join(f"{name} {n}" for name, n in sorted(target.statuses.items()))
    refusals = sum(n for what, n in target.wrong.items() if what.startswith("a refusal"))
    others = sum(target.wrong.values()) - refusals - target.wrong["500"]
    print(f"{target.name}: {target.asked} requests; {statuses}")
    print(f"  answers 500: {target.statuses['500']}; refusals that are no sentence: {refusals}")
    print(f"  answers that its document does not have: {others}")
    print("  memory at each tenth, MB:", *(f"{each:.0f}" for each in target.memory))


def main() -> int:
    """Start the servers, ask them, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--of", choices=("serve", "page", "both"), default="both")
    chosen = parser.parse_args()
    tokens = {"LIVESEGMENT_WEB_TOKEN": TOKEN, "LIVESEGMENT_WEB_VIEW_TOKEN": VIEW_TOKEN}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url, pid, said = stack.enter_context(
            serving(folder, "serve", "--port", "0", line=r"(http://[\d.:]+)")
        )
        endpoint = Target("serve", url, pid, {"slug": "a/b", "version": "1"}, [{}])
        page_url, page_pid, page_said = stack.enter_context(
            serving(
                folder,
                *("live", "pattern:320x180@10", "--no-window", "--web", "127.0.0.1:0"),
                *("--endpoint", url, "--model", "any/1", "--call-rate", "5", "--clips", "clips"),
                *("--rule", "person < 99% for 0.1s named always", "--post", "1"),
                line=r"the page is at (http://[\d.:]+)",
                **tokens,
            )
        )
        snapshots = folder / "clips"
        kept = wait_until(lambda: list(snapshots.glob("*.jpg")), "a picture of an event")
        known = {"name": "camera", "file": kept[0].name}
        page = Target("page of live", page_url, page_pid, known, people_of(page_url))
        wanted = {"serve": [endpoint], "page": [page], "both": [endpoint, page]}[chosen.of]
        for target in wanted:
            ask_all(target, chosen.requests // len(wanted), chosen.seed)
            report(target)
    log = "".join((*said, *page_said))
    faulty = log.partition("Traceback")[2][:4000]
    told = log.count(TOKEN) + log.count(VIEW_TOKEN)
    print(f"tracebacks: {log.count('Traceback')}; tokens in what they said: {told}")
    print(faulty, end="")
    return 1 if endpoint.wrong or page.wrong or faulty or told else 0


if __name__ == "__main__":
    sys.exit(main())
