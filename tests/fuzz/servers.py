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
import os
import random
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from asking import Asker, Target
from described import drawn, operations
from hypothesis import HealthCheck, Phase, given, seed, settings
from odd_requests import odd_requests
from parts import started
from waiting import wait_until

TOKEN, VIEW_TOKEN = "correct horse battery", "staple for looking"
PICTURE = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
PICTURES = [("image/jpeg", PICTURE), ("text/plain", base64.b64encode(PICTURE).decode())]


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
