"""Who may see the page and change something on it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest
from feeds import HandFeed, served, visited

from livesegment.cli.line import read_line
from livesegment.cli.live import web_options
from livesegment.errors import OptionsError
from livesegment.settings import ApiKey, WebOptions
from livesegment.settings.commands import LiveCommand
from livesegment.settings.web import web_address
from livesegment.web.access import Access
from livesegment.web.roles import Role

TOKEN = "correct horse"
GUARDED = WebOptions(port=0, token=ApiKey(TOKEN))


@contextmanager
def page(options: WebOptions | None = None) -> Iterator[tuple[httpx.Client, HandFeed]]:
    """Serve a page with one camera, and a browser without cookies to look at it."""
    feed = HandFeed("gate", "Gate")
    with visited(feed, options) as client:
        yield client, feed


def controls(client: httpx.Client, **arguments: object) -> httpx.Response:
    sent = {"json": {"show_overlay": False}, **arguments}
    return client.post("/api/cameras/gate/controls", **sent)  # type: ignore[arg-type]


def test_the_page_itself_has_the_endpoint_asked_at_once_and_nobody_elses_does() -> None:
    path = "/api/cameras/gate/retry"
    with page() as (client, feed):
        assert client.post(path, json={}).status_code == 204
        assert feed.retries == 1
        assert client.post("/api/cameras/nowhere/retry", json={}).status_code == 404
        assert client.post(path, data={}).status_code == 415
        elsewhere = {"Origin": "http://evil.example"}
        assert client.post(path, json={}, headers=elsewhere).status_code == 403
        assert client.get(path).status_code == 405
        assert feed.retries == 1


def test_the_page_itself_changes_controls() -> None:
    with page() as (client, feed):
        own = {"Origin": str(client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
        answer = controls(client, headers=own, json={"opacity": 0.25, "classes": ["car"]})
        assert answer.status_code == 200
        assert answer.json()["opacity"] == 0.25
        assert feed.controls().classes == frozenset({"car"})
        assert client.get("/api/cameras").json()["cameras"][0]["controls"]["classes"] == ["car"]
        assert controls(client, json={"classes": None, "align": "delay"}).status_code == 200
        assert feed.controls().classes is None
        assert feed.controls().align == "delay"


@pytest.mark.parametrize(
    "sent",
    [
        {"opacity": 2},
        {"opacity": "0.5"},
        {"opacity": True},
        {"show_overlay": 1},
        {"style": "glitter"},
        {"style": ["fill"]},
        {"align": None},
        {"classes": "person"},
        {"classes": [1]},
        {"classes": ["x"] * 1000},
        {"paused": True},
        {"__class__": 1},
        [],
        "text",
        None,
    ],
)
def test_a_change_that_makes_no_sense_is_refused_with_a_reason(sent: object) -> None:
    with page() as (client, feed):
        before = feed.controls()
        answer = client.post(
            "/api/cameras/gate/controls",
            content=httpx.Response(200, json=sent).content,
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 400
        assert answer.json()["message"]
        assert feed.controls() == before


@pytest.mark.parametrize(("content", "status"), [(b"{", 400), (b"x" * 100_000, 413)])
def test_what_is_not_json_or_too_long_is_refused(content: bytes, status: int) -> None:
    with page() as (client, _):
        headers = {"Content-Type": "application/json"}
        answer = client.post("/api/cameras/gate/controls", content=content, headers=headers)
        assert answer.status_code == status


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("options", [WebOptions(port=0), GUARDED])
def test_what_is_no_text_or_no_address_is_refused_with_a_sentence(options: WebOptions) -> None:
    with page(options) as (client, _):
        for content in (rb'{"token": "\ud800"}', b'{"token": "\xff"}', rb'{"\udfff": ["token"]}'):
            answer = client.post("/login", content=content, headers=JSON)
            assert (content, answer.status_code) == (content, 400)
            assert answer.json()["message"]
        for origin in (b"http://[", b"http://[::1", b"http://a\xbd]/", b"http://\xe2\x84\x80"):
            headers = {b"Origin": origin, b"Content-Type": b"application/json"}
            answer = client.post("/login", content="{}", headers=headers)
            assert answer.status_code in {400, 403}
            assert answer.json()["message"]


def test_a_class_that_is_no_text_changes_nothing_for_anybody() -> None:
    with page() as (client, feed):
        before = feed.controls()
        for sent in (rb'{"classes": ["\ud800"]}', rb'{"classes": ["car", "a\udc80"]}'):
            answer = client.post("/api/cameras/gate/controls", content=sent, headers=JSON)
            assert (answer.status_code, answer.json()["message"][:4]) == (400, "that")
        assert feed.controls() == before
        assert client.get("/api/cameras").status_code == 200
        whole = rb'{"classes": ["\ud83d\ude97"]}'  # both halves of a pair are a character
        assert client.post("/api/cameras/gate/controls", content=whole, headers=JSON).is_success
        assert feed.controls().classes == frozenset({"\N{AUTOMOBILE}"})


def test_half_a_body_is_waited_for_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livesegment.web.client._BODY_S", 0.2)
    with page(GUARDED) as (client, _):
        parts = urlsplit(str(client.base_url))
        with socket.create_connection((parts.hostname, parts.port), 30) as connection:  # type: ignore[arg-type]
            connection.sendall(
                b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b'Content-Length: 100\r\n\r\n{"token": '
            )
            answer = b""
            while b"}" not in answer and (piece := connection.recv(65536)):
                answer += piece
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'{"message":' in answer


def test_a_token_is_demanded_for_everything_but_the_way_in() -> None:
    with page(GUARDED) as (client, _):
        for path in ("/api/cameras", "/stream.mjpg", "/cameras/gate/snapshot.jpg", "/page/app.js"):
            assert client.get(path).status_code == 401
        assert controls(client).status_code == 401
        front = client.get("/")
        assert (front.status_code, front.headers["location"]) == (303, "/login")
        for path in ("/login", "/page/login.js", "/page/style.css", "/page/icon.svg"):
            assert client.get(path).status_code == 200


def test_a_wrong_token_is_refused_and_guessing_is_slow() -> None:
    with page(GUARDED) as (client, _):
        answer = client.post("/login", json={"token": "wrong"})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert client.get("/api/cameras").status_code == 401


def test_other_programs_send_the_token_in_a_header_and_never_in_the_address() -> None:
    with page(GUARDED) as (client, _):
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert client.get("/api/cameras", headers=right).status_code == 200
        assert client.get(f"/api/cameras?token={TOKEN}").status_code == 401
        wrong = {"Authorization": "Bearer wrong"}
        assert client.get("/api/cameras", headers=wrong).status_code == 401


def test_what_came_with_a_token_in_a_header_is_read_and_too_much_is_refused() -> None:
    with page(GUARDED) as (client, feed):
        right = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        assert controls(client, headers=right).status_code == 200
        assert not feed.controls().show_overlay
        # The second waits for its turn, and while it does it sends more than anybody reads.
        assert client.post("/login", json={"token": "wrong"}).status_code == 401
        much = controls(client, headers=right, json=None, content=b" " * 1_000_000)
        assert much.status_code == 413


def test_the_right_token_gets_in_from_the_address_of_somebody_who_guesses() -> None:
    with page(GUARDED) as (client, _), guessing(str(client.base_url)) as reached:
        assert reached.wait(30)
        assert client.post("/login", json={"token": TOKEN}).status_code == 204
        right = {"Authorization": f"Bearer {TOKEN}"}
        client.cookies.clear()
        assert client.get("/api/cameras", headers=right).status_code == 200


@contextmanager
def guessing(url: str) -> Iterator[threading.Event]:
    """Guess again and again, three at once; the event tells that one has been answered."""
    is_over, answered = threading.Event(), threading.Event()

    def guess() -> None:
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            while not is_over.is_set():
                assert client.post("/login", json={"token": "wrong"}).status_code == 401
                answered.set()

    with ThreadPoolExecutor(3) as pool:
        guesses = [pool.submit(guess) for _ in range(3)]
        try:
            yield answered
        finally:
            is_over.set()
        for each in guesses:
            each.result(60)


HANGS_UP = [
    b"POST /login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b'Content-Length: 18\r\n\r\n{"token": "wrong"}',
    b"GET /api/cameras HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer wrong\r\n\r\n",
]


@pytest.mark.parametrize("sent", HANGS_UP)
def test_who_guesses_and_hangs_up_is_not_waited_for(sent: bytes) -> None:
    with page(GUARDED) as (client, _):
        parts = urlsplit(str(client.base_url))
        for _ in range(60):
            with socket.create_connection((parts.hostname, parts.port), 30) as connection:  # type: ignore[arg-type]
                connection.sendall(sent)
        assert client.post("/login", json={"token": TOKEN}).status_code == 204


def test_guesses_of_an_address_are_looked_at_in_order_and_those_of_others_at_once() -> None:
    async def guess_all() -> list[Role]:
        access = Access(ApiKey(TOKEN), wait_s=0.05)
        tokens = ["wrong", "wrong", TOKEN, "wrong", TOKEN]
        order: list[Role] = []

        async def guess(token: str) -> None:
            order.append(await access.guess(token, "192.0.2.1"))

        await asyncio.gather(*map(guess, tokens))
        return order

    async def guess_elsewhere() -> bool:
        access = Access(ApiKey(TOKEN), wait_s=3600)
        assert await access.guess("wrong", "192.0.2.1") is Role.OPEN
        waiting = asyncio.create_task(access.guess(TOKEN, "192.0.2.1"))
        await asyncio.sleep(0)  # it stands in the queue
        assert await access.guess(TOKEN, "192.0.2.2") is Role.CHANGE
        assert access.role_of(access.new_session(Role.CHANGE)) is Role.CHANGE
        return waiting.cancel()  # True: it had not been looked at

    wrong, right = Role.OPEN, Role.CHANGE
    assert asyncio.run(guess_all()) == [wrong, wrong, right, wrong, right]
    assert asyncio.run(guess_elsewhere())


def test_other_machines_see_the_page_only_with_a_token() -> None:
    with pytest.raises(OptionsError, match="LIVESEGMENT_WEB_TOKEN"):
        WebOptions("0.0.0.0")
    with pytest.raises(OptionsError, match="8 characters"):
        WebOptions(token=ApiKey("short"))
    assert TOKEN not in repr(WebOptions("0.0.0.0", token=ApiKey(TOKEN)))


def test_a_token_is_made_up_where_none_is_given_and_said_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIVESEGMENT_WEB_TOKEN", raising=False)
    made, again = web_options("0.0.0.0:80"), web_options("0.0.0.0:80")
    assert made.token is not None
    assert made.token != again.token
    said = capsys.readouterr()
    assert said.err.count(made.token.reveal()) == 1
    assert said.out == ""
    assert web_options("127.0.0.1:80").token is None
    monkeypatch.setenv("LIVESEGMENT_WEB_TOKEN", TOKEN)
    assert web_options("127.0.0.1:80").token == ApiKey(TOKEN)
    assert web_options("0.0.0.0:80").token == ApiKey(TOKEN)
    assert capsys.readouterr().err == ""


def test_an_address_is_host_and_port() -> None:
    assert web_address("0.0.0.0:80") == ("0.0.0.0", 80)
    assert web_address("[::1]:8080") == ("::1", 8080)
    assert web_address("camera.local:65535") == ("camera.local", 65535)
    for wrong in ("", "8080", ":8080", "host", "host:", "host:http", "::1:80", "http://host:80"):
        with pytest.raises(OptionsError, match="HOST:PORT"):
            web_address(wrong)
    with pytest.raises(OptionsError, match="65535"):
        web_address("localhost:99999")


@pytest.mark.parametrize(
    ("line", "web", "source"),
    [
        ("--web", "127.0.0.1:8080", "0"),
        ("--web --mirror", "127.0.0.1:8080", "0"),
        ("--web 1", "127.0.0.1:8080", "1"),
        ("--web pattern:", "127.0.0.1:8080", "pattern:"),
        ("--web rtsp://a:554", "127.0.0.1:8080", "rtsp://a:554"),
        ("--web 0.0.0.0:80 1", "0.0.0.0:80", "1"),
        ("--web [::]:80", "[::]:80", "0"),
        ("--web=0.0.0.0:80 1", "0.0.0.0:80", "1"),
    ],
)
def test_the_option_may_stand_without_an_address(line: str, web: str, source: str) -> None:
    command, _ = read_line(LiveCommand, line.split())
    assert (command.web, command.source) == (web, source)


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with served(HandFeed()) as first:
        port = int(first.url.rpartition(":")[2])
        taken = WebOptions(port=port)
        refusal = pytest.raises(OptionsError, match=f"port {port}: address already in use")
        with refusal, served(HandFeed(), options=taken):
            pass
