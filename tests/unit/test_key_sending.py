"""The key goes in a header, and into the address only where an endpoint asks for it there."""

import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from marked import marked, shown_in
from parts import SIZE, frame

from livesegment.errors import AuthenticationFailed, RateLimited
from livesegment.mask import Mask
from livesegment.protocol.reply import flat_reply
from livesegment.segmenters.http import HttpSegmenter

KEY = marked("key")
GOOD = json.dumps(flat_reply(Mask(np.ones(SIZE[::-1], np.uint8), {1: "object"}))).encode()

Seen = tuple[str | None, str | None]


class Gate:
    """Answers requests, and notes where they have the key: in the header, in the query."""

    def __init__(self, status: Callable[[Seen], int]) -> None:
        self.seen: list[Seen] = []
        self._status = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        places = (request.headers.get("authorization"), request.url.params.get("api_key"))
        self.seen.append(places)
        status = self._status(places)
        said = b'{"Message": "User is not authorized to access this resource"}'
        if status == 400:
            said = b'{"message": "Required Roboflow API key is missing. Visit https://docs"}'
        return httpx.Response(status, content=GOOD if status == 200 else said)

    def segmenter(self, key: str | None = KEY, url: str = "http://host") -> HttpSegmenter:
        """Return who asks here."""
        return HttpSegmenter(url, "any/1", api_key=key, transport=httpx.MockTransport(self))


IN_HEADER, IN_BOTH = (f"Bearer {KEY}", None), (f"Bearer {KEY}", KEY)


def test_an_endpoint_that_reads_the_header_never_sees_the_key_in_an_address() -> None:
    answered = [200]
    gate = Gate(lambda _: answered[-1])
    with gate.segmenter() as segmenter:
        for _ in range(3):
            segmenter.segment(frame(1))
        answered.append(403)  # the key was taken back
        with pytest.raises(AuthenticationFailed):
            segmenter.segment(frame(1))
    assert gate.seen == [IN_HEADER] * 4


@pytest.mark.parametrize("refusal", [400, 401, 403])
def test_an_endpoint_that_reads_the_query_is_found_out_by_one_refusal(
    refusal: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    gate = Gate(lambda places: 200 if places[1] == KEY else refusal)
    with gate.segmenter() as segmenter:
        for _ in range(3):
            assert segmenter.segment(frame(1)).class_map == {1: "object"}
    assert gate.seen == [IN_HEADER, IN_BOTH, IN_BOTH, IN_BOTH]
    assert "http://host reads the key in the address only" in caplog.text
    assert not shown_in(caplog.text, [KEY])


def test_a_key_that_is_wrong_is_tried_in_an_address_once() -> None:
    gate = Gate(lambda _: 403)
    with gate.segmenter() as segmenter:
        for _ in range(3):
            with pytest.raises(AuthenticationFailed, match="does not accept the API key"):
                segmenter.segment(frame(1))
    assert gate.seen == [IN_HEADER, IN_BOTH, IN_HEADER, IN_HEADER]


def test_what_else_goes_wrong_with_the_second_try_says_nothing_of_the_key() -> None:
    refusals = [429]
    gate = Gate(lambda places: 401 if places[1] is None else refusals.pop() if refusals else 200)
    with gate.segmenter() as segmenter:
        with pytest.raises(RateLimited):
            segmenter.segment(frame(1))
        segmenter.segment(frame(1))
        segmenter.segment(frame(1))
    assert gate.seen == [IN_HEADER, IN_BOTH, IN_HEADER, IN_BOTH, IN_BOTH]


@pytest.mark.parametrize("key", ["schlüssel", "two words", "tab\tkey", "ключ", "line\r\nX-Y: z"])
def test_a_key_that_no_header_can_have_goes_in_the_query_alone(key: str) -> None:
    gate = Gate(lambda _: 200)
    with gate.segmenter(key) as segmenter:
        segmenter.segment(frame(1))
    assert gate.seen == [(None, key)]


def test_a_user_of_the_address_keeps_the_header() -> None:
    gate = Gate(lambda _: 200)
    with gate.segmenter(KEY, "http://anna:word@host") as segmenter:
        segmenter.segment(frame(1))
    [(header, key)] = gate.seen
    assert header is not None
    assert header.startswith("Basic ")
    assert key == KEY


@pytest.mark.parametrize("key", [None, "", "  "])
def test_no_key_is_in_no_place(key: str | None) -> None:
    gate = Gate(lambda _: 401)
    with gate.segmenter(key) as segmenter, pytest.raises(AuthenticationFailed, match="no key"):
        segmenter.segment(frame(1))
    assert gate.seen == [(None, None)]


def test_many_threads_find_out_together() -> None:
    first = threading.Barrier(4, timeout=20)

    def status(places: Seen) -> int:
        if places[1] is None:
            first.wait()  # all of them have sent it before any of them knows
            return 401
        return 200

    gate = Gate(status)
    with gate.segmenter() as segmenter, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: segmenter.segment(frame(1)), range(4)))
        segmenter.segment(frame(1))
    assert sorted(gate.seen, key=str) == sorted([IN_HEADER] * 4 + [IN_BOTH] * 5, key=str)


def test_a_redirect_takes_the_key_nowhere() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(307, headers={"location": "http://other/any/1"})

    with (
        HttpSegmenter(
            "http://host", "any/1", api_key=KEY, transport=httpx.MockTransport(answer)
        ) as segmenter,
        pytest.raises(Exception, match="sends callers elsewhere"),
    ):
        segmenter.segment(frame(1))
    assert asked == ["host"]
