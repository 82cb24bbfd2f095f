"""The HTTP segmenter: one call a frame, errors of our tree, and a key that nobody sees."""

import base64
import gzip
import json
import logging
import socket
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import cv2
import httpx
import numpy as np
import pytest
from parts import SIZE, frame

from livesegment.errors import (
    AuthenticationFailed,
    BadReply,
    EndpointError,
    EndpointTimeout,
    EndpointUnreachable,
    LiveSegmentError,
    ModelNotFound,
    OptionsError,
    PaymentRequired,
    RateLimited,
    RequestRefused,
    ServerFailed,
)
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.protocol.reply import flat_reply
from livesegment.segmenters.base import Sending
from livesegment.segmenters.http import HttpSegmenter
from livesegment.segmenters.opening import open_segmenter
from livesegment.settings import ApiKey, EndpointOptions

KEY = "s3cret/Key+1"
SHOWN_BY_NOBODY = (KEY, "s3cret", "pa55word")

Connection = Callable[[socket.socket], None]


def good_body() -> bytes:
    return json.dumps(flat_reply(Mask(np.ones(SIZE[::-1], np.uint8), {1: "object"}))).encode()


def http_reply(body: bytes, head: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 " + head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def read_request(connection: socket.socket) -> bytes:
    """Read one whole request; empty at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return data


class Endpoint:
    """A listening socket that treats each connection as a function says."""

    def __init__(self, treat: Connection) -> None:
        self.connections = 0
        self._treat = treat
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._start(self._accept)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            self._treat(connection)
        except OSError:
            return  # the client went away
        finally:
            connection.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):  # its client, or its own thread, may have closed it just now
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)


@contextmanager
def endpoint(treat: Connection) -> Iterator[Endpoint]:
    opened = Endpoint(treat)
    try:
        yield opened
    finally:
        opened.close()


def answers(reply: bytes) -> Connection:
    def treat(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(reply)

    return treat


def hangs_up(connection: socket.socket) -> None:
    read_request(connection)


def stays_silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def drips(connection: socket.socket) -> None:
    """Send a byte whenever the client has waited for a while, and never come to the end."""
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    connection.settimeout(0.05)
    while True:
        connection.sendall(b" ")
        try:
            connection.recv(1)
        except TimeoutError:
            continue
        return


def segment_with(url: str, **options: object) -> Mask:
    url = url.replace("http://", "http://user:pa55word@")
    with HttpSegmenter(url, "model/1", api_key=KEY, **options) as segmenter:  # type: ignore[arg-type]
        return segmenter.segment(frame(1))


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_calls_share_a_kept_connection(coding: str) -> None:
    body = gzip.compress(good_body()) if coding == "gzip" else good_body()
    head = f"200 OK\r\nContent-Encoding: {coding}".encode()
    with endpoint(answers(http_reply(body, head))) as server:
        with HttpSegmenter(server.url, "model/1") as segmenter:
            for index in range(5):
                assert segmenter.segment(frame(index)).frame_index == index
        assert server.connections == 1


def test_no_more_connections_than_allowed() -> None:
    with endpoint(answers(http_reply(good_body()))) as server:
        with (
            HttpSegmenter(server.url, "model/1", max_connections=2) as segmenter,
            ThreadPoolExecutor(8) as pool,
        ):
            masks = list(pool.map(lambda index: segmenter.segment(frame(index)), range(40)))
        assert [mask.frame_index for mask in masks] == list(range(40))
        assert server.connections <= 2


def test_the_request_is_what_the_documentation_says() -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, content=good_body())

    with HttpSegmenter(
        "https://host/base/",
        "/model/1/",
        api_key=ApiKey("a+b/c d"),
        confidence=40,
        transport=httpx.MockTransport(answer),
    ) as segmenter:
        segmenter.segment(frame(7))
        segmenter.segment_at(frame(8), 70)
    first, second = requests
    assert first.method == "POST"
    assert first.url.copy_with(query=None) == "https://host/base/model/1"
    # The last one is for instance models, whose polygons have neither holes nor several parts.
    assert dict(first.url.params) == {
        "api_key": "a+b/c d",
        "confidence": "40",
        "name": "7.jpg",
        "response_mask_format": "rle",
    }
    assert second.url.params["confidence"] == "70"
    assert first.headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_word_is_passed_on_as_the_servers_alias() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, content=good_body())

    transport = httpx.MockTransport(answer)
    with HttpSegmenter("http://host", "yolo26n-sem-1024", transport=transport) as segmenter:
        segmenter.segment(frame(7))
    assert asked == ["/yolo26n-sem-1024"]


def test_a_threshold_that_the_endpoint_knows_is_passed_on_as_its_word() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["confidence"])
        return httpx.Response(200, content=good_body())

    transport = httpx.MockTransport(answer)
    for word in ("best", "default"):
        options = EndpointOptions("http://host", "any/1", confidence=word)
        with HttpSegmenter(
            "http://host", "any/1", confidence=options.confidence, transport=transport
        ) as segmenter:
            segmenter.segment(frame(1))
            assert f"confidence {word}," in segmenter.identity
    assert asked == ["best", "default"]


def test_a_model_in_this_process_takes_a_word_for_the_usual_confidence() -> None:
    with (
        open_segmenter(EndpointOptions(confidence="best")) as by_word,
        open_segmenter(EndpointOptions()) as usual,
    ):
        assert by_word.identity == usual.identity


@pytest.mark.parametrize("host", ["segment.roboflow.com", "anything.roboflow.com"])
def test_without_a_key_nothing_is_sent_to_a_hosted_endpoint(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with endpoint(lambda connection: connection.recv(65536)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        for key in (None, "", "  "):
            with (
                HttpSegmenter(f"https://{host}", "model/1", api_key=key) as segmenter,
                pytest.raises(AuthenticationFailed, match="no key given: set LIVESEGMENT_API_KEY"),
            ):
                segmenter.segment(frame(1))
        assert proxy.connections == 0
        with (
            HttpSegmenter(f"https://{host}?api_key=k", "model/1") as segmenter,
            pytest.raises(EndpointUnreachable),
        ):
            segmenter.segment(frame(1))
        assert proxy.connections == 1


@pytest.mark.parametrize("code", ["401", "403"])
def test_a_missing_key_is_told_apart_from_a_wrong_one(code: str) -> None:
    with endpoint(status(code, b'{"Message": "User is not authorized"}')) as server:
        for given, said in (({}, "wants an API key: no key given: set"), ({"api_key": KEY}, "not")):
            with (
                HttpSegmenter(server.url, "model/1", **given) as segmenter,
                pytest.raises(AuthenticationFailed, match=said) as caught,
            ):
                segmenter.segment(frame(1))
            assert ("no key given" in str(caught.value)) == (not given)
            assert f"status {code}: User is not authorized" in str(caught.value)


def status(code: str, body: bytes = b'{"message": "no"}', head: bytes = b"") -> Connection:
    return answers(http_reply(body, code.encode() + b" Reason" + head))


ECHO = json.dumps({"message": f"key {KEY} of http://user:pa55word@host is not good"}).encode()

BOMB = gzip.compress(bytes(100 * 2**20), compresslevel=1)

FAILURES: dict[str, tuple[Connection, type[EndpointError]]] = {
    "400": (status("400"), RequestRefused),
    "401, echoing the key": (status("401", ECHO), AuthenticationFailed),
    "402": (status("402"), PaymentRequired),
    "403, the gateway's": (status("403", b'{"Message": "User is not"}'), AuthenticationFailed),
    "404": (status("404"), ModelNotFound),
    "413": (status("413"), RequestRefused),
    "429": (status("429", head=b"\r\nRetry-After: 7"), RateLimited),
    "500": (status("500", b"<html>oops</html>"), RequestRefused),
    "503": (status("503"), ServerFailed),
    "503, packed twice": (
        status("503", gzip.compress(BOMB), b"\r\nContent-Encoding: gzip, gzip"),
        ServerFailed,
    ),
    "429, a bomb": (status("429", BOMB, b"\r\nContent-Encoding: gzip"), RateLimited),
    "packed twice": (
        answers(http_reply(gzip.compress(BOMB), b"200 OK\r\nContent-Encoding: gzip, gzip")),
        BadReply,
    ),
    "redirect": (
        status("307", b"", b"\r\nLocation: http://other/?api_key=" + KEY.encode()),
        RequestRefused,
    ),
    "HTML": (answers(http_reply(b"<!DOCTYPE html><p>Log in")), BadReply),
    "not JSON, echoing the key": (answers(http_reply(KEY.encode())), BadReply),
    "broken gzip": (
        answers(http_reply(b"hello", b"200 OK\r\nContent-Encoding: gzip")),
        BadReply,
    ),
    "hangs up": (hangs_up, EndpointUnreachable),
    "hangs up half-way": (
        lambda connection: (
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
            if read_request(connection)
            else None
        ),
        EndpointUnreachable,
    ),
    "speaks another protocol": (answers(KEY.encode() + b"\r\n\r\n"), EndpointUnreachable),
    "stays silent": (stays_silent, EndpointTimeout),
    "drips": (drips, EndpointTimeout),
}


def fail(name: str) -> tuple[EndpointError, int]:
    """Return the error of one call to a failing endpoint, and how often it was called."""
    treat, _ = FAILURES[name]
    with endpoint(treat) as server, pytest.raises(LiveSegmentError) as caught:
        segment_with(server.url, timeout_s=0.3)
    assert isinstance(caught.value, EndpointError)
    return caught.value, server.connections


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_one_call_and_one_sentence(name: str) -> None:
    error, connections = fail(name)
    assert type(error) is FAILURES[name][1]
    assert connections == 1
    assert error.attempts == 1
    assert "\n" not in str(error)
    assert "127.0.0.1" in str(error)
    assert error.url.endswith("/model/1")


@pytest.mark.parametrize("name", FAILURES)
def test_the_key_is_shown_nowhere(name: str, caplog: pytest.LogCaptureFixture) -> None:
    for logger in ("", "httpx", "httpcore", "httpcore.connection", "httpcore.http11"):
        caplog.set_level(1, logger)
    error, _ = fail(name)
    shown = [str(error), repr(error), str(vars(error)), caplog.text]
    shown += traceback.format_exception(error)
    cause: BaseException | None = error.__cause__
    while cause is not None:
        shown += [repr(cause), str(vars(cause))]
        if isinstance(cause, httpx.RequestError):
            shown.append(str(cause.request.url))
        cause = cause.__cause__
    for secret in SHOWN_BY_NOBODY:
        assert secret not in "".join(shown)


def test_the_key_is_shown_in_no_log_of_a_good_call(caplog: pytest.LogCaptureFixture) -> None:
    for logger in ("", "httpx", "httpcore", "httpcore.connection", "httpcore.http11"):
        caplog.set_level(1, logger)
    with endpoint(answers(http_reply(good_body()))) as server:
        segment_with(server.url)
    assert "model/1" not in caplog.text
    assert "s3cret" not in caplog.text


def test_other_users_of_httpx_keep_their_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "httpx")
    with (
        endpoint(answers(http_reply(b"hello"))) as server,
        httpx.Client(trust_env=False) as client,
    ):
        client.post(f"{server.url}/mine", content=b"x")
    assert "/mine" in caplog.text


def test_a_transport_that_talks_is_not_quoted() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"cannot reach {request.url} with {KEY}")

    with (
        HttpSegmenter(
            "http://host", "model/1", api_key=KEY, transport=httpx.MockTransport(answer)
        ) as segmenter,
        pytest.raises(EndpointUnreachable) as caught,
    ):
        segmenter.segment(frame(1))
    assert "s3cret" not in "".join([*traceback.format_exception(caught.value)])


def test_a_dead_port_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(EndpointUnreachable, match="cannot be reached") as caught:
            segment_with(url)
    assert caught.value.retryable
    assert caught.value.status is None


def test_retry_after_is_passed_on() -> None:
    error, _ = fail("429")
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == 7


def test_a_mask_is_bounded_by_what_was_sent_and_not_by_the_frame() -> None:
    body = json.dumps(flat_reply(Mask(np.zeros((2200, 2200), np.uint8)))).encode()
    with (
        endpoint(answers(http_reply(body))) as server,
        HttpSegmenter(server.url, "model/1", max_side=640) as segmenter,
        pytest.raises(BadReply, match="2200x2200, too large for a picture of 640x360"),
    ):
        segmenter.segment(frame(1, (3840, 2160)))


def test_one_picture_may_be_sent_smaller_and_waited_for_less() -> None:
    sent: list[tuple[int, int]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        jpeg = np.frombuffer(base64.b64decode(request.content), np.uint8)
        image = cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)
        assert image is not None
        sent.append((image.shape[1], len(request.content)))
        mask = Mask(np.zeros(image.shape, np.uint8))
        return httpx.Response(200, content=json.dumps(flat_reply(mask)))

    noise = np.random.default_rng(1).integers(0, 255, (360, 640, 3), np.uint8)
    picture = Frame(noise, 0, 0.0, 0.0)
    transport = httpx.MockTransport(answer)
    with HttpSegmenter("http://host", "model/1", transport=transport) as segmenter:
        for sending in (Sending(), Sending(jpeg_quality=30), Sending(max_side=320, timeout_s=5)):
            assert segmenter.segment_sent(picture, sending).frame_size == (640, 360)
        # Never larger than what the segmenter was told.
        segmenter.segment_sent(picture, Sending(max_side=2000, jpeg_quality=100))
    assert [width for width, _ in sent] == [640, 640, 320, 640]
    assert sent[1][1] < sent[0][1] / 2
    assert sent[3] == sent[0]


def test_an_answer_is_not_waited_for_longer_than_it_is_of_use() -> None:
    silent = threading.Event()
    with (
        endpoint(lambda _: silent.wait(20)) as server,
        HttpSegmenter(server.url, "model/1", timeout_s=60) as segmenter,
    ):
        with pytest.raises(EndpointTimeout, match=r"did not answer within 0\.2 s"):
            segmenter.segment_sent(frame(1), Sending(timeout_s=0.2))
        silent.set()


def test_a_key_that_is_a_short_word_does_no_harm_to_the_picture() -> None:
    body = good_body()
    key = json.loads(body)["segmentation_mask"][80:84]
    with (
        endpoint(answers(http_reply(body))) as server,
        HttpSegmenter(server.url, "model/1", api_key=key) as segmenter,
    ):
        assert (segmenter.segment(frame(1)).class_ids == 1).all()


def test_a_reply_without_end_is_not_read_to_it() -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 2**20
            yield b" " * 2**20

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=endless())

    with (
        HttpSegmenter("http://host", "model/1", transport=httpx.MockTransport(answer)) as segmenter,
        pytest.raises(BadReply, match="does not end"),
    ):
        segmenter.segment(frame(1))
    assert read < 16 * 2**20


@pytest.mark.parametrize("api_key", [KEY, ApiKey(KEY)])
def test_repr_says_whom_it_asks_and_not_with_what(api_key: ApiKey | str) -> None:
    url = "https://user:pa55word@host/base"
    with HttpSegmenter(url, "model/1", api_key=api_key) as segmenter:
        assert repr(segmenter) == "HttpSegmenter('https://host/base/model/1')"


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "ftp://host"},
        {"endpoint": "http://[::1"},
        {"endpoint": "http://host:99999"},
        {"endpoint": "builtin"},
        {"model": "two words"},
        {"model": "/"},
        {"confidence": 101},
        {"jpeg_quality": 0},
        {"max_side": 0},
        {"timeout_s": 0},
        {"max_connections": 0},
    ],
)
def test_an_option_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    arguments = {"endpoint": "http://host", "model": "model/1", **wrong}
    with pytest.raises(OptionsError):
        HttpSegmenter(**arguments)  # type: ignore[arg-type]


def test_an_unusable_proxy_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://user:pa55word@proxy")
    with pytest.raises(OptionsError, match="proxy") as caught:
        HttpSegmenter("http://host", "model/1")
    assert "pa55word" not in "".join(traceback.format_exception(caught.value))


def test_certificates_that_cannot_be_read_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/certificates.pem")
    with pytest.raises(OptionsError, match="SSL_CERT_FILE"):
        HttpSegmenter("https://segment.invalid", "any/1")


def test_this_machine_is_not_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with endpoint(answers(http_reply(good_body()))) as server:
        assert segment_with(server.url).class_map == {1: "object"}


def test_a_call_under_way_keeps_no_picture() -> None:
    image, gone = np.zeros((*SIZE[::-1], 3), np.uint8), threading.Event()
    weakref.finalize(image, gone.set)

    def answer(_: httpx.Request) -> httpx.Response:
        assert gone.wait(10)
        return httpx.Response(200, content=good_body())

    transport = httpx.MockTransport(answer)
    with HttpSegmenter("http://host", "model/1", transport=transport) as segmenter:
        call = segmenter.prepare_sent(Frame(image, 0, 0.0, 0.0), Sending())
        del image
        assert call().frame_size == SIZE
