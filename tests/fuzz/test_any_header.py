"""Whatever the head of an answer says: a mask, or one error of an endpoint, within the bounds."""

import gzip
import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from anything import any_json, any_text, as_json, is_sentence
from hypothesis import example, given
from hypothesis import strategies as st
from memory import resident_at_most
from odd_endpoint import Answer, OddEndpoint

from livesegment.errors import EndpointError
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.protocol.reply import flat_reply
from livesegment.protocol.status import endpoint_message, error_for_status, retry_after_s
from livesegment.segmenters.http import HttpSegmenter

KEY = "a-key-that-nobody-shows"
FRAME = Frame(np.zeros((48, 64, 3), np.uint8), index=0, pts_s=0.0, captured_at_s=0.0)
GOOD = json.dumps(flat_reply(Mask(np.ones((48, 64), np.uint8)))).encode()
NOW = datetime(2026, 1, 1, tzinfo=UTC)
YEAR_S = 366 * 86_400

# Bytes of a line of a head; what ends a line would begin the next.
line = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60)
written = (
    line
    | st.from_regex(
        r"[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]{1,12} [0-9:]{0,10} ?[-+A-Z0-9]{0,7}"
    )
    | st.integers(-(10**40), 10**40).map(str)
    | st.floats().map(str)
    | st.sampled_from(("gzip", "gzip, gzip", "x-gzip", "identity", "br", "chunked", "*", ","))
)
names = st.sampled_from(
    (
        "Retry-After",
        "Content-Encoding",
        "Content-Type",
        "Content-Length",
        "Transfer-Encoding",
        "Location",
        "Connection",
        "Set-Cookie",
        "X",
    )
)
statuses = st.sampled_from((200, 200, 200, 201, 204, 302, 400, 401, 429, 500, 503)) | st.integers(
    0, 1100
)
bodies = (
    st.just(GOOD)
    | st.just(gzip.compress(GOOD))
    | st.just(zlib.compress(GOOD))
    | st.just(gzip.compress(bytes(200 * 2**20), 1))
    | st.binary(max_size=60)
    | any_json.map(as_json)
)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[tuple[list[Answer], HttpSegmenter]]:
    """An endpoint that gives the answer in the list, and who asks it."""
    answers: list[Answer] = []
    serving = OddEndpoint(lambda _: answers[0]).serving()
    with serving as url, HttpSegmenter(url, "any/1", api_key=KEY, timeout_s=5) as segmenter:
        yield answers, segmenter


def ask(endpoint: tuple[list[Answer], HttpSegmenter], answer: bytes) -> None:
    answers, segmenter = endpoint
    answers[:] = [lambda connection: connection.sendall(answer)]
    with resident_at_most(60 * 2**20):
        try:
            mask = segmenter.segment(FRAME)
        except EndpointError as error:
            is_sentence(error, KEY)
        else:
            assert mask.frame_size == FRAME.frame_size


@given(statuses, st.lists(st.tuples(names, written), max_size=4), bodies)
def test_any_head(
    endpoint: tuple[list[Answer], HttpSegmenter],
    status: int,
    lines: list[tuple[str, str]],
    body: bytes,
) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in lines)
    ask(endpoint, f"HTTP/1.1 {status} X\r\n{head}\r\n".encode("latin-1", "replace") + body)


@given(st.binary(max_size=200))
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}")
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n{}")
@example(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000)
@example(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 2**21)
@example(b"HTTP/9.9 200 OK\r\n\r\n")
def test_any_bytes_in_place_of_an_answer(
    endpoint: tuple[list[Answer], HttpSegmenter], answer: bytes
) -> None:
    ask(endpoint, answer)


@given(written | any_text)
@example("Fri, 31 Dec 99999999999 23:59:59 GMT")
@example("Fri, 31 Dec 9999 23:59:59 -9999")
@example("Mon, 1 Jan 0001 00:00:00 +2359")
@example("1 Jan 2030 1.1.1 +0000")
@example("\u0661\u0660")
@example("0 0 0 0 0")
def test_any_retry_after_is_a_wait_or_none(value: str) -> None:
    wait_s = retry_after_s(value, NOW)
    assert wait_s is None or 0 < wait_s <= YEAR_S


@given(
    st.binary(max_size=200)
    | any_json.map(as_json)
    | any_text.map(lambda text: text.encode(errors="surrogatepass"))
)
def test_any_errors_body_is_one_line(body: bytes) -> None:
    said = endpoint_message(body, [KEY])
    assert len(said) <= 200
    assert said.isprintable()


@given(statuses, st.dictionaries(st.sampled_from(("retry-after", "location")), written), bodies)
@example(301, {"location": "/\x1b[2J" + "x" * 9000}, b"")
def test_any_status_is_an_error_of_an_endpoint(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    error = error_for_status(status, headers, body, url="http://x/any/1", secrets=[KEY], now=NOW)
    assert isinstance(error, EndpointError)
    is_sentence(error, KEY)
