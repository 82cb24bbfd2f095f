"""Whatever a page is asked, a refusal is a sentence in JSON."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from feeds import HandFeed, give_event, visited

from livesegment.settings import ApiKey, WebOptions

TOKEN = "correct horse"
PICTURE = bytes(range(100))


@contextmanager
def page(folder: Path, token: str | None = None) -> Iterator[tuple[httpx.Client, HandFeed]]:
    """Serve a page with one camera and the picture of an event."""
    feed = HandFeed("gate", "Gate")
    give_event(feed, folder, PICTURE)
    with visited(feed, WebOptions(port=0, token=token and ApiKey(token))) as client:
        yield client, feed


def sentence(answer: httpx.Response) -> str:
    """Return what a refusal says."""
    assert answer.headers["content-type"] == "application/json"
    said = answer.json()["message"]
    assert len(said.split()) > 2, f"{said!r} is no sentence"
    return said


KEPT = "/cameras/gate/events/a.jpg"


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        *[
            (wanted, 400)
            for wanted in ("x", "bytes", "bytes=", "bytes=x", "lines=1-2", "bytes=5-2")
        ],
        ("bytes=100-", 416),
        ("bytes=0-1,500-600", 416),
    ],
)
def test_a_range_that_is_none_is_refused_with_a_sentence(
    tmp_path: Path, wanted: str, status: int
) -> None:
    with page(tmp_path) as (client, _):
        answer = client.get(KEPT, headers={"Range": wanted})
        assert answer.status_code == status
        assert "range" in sentence(answer).casefold()
        assert answer.headers.get("content-range") == ("bytes */100" if status == 416 else None)
        head = client.head(KEPT, headers={"Range": wanted})
        assert (head.status_code, head.content) == (status, b"")


def test_parts_of_a_file_are_sent(tmp_path: Path) -> None:
    with page(tmp_path) as (client, _):
        for wanted, part in (("0-9", PICTURE[:10]), ("90-", PICTURE[90:]), ("-5", PICTURE[-5:])):
            answer = client.get(KEPT, headers={"Range": f"bytes={wanted}"})
            assert (answer.status_code, answer.content) == (206, part)
        assert client.get(KEPT).content == PICTURE


def test_a_file_that_has_gone_is_refused_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with page(tmp_path) as (client, feed):
        # Its age was over between two looks at it.
        monkeypatch.setattr(feed.events, "file", lambda name, **_: tmp_path / "gone.jpg")
        answer = client.get(KEPT)
        assert (answer.status_code, sentence(answer)[:8]) == (404, "there is")


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "FROBNICATE"])
def test_a_method_that_is_not_served_is_refused_with_a_sentence(
    tmp_path: Path, method: str, token: str | None
) -> None:
    kind = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    with page(tmp_path, token) as (client, _):
        for path in ("/", "/api/cameras", "/api/cameras/gate/controls", "/healthz", "/nowhere"):
            for headers in ({}, kind):
                answer = client.request(method, path, headers=headers)
                assert 400 <= answer.status_code < 500
                sentence(answer)
            assert answer.status_code == (404 if path == "/nowhere" else 405)


@pytest.mark.parametrize(
    "path",
    [
        *("/nowhere", "/api", "/page/", "/page/nothing.js", "/page/..%2Fapp.py", "/%00", "/%FF"),
        *("/cameras/other/snapshot.jpg", "/cameras/gate/events/b.jpg", "/api/cameras/"),
        *("/cameras/gate/events/..%2F..%2Fetc%2Fpasswd", "/login/", "/" + "a" * 10_000),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_with_a_sentence(tmp_path: Path, path: str) -> None:
    with page(tmp_path) as (client, _):
        answer = client.get(path)
        assert answer.status_code == 404
        sentence(answer)
        assert client.head(path).status_code == 404


RAW = [
    b"GET  / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET http://localhost/api/cameras HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /x?%ff%zz=%ed%a0%80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nOrigin: http://evil\r\n"
    b"Connection: upgrade\r\nSec-Fetch-Site: cross-site\r\n\r\n",
]


@pytest.mark.parametrize("sent", RAW)
def test_what_is_hardly_http_is_refused_with_a_sentence(tmp_path: Path, sent: bytes) -> None:
    with page(tmp_path) as (client, _):
        parts = urlsplit(str(client.base_url))
        with socket.create_connection((parts.hostname, parts.port), 30) as connection:  # type: ignore[arg-type]
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1][:1] == b"4"
    assert len(json.loads(body)["message"].split()) > 2


def test_a_fault_of_ours_is_a_sentence_and_tells_nobody_what_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("the secret of the house")

    with page(tmp_path) as (client, feed):
        monkeypatch.setattr(feed, "report", fail)
        answer = client.get("/api/cameras")
        assert answer.status_code == 500
        assert "secret" not in sentence(answer)
        assert answer.headers["x-frame-options"] == "DENY"
        assert client.get("/api/controls").is_success
    assert "the secret of the house" in caplog.text
