"""What every server of the program does with connections that are no use to anybody."""

import json
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import httpx
import pytest
from feeds import HandFeed, served
from parts import FunctionSegmenter
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from waiting import wait_until

from livesegment.http_server import HttpServer
from livesegment.server.embedded import EmbeddedServer
from livesegment.settings.serve import ServeOptions

WAIT_S = 30.0

on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has 127.0.0.2 without being told"
)


def connect(url: str, source: str = "127.0.0.1") -> socket.socket:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return socket.create_connection((parts.hostname, parts.port), WAIT_S, (source, 0))


def rest_of(connection: socket.socket) -> bytes:
    """Return what comes until the other side hangs up."""
    said = b""
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            return said
        if not piece:
            return said
        said += piece


def answered(connection: socket.socket, path: str) -> bool:
    """Send a request and return whether it is answered by `app`."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    said = b""
    while not said.endswith(path.encode()) and (piece := connection.recv(65536)):
        said += piece
    return said.startswith(b"HTTP/1.1 200 ")


def refusal(answer: bytes) -> tuple[int, str]:
    """Return status and sentence of an answer, which is JSON."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head.lower()
    return int(head.split()[1]), json.loads(body)["message"]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without a look at the body."""
    await PlainTextResponse(Request(scope).url.path)(scope, receive, send)


@contextmanager
def serving(**arguments: float) -> Iterator[HttpServer]:
    server = HttpServer(app, "127.0.0.1", 0, option="--x", grace_s=1, keep_alive_s=60, **arguments)  # type: ignore[arg-type]
    with server:
        yield server


@pytest.fixture(params=["serve", "page"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the address of each of our servers."""
    with ExitStack() as stack:
        server: HttpServer
        if request.param == "page":
            server = stack.enter_context(served(HandFeed()))
        else:
            model = FunctionSegmenter(lambda _: 1)
            server = stack.enter_context(EmbeddedServer(model, ServeOptions(port=0)))
        yield server.url


NO_HTTP = [
    b"hello\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",  # no host
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nno header\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /m/1 HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20_000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,  # a browser's https
    b"POST /m/1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    b"Content-Type: application/json\r\n\r\nno length\r\n",
]


def test_what_is_no_http_is_refused_in_json(url: str) -> None:
    for sent in NO_HTTP:
        with connect(url) as connection:
            connection.sendall(sent)
            status, sentence = refusal(rest_of(connection))
        assert (sent[:40], status) == (sent[:40], 400)
        assert len(sentence) > 10
    assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200


def test_a_request_whose_body_is_no_http_is_refused_once_and_is_no_failure_of_ours(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    for path in (b"/healthz", b"/nowhere", b"/api/cameras"):  # answered without a look at the body
        with connect(url) as connection:
            head = (
                b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
            )
            connection.sendall(head + b"\r\nno length\r\n")
            assert refusal(rest_of(connection))[0] == 400
    assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
    assert [each for each in caplog.records if each.name.startswith("livesegment")] == []


CHUNKED = b"POST /any/1 HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_body_in_very_many_pieces_is_refused_in_json() -> None:
    model = FunctionSegmenter(lambda _: 1)
    with EmbeddedServer(model, ServeOptions(port=0)) as server:
        with connect(server.url) as connection:
            connection.sendall(CHUNKED + b"1\r\nQ\r\n" * 20_001)
            status, sentence = refusal(rest_of(connection))
        assert (status, sentence) == (400, "the body comes in over 20000 pieces: send larger ones")
        assert httpx.get(f"{server.url}/healthz", trust_env=False).status_code == 200


def test_a_body_in_lines_is_read_whole() -> None:
    line = b"4C\r\n" + b"Q" * 76 + b"\r\n"
    model = FunctionSegmenter(lambda _: 1)
    with EmbeddedServer(model, ServeOptions(port=0)) as server, connect(server.url) as connection:
        for _ in range(2):  # on one connection, each body is counted by itself
            connection.sendall(CHUNKED + line * 15_000 + b"0\r\n\r\n")
            answer = b""
            while not answer.endswith(b"}"):
                answer += connection.recv(65536)
            assert refusal(answer)[1].startswith("the image is not a readable JPEG")


HALVES = [b"", b"G", b"GET / HTTP/1.1\r\nHost: a\r\n"]


@pytest.mark.parametrize("sent", HALVES)
def test_half_a_head_is_waited_for_so_long_and_no_longer(sent: bytes) -> None:
    with serving(head_s=0.2) as server, connect(server.url) as connection:
        connection.sendall(sent)
        answer = rest_of(connection)
    assert refusal(answer)[0] == 408 if sent else answer == b""


def trickled(connection: socket.socket, byte: bytes) -> bytes:
    """Send a byte again and again until the other side has enough, and return what it said."""
    said = b""

    def is_over() -> bool:
        nonlocal said
        try:
            connection.sendall(byte)
            said += (piece := connection.recv(65536))
        except TimeoutError:
            return False
        except OSError:
            return True
        return not piece

    connection.settimeout(0.02)
    wait_until(is_over, "the server hangs up")
    return said


def test_a_head_that_trickles_is_half_a_head() -> None:
    with serving(head_s=0.3) as server, connect(server.url) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert refusal(trickled(connection, b"y"))[0] == 408


def test_the_second_head_of_a_connection_is_one_too_and_so_is_a_body_that_nobody_reads() -> None:
    with serving(head_s=0.3) as server:
        with connect(server.url) as connection:
            assert answered(connection, "/a")
            connection.sendall(b"GET /a HT")
            assert refusal(rest_of(connection))[0] == 408
        with connect(server.url) as connection:
            connection.sendall(b"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\nz")
            assert trickled(connection, b"z").endswith(b"/b")


def test_an_answered_connection_is_kept_for_the_next_request() -> None:
    with serving(head_s=0.5) as server, connect(server.url) as kept:
        assert answered(kept, "/a")
        with connect(server.url) as silent:
            assert rest_of(silent) == b""
        assert answered(kept, "/b")


NARROW = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (120, 120))
from contextlib import ExitStack
from starlette.responses import PlainTextResponse
from livesegment.http_server import HttpServer

async def record(scope, receive, send):
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(open("/dev/null"))
        await PlainTextResponse("recorded")(scope, receive, send)

with HttpServer(record, "127.0.0.1", 0, option="--x", grace_s=1, keep_alive_s=60) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""


@on_linux
def test_connections_never_take_the_descriptors_that_a_recording_needs() -> None:
    with (
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(NARROW)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as program,
        ExitStack() as crowd,
    ):
        assert program.stdout is not None
        url = program.stdout.readline().strip()
        with httpx.Client(base_url=url, trust_env=False, timeout=WAIT_S) as client:
            assert client.get("/").text == "recorded"
            for number in range(200):
                crowd.enter_context(connect(url, f"127.0.0.{2 + number % 4}"))
                if number % 10 == 0:
                    assert client.get("/").text == "recorded"
            last = crowd.enter_context(connect(url, "127.0.0.6"))
            assert refusal(rest_of(last)) == (503, "too many connections: try again in a moment")
        said = program.communicate("", timeout=WAIT_S)
    assert said == ("", "")


@on_linux
def test_one_address_leaves_connections_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("livesegment.http_server.most_connections", lambda: 8)
    with serving() as server, ExitStack() as crowd:
        for _ in range(4):
            crowd.enter_context(connect(server.url))
        assert refusal(rest_of(crowd.enter_context(connect(server.url))))[0] == 503
        with connect(server.url, "127.0.0.2") as other:
            assert answered(other, "/a")
