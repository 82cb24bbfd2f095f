"""What an endpoint may do to an exchange, from its first byte to its last."""

import gzip
import socket
import time
from collections.abc import Callable
from functools import cache
from urllib.parse import quote

from chaos import replies
from chaos.replies import GOOD, PAGE
from odd_endpoint import Answer, hold, raw, reset

OK = b"HTTP/1.1 200 OK\r\n"
_LATENCY_S = 0.03

KEY = "Marked-7531/+=End"
"""The key of every run; its beginning reads the same however it is quoted."""


def whole(body: bytes, head: bytes = OK, *, keeps: bool = False) -> bytes:
    """Return the bytes of an answer."""
    ends = b"" if keeps else b"Connection: close\r\n"
    return head + b"Content-Length: %d\r\n" % len(body) + ends + b"\r\n" + body


def after(seconds: float, answer: Answer) -> Answer:
    """Return an answer that comes late."""

    def late(connection: socket.socket) -> object:
        hold(connection, seconds)
        return answer(connection)

    return late


def sent(data: bytes, end: Answer = lambda _: None) -> Answer:
    """Return an answer of these very bytes, and what comes after them."""

    def answer(connection: socket.socket) -> object:
        connection.sendall(data)
        return end(connection)

    return answer


class Large:
    """An answer of bytes that take their time to be made.

    Args:
        make: Makes them, once.
    """

    def __init__(self, make: Callable[[], bytes]) -> None:
        self.make = cache(make)

    def __call__(self, connection: socket.socket) -> None:
        connection.sendall(self.make())


def good(body: bytes = GOOD) -> Answer:
    """Return what an endpoint that is well answers: the connection is kept."""
    return after(_LATENCY_S, sent(whole(body, keeps=True), lambda _: True))


def says(status: str, *headers: str, body: bytes = b'{"message": "no"}') -> Answer:
    """Return an answer of a status, in one go."""
    return raw("\r\n".join((status, *headers)), body)


