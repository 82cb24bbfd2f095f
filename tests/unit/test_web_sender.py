"""Who may send the pictures of a camera to the page's server, and what is answered."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest
from feeds import HandFeed, served
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from test_sources_browser import SIDE, number_of, picture, with_size
from waiting import wait_until
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from livesegment.http_server import HttpServer
from livesegment.settings import ApiKey, WebOptions
from livesegment.sources.browser import BrowserSource
from livesegment.web import sender_route

TOKEN, VIEW_TOKEN = "correct horse", "battery staple"
BOTH = WebOptions(port=0, token=ApiKey(TOKEN), view_token=ApiKey(VIEW_TOKEN))


@contextmanager
def page(options: WebOptions | None = None) -> Iterator[tuple[str, BrowserSource, HandFeed]]:
    """Serve a page that takes the camera of whoever looks."""
    feed = HandFeed("camera")
    with BrowserSource(SIDE) as source:
        feed.inlet = source
        with served(feed, options=options) as server:
            yield server.url, source, feed


def sender(url: str, camera: str = "camera", **headers: str) -> ClientConnection:
    """Open a connection as a page of that server does, unless the headers say otherwise."""
    headers = {"Origin": url, **headers}
    return connect(
        f"ws://{urlsplit(url).netloc}/api/cameras/{camera}/sender",
        additional_headers={name: value for name, value in headers.items() if value},
        proxy=None,
    )


def closed(connection: ClientConnection) -> tuple[int, str]:
    """Return with what the server closes a connection."""
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            connection.recv(timeout=20)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


def test_each_picture_is_answered_when_it_is_taken() -> None:
    with page() as (url, source, _), sender(url) as connection:
        for number in (3, 4):
            connection.send(picture(number))
            assert number_of(source.read()) == number
            source.answer_taken()
            assert connection.recv(timeout=20) == "taken"
        connection.send("here")
        connection.send(picture(5))
        assert number_of(source.read()) == 5


def test_who_leaves_makes_room_and_the_camera_is_lost() -> None:
    with page() as (url, source, _):
        with sender(url) as connection:
            connection.send(picture(1))
            assert number_of(source.read()) == 1
            client = httpx.Client(base_url=url, trust_env=False)
            [said] = client.get("/api/cameras").json()["cameras"]
            assert said["inlet"] == {"max_side": SIDE, "is_taken": True}
            with sender(url) as other:
                assert closed(other) == (4409, "another device sends its camera already")
        wait_until(lambda: not source.is_taken, "there is room")
        wait_until(lambda: source.lost_since_s is not None, "the camera is lost")
        with sender(url) as connection:
            connection.send(picture(2))
            assert number_of(source.read()) == 2
            assert source.reconnects == 1
        client.close()


def test_who_says_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_route, "_SILENCE_S", 0.1)
    with page() as (url, source, _), sender(url) as connection:
        assert closed(connection)[0] == 4408
        wait_until(lambda: not source.is_taken, "there is room")


@pytest.mark.parametrize(
    ("sent", "code", "reason"),
    [
        (b"no picture", 4422, "a picture is sent as a plain JPEG or WebP file"),
        (with_size(picture(1), 30_000, 30_000), 4422, f"{SIDE} pixels a side, not 30000x30000"),
        (bytes(SIDE * SIDE * 2 + 1), 1009, ""),
    ],
)
def test_what_is_no_picture_or_too_large_ends_the_connection(
    sent: bytes, code: int, reason: str
) -> None:
    with page() as (url, source, _):
        with sender(url) as connection:
            connection.send(sent)
            said = closed(connection)
            assert said[0] == code
            assert reason in said[1]
        wait_until(lambda: not source.is_taken, "there is room")
        with sender(url) as connection:
            connection.send(picture(6))
            assert number_of(source.read()) == 6


def is_refused(url: str, status: int, **headers: str) -> None:
    """Check that a connection is refused, with a status where that can be read."""
    # uvicorn 0.50 and before write a refusal with a header twice that may stand there once.
    with pytest.raises((InvalidStatus, InvalidMessage)) as caught, sender(url, **headers):
        pass
    if isinstance(caught.value, InvalidStatus):
        assert caught.value.response.status_code == status


def test_another_sites_page_sends_no_pictures() -> None:
    with page() as (url, source, _):
        for origin in ("http://evil.example", "null", f"{url}.evil.example"):
            is_refused(url, 403, Origin=origin)
        is_refused(url, 403, **{"Sec-Fetch-Site": "cross-site"})
        assert not source.is_taken


def test_only_who_may_change_something_sends_pictures() -> None:
    with page(BOTH) as (url, source, _), httpx.Client(base_url=url, trust_env=False) as client:
        is_refused(url, 401)
        sessions = []
        for token in (VIEW_TOKEN, TOKEN):
            client.cookies.clear()
            client.post("/login", json={"token": token})
            sessions.append("; ".join(f"{name}={value}" for name, value in client.cookies.items()))
        looks, changes = sessions
        is_refused(url, 403, Cookie=looks)
        is_refused(url, 403, Cookie=changes, Origin="http://evil.example")
        assert not source.is_taken
        with sender(url, Cookie=changes) as connection:
            connection.send(picture(2))
            assert number_of(source.read()) == 2
        client.post("/logout", json={})
        is_refused(url, 401, Cookie=changes)
        client.cookies.clear()


def test_a_camera_whose_pictures_come_from_elsewhere_takes_none() -> None:
    with page() as (url, _, feed):
        with sender(url, "other") as connection:
            assert closed(connection) == (4404, sender_route.NO_CAMERA)
        feed.inlet = None
        with sender(url) as connection:
            assert closed(connection) == (4404, sender_route.NO_CAMERA)


def test_where_no_page_sends_pictures_no_websocket_is_taken_and_no_camera_asked_for() -> None:
    with served(HandFeed("camera")) as server:
        is_refused(server.url, 404)
        headers = httpx.get(server.url, trust_env=False).headers
        assert "camera=()" in headers["permissions-policy"]
    with page() as (url, _, _):
        headers = httpx.get(url, trust_env=False).headers
        assert "camera=(self)" in headers["permissions-policy"]


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(await socket.receive_text())


def test_a_websocket_that_is_quiet_is_not_taken_for_a_request_that_does_not_come() -> None:
    app = Starlette(routes=[WebSocketRoute("/", _echo)])
    server = HttpServer(
        *(app, "127.0.0.1", 0),
        **{"option": "--x", "grace_s": 1, "keep_alive_s": 1, "head_s": 0.1, "longest_message": 99},
    )
    with server, connect(f"ws://{urlsplit(server.url).netloc}", proxy=None) as connection:
        with pytest.raises(TimeoutError):
            connection.recv(timeout=0.3)
        connection.send("there")
        assert connection.recv(timeout=20) == "there"
