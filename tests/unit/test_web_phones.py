"""A test message to phones, sent from the page."""

import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import quote

import httpx
import pytest
from conftest import need_package
from feeds import HandFeed, served
from marked import marked, shown_in
from receiver import Receiver

from livesegment.errors import LiveSegmentError, SinkError
from livesegment.events.phone_trial import try_phones
from livesegment.web.phone_routes import Phones

PATH = "/api/notify/test"


class Held:
    """Phones that answer when a test lets them."""

    def __init__(self) -> None:
        self.asked, self.answer = threading.Event(), threading.Event()
        self.error: LiveSegmentError | None = None
        self.there = 1

    def try_all(self) -> Mapping[str, bool]:
        self.asked.set()
        assert self.answer.wait(20)
        if self.error is not None:
            raise self.error
        return {"notify 1 (ntfy)": True, "notify 2 (json)": False}


@contextmanager
def page(held: Held) -> Iterator[httpx.Client]:
    phones = Phones(lambda: held.there, held.try_all)
    with (
        served(HandFeed(), phones=phones) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client,
    ):
        yield client


def test_who_took_it_is_said_and_one_is_sent_at_a_time() -> None:
    held = Held()
    with page(held) as client, ThreadPoolExecutor(1) as beside:
        first = beside.submit(client.post, PATH, json={})
        assert held.asked.wait(20)
        second = client.post(PATH, json={})
        # Whoever waits for phones holds up nobody.
        assert client.get("/api/cameras").json()["phones"] == 1
        held.answer.set()
        told = first.result().json()["told"]
        again = client.post(PATH, json={})
    assert second.status_code == 409
    assert told == [
        {"place": "notify 1 (ntfy)", "is_told": True},
        {"place": "notify 2 (json)", "is_told": False},
    ]
    assert again.json()["told"] == told


def test_why_none_was_sent_is_said_and_the_next_one_may_be() -> None:
    held = Held()
    held.answer.set()
    held.error = error = SinkError("not everybody has answered within 45 s")
    with page(held) as client:
        failed = client.post(PATH, json={})
        held.error = None
        assert client.post(PATH, json={}).status_code == 200
        held.there = 0
        nobody = client.post(PATH, json={})
        assert client.get("/api/cameras").json()["phones"] == 0
    assert (failed.status_code, failed.json()["message"]) == (502, str(error))
    assert (nobody.status_code, nobody.json()["message"]) == (
        404,
        "nobody is told of events on a phone",
    )


def test_a_page_that_ends_does_not_wait_for_phones() -> None:
    held = Held()
    with ThreadPoolExecutor(1) as beside:
        with page(held) as client:
            waiting = beside.submit(client.post, PATH, json={})
            assert held.asked.wait(20)
            began_s = time.monotonic()
        assert time.monotonic() - began_s < 15
        held.answer.set()
        assert isinstance(waiting.exception(20), httpx.HTTPError) or waiting.result().is_error


def test_phones_are_told_by_a_process_and_no_address_is_in_what_comes_of_it() -> None:
    need_package("apprise", extra="notify")
    secret = marked("topic")
    quoted = quote(secret, safe="")
    good, bad = Receiver(200), Receiver(403)
    with good.serving() as url, bad.serving() as other:
        addresses = [
            f"ntfy://anna:{quoted}@{url.removeprefix('http://')}/yard",
            f"json://{other.removeprefix('http://')}/{quoted}",
        ]
        assert try_phones(addresses) == {"notify 1 (ntfy)": True, "notify 2 (json)": False}
        errors = []
        for more, patience_s in (([f"nonsense://{quoted}"], 30), ([], 0.01)):
            with pytest.raises(SinkError) as caught:
                try_phones([*addresses, *more], patience_s)
            errors.append(str(caught.value))
    assert (len(good.requests), len(bad.requests)) == (1, 1)
    assert "address 3 of --notify (events.notify) is none that Apprise knows" in errors[0]
    assert errors[1] == "not everybody has answered within 0.01 s"
    assert shown_in({"errors": " ".join(errors)}, [secret]) == []
