"""What all who ask over HTTP have in common."""

import gzip
import socket
import subprocess
import sys
import threading
import traceback
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest
from httpcore._utils import is_socket_readable
from memory import memory_at_most
from odd_endpoint import Answer, OddEndpoint
from waiting import wait_until

from livesegment.errors import OptionsError, SourceNotFound
from livesegment.events.webhook import Webhook
from livesegment.http_client import HttpClient, HttpFailure, What
from livesegment.picture import fetch_image

SECRET = "pa55word"
PACKED = {"content-encoding": "gzip"}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"


@contextmanager
def peer(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """Serve one connection; yields the address."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            connection.recv(65536)
            answer(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        server = threading.Thread(target=serve)
        server.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        server.join(10)
        assert not server.is_alive()


def ask(url: str, *, most: int = 100, **options: object) -> bytes:
    with (
        HttpClient(url, **{"timeout_s": 5, "secrets": [SECRET], **options}) as client,  # type: ignore[arg-type]
        client.exchange("GET", url) as answer,
    ):
        return answer.read(most)


def told(reply: httpx.Response | Exception) -> Callable[[httpx.Request], httpx.Response]:
    def handle(_: httpx.Request) -> httpx.Response:
        if isinstance(reply, Exception):
            raise reply
        return reply

    return handle


def test_an_answer_is_read_to_its_end() -> None:
    with peer(lambda connection: connection.sendall(HEAD + b"012345678")) as url:
        assert ask(url, most=9) == b"012345678"


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (httpx.ReadTimeout("x"), "timed out"),
        (httpx.ConnectTimeout("x"), "timed out"),
        (httpx.ConnectError(f"no way to {SECRET}"), "unreachable"),
        (httpx.RemoteProtocolError("x"), "unreachable"),
        (httpx.TooManyRedirects("x"), "unreachable"),
        (httpx.UnsupportedProtocol("x"), "unwritable"),
        (httpx.InvalidURL(SECRET), "unwritable"),
        (httpx.Response(200, content=bytes(101)), "too long"),
        (httpx.Response(200, headers=PACKED, stream=httpx.ByteStream(b"no gzip")), "undecodable"),
    ],
)
def test_whatever_goes_wrong_is_one_of_five_and_shows_no_secret(
    reply: httpx.Response | Exception, failure: What
) -> None:
    transport = httpx.MockTransport(told(reply))
    with pytest.raises(HttpFailure) as caught:
        ask(f"http://user:{SECRET}@host/x?key={SECRET}", transport=transport)
    assert caught.value.what == failure
    shown = "".join(traceback.format_exception(caught.value)) + str(vars(caught.value))
    cause = caught.value.__cause__
    if isinstance(cause, httpx.RequestError):
        shown += str(cause.request.url)
    assert SECRET not in shown


@pytest.mark.parametrize("url", ["http://host/\udc80", "http://[::1", "host"])
def test_what_is_no_address_is_unwritable(url: str) -> None:
    with (
        HttpClient("http://host", timeout_s=1) as client,
        pytest.raises(HttpFailure) as caught,
        client.exchange("GET", url),
    ):
        pass
    assert caught.value.what == "unwritable"


def test_the_deadline_covers_the_whole_answer() -> None:
    end = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(HEAD)
        while not end.wait(0.02):
            try:
                connection.sendall(b".")
            except OSError:
                return

    with peer(drip) as url, pytest.raises(HttpFailure, match=r"within 0\.1 s") as caught:
        try:
            # Nine bytes in twice the time, and each wait far shorter than it.
            ask(url, timeout_s=0.1)
        finally:
            end.set()
    assert caught.value.what == "timed out"


TRICKLES = {
    "a header": b"HTTP/1.1 200 OK\r\nX: " + 150 * b"x" + b"\r\nContent-Length: 9\r\n\r\n",
    "interim answers": 8 * b"HTTP/1.1 102 Processing\r\n\r\n" + HEAD,
    "continue": 8 * b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD,
    "a body": b"HTTP/1.1 200 OK\r\nContent-Length: 150\r\n\r\n" + bytes(150),
}


@pytest.mark.parametrize("way", ["direct", "proxy"])
@pytest.mark.parametrize("sent", TRICKLES.values(), ids=TRICKLES.keys())
def test_what_trickles_is_given_up_when_the_time_is_over(
    sent: bytes, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up, all_sent = threading.Event(), threading.Event()

    def trickle(connection: socket.socket) -> None:
        """Come to the end, after many times the time that there is."""
        with suppress(OSError):
            for at in range(len(sent)):
                connection.sendall(sent[at : at + 1])
                if given_up.wait(0.01):
                    return
            all_sent.set()

    with peer(trickle) as url, pytest.raises(HttpFailure, match=r"within 0\.1 s") as caught:
        try:
            if way == "proxy":
                monkeypatch.setenv("HTTP_PROXY", url)
                url = "http://segment.invalid/x"
            ask(url, most=1000, timeout_s=0.1)
        finally:
            given_up.set()
    assert caught.value.what == "timed out"
    assert not all_sent.is_set()


def test_a_flood_of_interim_answers_is_soon_given_up() -> None:
    flood = 4000 * b"HTTP/1.1 100 Continue\r\n\r\n"

    def pour(connection: socket.socket) -> None:
        with suppress(OSError):
            for _ in range(20):
                connection.sendall(flood)
            connection.sendall(HEAD + b"012345678")

    with peer(pour) as url, pytest.raises(HttpFailure, match="64 kB came before an answer"):
        ask(url, timeout_s=60)


def coded(coding: str, body: bytes, head: str = "200 OK") -> bytes:
    lines = f"HTTP/1.1 {head}\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}"
    return f"{lines}\r\n\r\n".encode() + body


BOMB = gzip.compress(gzip.compress(bytes(100 * 2**20), compresslevel=1))  # a few thousand bytes
BOMBS: dict[str, tuple[bytes, What]] = {
    "one layer": (coded("gzip", gzip.decompress(BOMB)), "too long"),
    "two layers": (coded("gzip, gzip", BOMB), "undecodable"),
    "two layers, a header each": (coded("gzip\r\nContent-Encoding: gzip", BOMB), "undecodable"),
    "a coding that nobody asked for": (coded("br", BOMB), "undecodable"),
    "another": (coded("deflate", zlib.compress(bytes(100 * 2**20), level=1)), "undecodable"),
    "cut off": (coded("gzip", gzip.compress(b"012345678")[:-9]), "undecodable"),
    "of a redirect": (
        coded("gzip, gzip", BOMB, "302 Found\r\nLocation: http://127.0.0.1:9/"),
        "unreachable",
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_more_is_unpacked_than_is_wanted(name: str) -> None:
    sent, failure = BOMBS[name]
    with (
        peer(lambda connection: connection.sendall(sent)) as url,
        memory_at_most(4 * 2**20),
        pytest.raises(HttpFailure) as caught,
    ):
        ask(url, most=1000, max_redirects=1)
    assert caught.value.what == failure


@pytest.mark.parametrize("coding", ["gzip", "GZip", "x-gzip", "identity", "identity, gzip"])
def test_a_packed_answer_is_unpacked(coding: str) -> None:
    plain = b"0123456789" * 1000
    body = gzip.compress(plain) if "gzip" in coding.lower() else plain
    with peer(lambda connection: connection.sendall(coded(coding, body))) as url:
        assert ask(url, most=len(plain)) == plain


def test_only_what_can_be_bounded_is_asked_for() -> None:
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["accept-encoding"])
        return httpx.Response(200)

    ask("http://host/x", transport=httpx.MockTransport(handle))
    assert asked == ["gzip"]


def test_the_beginning_of_an_answer_is_had_whatever_follows() -> None:
    sent, _ = BOMBS["one layer"]
    with (
        peer(lambda connection: connection.sendall(sent)) as url,
        memory_at_most(4 * 2**20),
        HttpClient(url, timeout_s=5) as client,
        client.exchange("GET", url) as answer,
    ):
        assert answer.beginning(1000) == bytes(1000)


def test_a_redirect_is_followed_by_who_says_so_only() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        there = request.url.path == "/there"
        return httpx.Response(200 if there else 302, headers={"location": "/there"})

    def status(**options: int) -> int:
        with (
            HttpClient(
                "http://host", timeout_s=1, transport=httpx.MockTransport(handle), **options
            ) as client,
            client.exchange("GET", "http://host/here") as answer,
        ):
            return answer.status

    assert status() == 302
    assert status(max_redirects=1) == 200


def test_a_connection_in_use_is_not_taken_for_one_that_was_closed() -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"0123")
        rest.wait(10)
        connection.sendall(b"45678")

    rest = threading.Event()
    with (
        peer(answer) as url,
        HttpClient(url, timeout_s=10) as client,
        client.exchange("GET", url) as answered,
    ):
        stream = answered._response.extensions["network_stream"]
        rest.set()
        wait_until(lambda: is_socket_readable(stream.get_extra_info("socket")), "the rest")
        assert not stream.get_extra_info("is_readable")
        assert answered.read(9) == b"012345678"


def test_this_machine_is_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with peer(lambda connection: connection.sendall(HEAD + b"012345678")) as url:
        assert ask(url) == b"012345678"


def test_a_body_in_crumbs_is_soon_given_up() -> None:
    # Each is an event to whom reads it: an endless number of them took a processor for each call.
    def crumbs(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        with suppress(OSError):  # who asked leaves
            connection.sendall(100_000 * b"1\r\nx\r\n" + b"0\r\n\r\n")

    with peer(crumbs) as url, pytest.raises(HttpFailure, match="small pieces"):
        ask(url, most=2**20)


def test_an_answer_that_nobody_asked_for_is_nobodys() -> None:
    def answer(number: int) -> Answer:
        once = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number
        return lambda connection: connection.sendall(once if number else once + once) or True

    endpoint = OddEndpoint(answer)
    with endpoint.serving() as url, HttpClient(url, timeout_s=5) as client:
        said = []
        for _ in range(3):
            with client.exchange("GET", url) as got:
                said.append(got.read(10))
    assert said == [b"0", b"1", b"2"]


def test_nobody_logs_an_address(caplog: pytest.LogCaptureFixture) -> None:
    for logger in ("", "httpx", "httpcore", "httpcore.connection", "httpcore.http11"):
        caplog.set_level(1, logger)
    with (
        peer(lambda connection: connection.sendall(HEAD + b"012345678")) as url,
        pytest.raises(SourceNotFound, match="no image"),
    ):
        fetch_image(f"{url}?key={SECRET}")
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("ask", "failure"), [(Webhook, OptionsError), (fetch_image, SourceNotFound)]
)
def test_certificates_that_cannot_be_read_are_one_sentence(
    ask: Callable[[str], object], failure: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/certificates.pem")
    with pytest.raises(failure, match="SSL_CERT_FILE"):
        ask("https://segment.invalid/x")


def test_nobody_waits_for_httpx_who_does_not_use_it() -> None:
    script = "import sys, livesegment, livesegment.cli.app; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "httpx" not in ran.stdout.split()