def trickled(first: bytes, again: bytes, every_s: float = 0.02) -> Answer:
    """Return an answer that goes on for ever, bit by bit."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            hold(connection, every_s)
            connection.sendall(again)

    return answer


def byte_by_byte(data: bytes, every_s: float) -> Answer:
    """Return an answer that comes to its end, a byte at a time."""

    def answer(connection: socket.socket) -> None:
        for each in data:
            hold(connection, every_s)
            connection.sendall(bytes([each]))

    return answer


def flooded(first: bytes, again: bytes) -> Answer:
    """Return an answer that goes on for ever as fast as it is read."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(first)
        many = max(1, 65_536 // len(again)) * again
        while True:
            connection.sendall(many)

    return answer


def silent(connection: socket.socket) -> None:
    """Say nothing until the client leaves."""
    hold(connection)


def half_closed(connection: socket.socket) -> None:
    """Send half an answer, and say that there is no more."""
    connection.sendall(whole(GOOD)[:300])
    connection.shutdown(socket.SHUT_WR)
    hold(connection)


def cut(connection: socket.socket) -> None:
    """Send half an answer and reset the connection."""
    connection.sendall(whole(GOOD)[:300])
    time.sleep(0.01)
    reset(connection)


def elsewhere(status: str) -> Answer:
    """Return an answer that sends the client to another host, where somebody listens."""

    def answer(connection: socket.socket) -> None:
        port = connection.getsockname()[1]
        says(status, f"Location: http://127.0.0.2:{port}/any/1")(connection)

    return answer


def _repeating(key: str) -> Answer:
    return says("403 No", f"X-Key: {key}", body=b'{"message": "not %s"}' % key.encode())


def _bomb(layers: int) -> bytes:
    data = bytes(300 * 2**20)
    for _ in range(layers):
        data = gzip.compress(data, compresslevel=1)
    return data


def bomb(status: str, layers: int) -> Answer:
    """Return an answer that unpacks to 300 MB."""
    coding = ", ".join(layers * ["gzip"])
    head = f"HTTP/1.1 {status}\r\nContent-Encoding: {coding}\r\n".encode()
    return Large(lambda: whole(_bomb(layers), head))


def _chunked(*chunks: bytes) -> bytes:
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(chunks)


ALL_CHUNKS = b"".join(b"1\r\n%c\r\n" % each for each in GOOD) + b"0\r\n\r\n"

_REFUSAL = b"HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n"

WELL_ENOUGH: dict[str, Answer] = {
    "a connection for each call": sent(whole(GOOD)),
    "closed without a word": sent(whole(GOOD, keeps=True)),
    "no reason, small letters": sent(
        b"HTTP/1.1 200\r\ncontent-length:%d\r\n\r\n" % len(GOOD) + GOOD
    ),
    "HTTP/1.0 without a length": sent(b"HTTP/1.0 200 OK\r\n\r\n" + GOOD),
    "chunks of one byte": sent(_chunked(ALL_CHUNKS)),
    "chunks with a trailer": sent(
        _chunked(b"%x;a=b\r\n" % len(GOOD), GOOD, b"\r\n0\r\nX: y\r\n\r\n")
    ),
    "100, 102 and 103 before it": sent(
        b"".join(b"HTTP/1.1 %d X\r\n\r\n" % each for each in (100, 102, 103)) + whole(GOOD)
    ),
    "packed": sent(whole(gzip.compress(GOOD), OK + b"Content-Encoding: gzip\r\n")),
    "a 401 behind it": sent(whole(GOOD, keeps=True) + _REFUSAL, lambda _: True),
    "nonsense behind it": sent(whole(GOOD, keeps=True) + b"xyz", lambda _: True),
    "a wrong content type": sent(whole(GOOD, OK + b"Content-Type: text/html\r\n")),
    "200 headers": sent(whole(GOOD, OK + b"".join(b"X-%d: y\r\n" % n for n in range(200)))),
    **{name: sent(whole(body)) for name, body in replies.SAID_OTHERWISE.items()},
}
"""Odd, and answers all the same."""

HEADS: dict[str, Answer] = {
    "nothing, closed": sent(b""),
    "reset at once": reset,
    "no HTTP": sent(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "HTTP/0.9": sent(GOOD),
    "HTTP/2": sent(b"\0\0\x12\4\0\0\0\0\0" + bytes(18), hold),
    "TLS's alert": sent(b"\x15\x03\x01\x00\x02\x02\x28"),
    "a status of letters": sent(b"HTTP/1.1 abc OK\r\n\r\n"),
    "status 0": sent(b"HTTP/1.1 000 X\r\n\r\n"),
    "status 999": says("999 What"),
    "status of 60 digits": sent(b"HTTP/1.1 " + 60 * b"9" + b" X\r\n\r\n"),
    "101 to another protocol": sent(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", hold),
    "a header without a colon": sent(OK + b"nonsense\r\n\r\n"),
    "a header with a zero byte": sent(whole(GOOD, OK + b"X: a\0b\r\n")),
    "a header of 1 MB": sent(whole(GOOD, OK + b"X: " + 2**20 * b"y" + b"\r\n")),
    "20,000 headers": sent(whole(GOOD, OK + 20_000 * b"X: y\r\n")),
    "headers that break off": sent(OK + b"Content-Le"),
    "a head that trickles": trickled(OK + b"X: ", b"x"),
    "a status line that trickles": trickled(b"HTTP/1.1 200 ", b"O"),
    "blank lines that trickle": trickled(b"", b"\r\n"),
    "100s that trickle": trickled(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "102s that trickle": trickled(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "a flood of 100s": flooded(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a flood of headers": flooded(OK, b"X: y\r\n"),
    "100, then silence": sent(b"HTTP/1.1 100 Continue\r\n\r\n", hold),
}
"""What goes wrong until the headers' end."""

LENGTHS: dict[str, Answer] = {
    "a length too long, closed": sent(OK + b"Content-Length: 999999\r\n\r\n" + GOOD),
    "a length too long, silent": sent(OK + b"Content-Length: 999999\r\n\r\n" + GOOD, hold),
    "a length too short": sent(OK + b"Content-Length: 10\r\n\r\n" + GOOD, lambda _: True),
    "a length of 10^30": sent(OK + b"Content-Length: 1" + 30 * b"0" + b"\r\n\r\n" + GOOD),
    "a length below 0": sent(OK + b"Content-Length: -5\r\n\r\n" + GOOD),
    "a length of letters": sent(OK + b"Content-Length: many\r\n\r\n" + GOOD),
    "two lengths": sent(OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + GOOD),
    "chunks of nonsense": sent(_chunked(b"zz\r\n" + GOOD)),
    "a chunk of 16 EB": sent(_chunked(b"ffffffffffffffff\r\n" + GOOD)),
    "chunks without an end, closed": sent(_chunked(b"5\r\nabcde\r\n")),
    "chunks without an end": flooded(_chunked(), b"5\r\nabcde\r\n"),
    "a chunk's extension without end": flooded(_chunked(b"5;"), b"x"),
    "a body without end": flooded(OK + b"\r\n", b"x"),
    "a body that trickles": trickled(OK + b"Content-Length: 9999999\r\n\r\n", b"x"),
    "half a body, half closed": half_closed,
    "half a body, reset": cut,
    "a mask a byte every 10 ms": byte_by_byte(whole(GOOD), 0.01),
    "packed and cut": sent(whole(gzip.compress(GOOD)[:-20], OK + b"Content-Encoding: gzip\r\n")),
    "said to be packed": sent(whole(GOOD, OK + b"Content-Encoding: gzip\r\n")),
    "packed with br": sent(whole(GOOD, OK + b"Content-Encoding: br\r\n")),
    "packed in two layers": bomb("200 OK", 2),
    "a bomb": bomb("200 OK", 1),
    "an error's bomb": bomb("503 Busy", 1),
    "an error without end": flooded(b"HTTP/1.1 500 Oops\r\n\r\n", b"x"),
}
"""What goes wrong with the body's bytes."""

BODIES: dict[str, Answer] = {
    **{name: sent(whole(body)) for name, body in replies.NO_MASK.items()},
    "a mask of 8000x8000": Large(lambda: whole(replies.huge_mask())),
    "a million classes": Large(lambda: whole(replies.huge_class_map())),
}
"""What goes wrong with what the body says."""

PASSING = ("408 Request Timeout", "425 Too Early", "500 Oops", "501 What", "502 Bad Gateway")
PASSING += ("503 Busy", "504 Late", "507 Full", "429 Slower")
LASTING = ("400 Bad", "401 Who", "402 Pay", "403 No", "404 Nothing", "413 Large", "423 Paused")

STATUSES: dict[str, Answer] = {
    **{each: says(each) for each in (*PASSING, *LASTING)},
    "204": sent(b"HTTP/1.1 204 Nothing\r\n\r\n"),
    "304": sent(b"HTTP/1.1 304 Same\r\n\r\n"),
    "418 in HTML": says("418 Teapot", body=PAGE),
    "500 with 5 MB": says("500 Oops", body=5_000_000 * b"x"),
    "403 that repeats the key": _repeating(KEY),
    "403 that repeats it quoted": _repeating(quote(KEY, safe="")),
    "403 that repeats it in JSON": _repeating("".join(f"\\u{ord(each):04x}" for each in KEY)),
    "302 to where the key is asked": says("302 There", f"Location: /?api_key={KEY}"),
    "302 to itself": says("302 There", "Location: ?again"),
    "302 elsewhere": elsewhere("302 There"),
    "307 elsewhere": elsewhere("307 There"),
    "308 to half a host": says("308 There", "Location: http://["),
    "301 to a file": says("301 There", "Location: file:///etc/passwd"),
}
"""What is said in the place of a mask."""

FAR = "Fri, 31 Dec 99999999999 23:59:59 GMT"
NO_WAITS = {
    "0": "0",
    "-5": "-5",
    "in the past": "Wed, 21 Oct 2015 07:28:00 GMT",
    "in a year of no calendar": FAR,
    "NaN": "nan",
    "no number": "soon\x7f",
    "of 4,000 digits": 4000 * "9",
}
LONG_WAITS = {"3600": "3600", "1e9": "1e9", "year 9999": "Fri, 31 Dec 9999 23:59:59 GMT"}


def asking(retry_after: str, status: str = "429 Slower") -> Answer:
    """Return a refusal that asks to wait."""
    return says(status, f"Retry-After: {retry_after}")
