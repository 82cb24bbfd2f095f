"""Who may do what on the page: two tokens, and a table that says what each route needs."""

import asyncio
import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from feeds import HandFeed, give_event, visited
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket

from livesegment.cli.live import web_options
from livesegment.errors import OptionsError
from livesegment.http_server import HttpServer
from livesegment.settings import ApiKey, WebOptions
from livesegment.web import guard
from livesegment.web.access import Access
from livesegment.web.app import build_app
from livesegment.web.guard import PAGES, Guard
from livesegment.web.roles import Role, Rule
from livesegment.web.route_rules import RULES
from livesegment.web.streams import Streams

TOKEN, VIEW_TOKEN = "correct horse", "battery staple"
BOTH = WebOptions(port=0, token=ApiKey(TOKEN), view_token=ApiKey(VIEW_TOKEN))
JSON = {"content-type": "application/json"}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def basic(token: str, user: str = "homeassistant") -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{user}:{token}'.encode()).decode()}"}


LOOKER, CHANGER = bearer(VIEW_TOKEN), bearer(TOKEN)


@contextmanager
def page(folder: Path | None = None) -> Iterator[tuple[httpx.Client, HandFeed]]:
    """Serve a page with two tokens and one camera, whose pictures have come to an end."""
    feed = HandFeed("gate", "Gate")
    if folder is not None:
        give_event(feed, folder, b"picture")
    feed.put()
    with visited(feed, BOTH) as client:
        feed.end()
        yield client, feed


def ask(client: httpx.Client, method: str, path: str, headers: Mapping[str, str]) -> httpx.Response:
    """Make a request of the table, of the camera there is; a change is an empty one."""
    path = path.replace("/page/{name}", "/page/app.js")
    path = path.replace("{name}", "gate").replace("{file}", "a.jpg").replace("{id}", "1")
    if method == "GET":
        return client.get(path, headers=headers)
    return client.post(path, headers={**JSON, **headers}, content="{}")


def test_the_table_has_every_route_of_the_page_and_no_other() -> None:
    app = build_app(list, Access(None), Streams(), cookie="c", beat=lambda: 0.0)
    routes = set()
    for route in app.routes:
        if isinstance(route, WebSocketRoute):
            routes.add(("WEBSOCKET", route.path))
            continue
        assert isinstance(route, Route), f"{route} is of a kind that the table cannot have"
        assert route.methods, f"{route.path} takes any method"
        routes |= {(method, route.path) for method in route.methods - {"HEAD"}}
    assert routes == RULES.keys()


@pytest.mark.parametrize(("method", "path"), [each for each in RULES if each[0] != "WEBSOCKET"])
def test_a_route_answers_whoever_has_its_role_and_nobody_else(
    tmp_path: Path, method: str, path: str
) -> None:
    with page(tmp_path) as (client, feed):
        before = feed.controls()
        for headers, role in (({}, Role.OPEN), (LOOKER, Role.LOOK), (CHANGER, Role.CHANGE)):
            answer = ask(client, method, path, headers)
            if role >= RULES[method, path].role:
                assert answer.status_code not in {303, 401, 403}
                continue
            assert answer.status_code == (403 if role else 303 if path in PAGES else 401)
            assert (feed.controls(), feed.retries) == (before, 0)
            if path not in PAGES:
                assert answer.json()["message"]


def test_who_only_looks_sees_everything_and_changes_nothing(tmp_path: Path) -> None:
    with page(tmp_path) as (client, feed):
        assert client.post("/login", json={"token": VIEW_TOKEN}).status_code == 204
        cameras = client.get("/api/cameras").json()
        assert (cameras["role"], cameras["needs_login"]) == ("look", True)
        for path in ("/", "/page/app.js", "/api/cameras/gate/events", "/stream.mjpg"):
            assert client.get(path).is_success
        assert client.get("/metrics").status_code in (200, 501)  # without the extra: 501
        assert client.get("/cameras/gate/events/a.jpg").content == b"picture"
        for path in ("/api/cameras/gate/controls", "/api/cameras/gate/retry"):
            refused = client.post(path, json={})
            assert refused.status_code == 403
            assert "only looks" in refused.json()["message"]
        assert feed.retries == 0
        assert client.get("/nowhere").status_code == 404


def test_a_session_has_the_role_of_the_token_that_began_it() -> None:
    with page() as (client, feed):
        for token, role, status in ((VIEW_TOKEN, "look", 403), (TOKEN, "change", 200)):
            client.cookies.clear()
            assert client.post("/login", json={"token": token}).status_code == 204
            assert token not in str(client.cookies)
            assert client.get("/api/cameras").json()["role"] == role
            change = client.post("/api/cameras/gate/controls", json={"show_overlay": False})
            assert change.status_code == status
        assert not feed.controls().show_overlay


def test_who_only_looks_logs_out_as_everybody_does() -> None:
    with page() as (client, _):
        client.post("/login", json={"token": VIEW_TOKEN})
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
        assert client.post("/logout", json={}).status_code == 204
        assert client.get("/api/cameras", headers=cookie).status_code == 401


def test_a_session_that_only_looks_can_not_be_made_one_that_changes() -> None:
    access = Access(ApiKey(TOKEN), ApiKey(VIEW_TOKEN))
    looks, changes = (access.new_session(role) for role in (Role.LOOK, Role.CHANGE))
    assert (access.role_of(looks), access.role_of(changes)) == (Role.LOOK, Role.CHANGE)
    mixed = f"{looks.rpartition('.')[0]}.{changes.rpartition('.')[2]}"
    assert access.role_of(mixed) is Role.OPEN
    # Another token for those who look ends their sessions, and no others.
    other = Access(ApiKey(TOKEN), ApiKey("another one"))
    assert (other.role_of(looks), other.role_of(changes)) == (Role.OPEN, Role.CHANGE)
    alone = Access(ApiKey(TOKEN))
    assert (alone.role_of(looks), alone.role_of(changes)) == (Role.OPEN, Role.CHANGE)


def test_a_session_that_only_looks_changes_something_with_the_other_token_beside_it() -> None:
    with page() as (client, feed):
        client.post("/login", json={"token": VIEW_TOKEN})
        retry = "/api/cameras/gate/retry"
        assert client.post(retry, json={}, headers=CHANGER).status_code == 204
        assert feed.retries == 1


def test_programs_that_know_only_http_basic_send_a_token_as_the_password() -> None:
    with page() as (client, feed):
        for user in ("homeassistant", "", "ä"):
            assert client.get("/api/cameras", headers=basic(TOKEN, user)).is_success
        assert client.get("/api/cameras", headers=basic(VIEW_TOKEN)).json()["role"] == "look"
        assert client.get("/stream.mjpg", auth=httpx.BasicAuth("any", VIEW_TOKEN)).is_success
        retry = "/api/cameras/gate/retry"
        assert client.post(retry, json={}, headers=basic(VIEW_TOKEN)).status_code == 403
        assert client.post(retry, json={}, headers=basic(TOKEN)).status_code == 204
        assert feed.retries == 1


def test_a_password_may_have_colons_and_letters_of_any_kind() -> None:
    token = "größer: als 8"
    options = WebOptions(port=0, token=ApiKey(token))
    with visited(HandFeed(), options) as client:
        for headers in (basic(token), {b"authorization": f"Bearer {token}".encode()}):
            assert client.get("/api/cameras", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "credentials",
    ["!", "YQ", "YWJj", "Y29ycmVjdCBob3JzZQ==", "=", "\xff", "a" * 8_000],
)
def test_what_is_no_user_and_password_is_nobody(credentials: str) -> None:
    with page() as (client, _):
        headers = {b"authorization": f"Basic {credentials}".encode("latin-1")}
        answer = client.get("/api/cameras", headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {"message": "log in first"}


def test_http_basic_is_never_asked_for_so_that_no_browser_opens_a_window() -> None:
    with page() as (client, _):
        for headers in ({}, basic("wrong")):
            for path in ("/api/cameras", "/cameras/gate/snapshot.jpg", "/metrics"):
                challenge = client.get(path, headers=headers).headers["www-authenticate"]
                assert "basic" not in challenge.casefold()
        refused = client.post("/api/cameras/gate/retry", json={}, headers=basic(VIEW_TOKEN))
        assert "www-authenticate" not in refused.headers


def test_other_sites_pages_change_nothing_with_a_password_that_a_browser_kept() -> None:
    with page() as (client, feed):
        elsewhere = {**basic(TOKEN), "Origin": "http://evil.example"}
        refused = client.post("/api/cameras/gate/retry", json={}, headers=elsewhere)
        assert (refused.status_code, feed.retries) == (403, 0)


def test_guesses_by_basic_stand_in_the_queue_in_which_all_guesses_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guessed: list[str] = []
    queue = Access.guess

    async def guess(self: Access, offered: str, client: str) -> Role:
        guessed.append(offered)
        return await queue(self, offered, client)

    monkeypatch.setattr(Access, "guess", guess)
    with page() as (client, _):
        for headers in (basic("wrong"), bearer("wrong too"), basic(VIEW_TOKEN)):
            client.get("/api/cameras", headers=headers)
    assert guessed == ["wrong", "wrong too", VIEW_TOKEN]


def test_a_guess_of_either_token_is_looked_at_in_its_turn() -> None:
    async def guess_all() -> list[Role]:
        access = Access(ApiKey(TOKEN), ApiKey(VIEW_TOKEN), wait_s=0.01)
        tokens = (VIEW_TOKEN, "wrong", TOKEN, "", VIEW_TOKEN.upper())
        return [await access.guess(token, "192.0.2.1") for token in tokens]

    assert asyncio.run(guess_all()) == [
        *(Role.LOOK, Role.OPEN, Role.CHANGE, Role.OPEN, Role.OPEN),
    ]


@pytest.mark.parametrize(
    ("token", "view_token", "sentence"),
    [
        (None, VIEW_TOKEN, "needs one beside it that changes something too"),
        (TOKEN, TOKEN, "has to differ from the one that changes"),
        (TOKEN, f" {TOKEN} ", "has to differ from the one that changes"),
        (TOKEN, "short", "only looks has at least 8 characters"),
    ],
)
def test_tokens_that_make_no_sense_together_are_a_sentence_that_shows_none(
    token: str | None, view_token: str, sentence: str
) -> None:
    with pytest.raises(OptionsError, match=sentence) as caught:
        WebOptions(token=token and ApiKey(token), view_token=ApiKey(view_token))
    assert view_token.strip() not in str(caught.value).replace("for short", "")


def test_neither_token_shows_itself() -> None:
    assert TOKEN not in repr(BOTH)
    assert VIEW_TOKEN not in repr(BOTH)


def test_the_token_that_only_looks_is_in_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIVESEGMENT_WEB_TOKEN", raising=False)
    monkeypatch.setenv("LIVESEGMENT_WEB_VIEW_TOKEN", VIEW_TOKEN)
    made = web_options("0.0.0.0:80")  # the other one is made up, as ever
    assert made.view_token == ApiKey(VIEW_TOKEN)
    assert made.token is not None
    assert made.token.reveal() in capsys.readouterr().err
    with pytest.raises(OptionsError, match="LIVESEGMENT_WEB_TOKEN"):
        web_options("127.0.0.1:80")
    monkeypatch.setenv("LIVESEGMENT_WEB_TOKEN", TOKEN)
    assert web_options("127.0.0.1:80").view_token == ApiKey(VIEW_TOKEN)


async def _said(request: Request) -> PlainTextResponse:
    return PlainTextResponse("it is done")


async def _taken(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("taken")
    await socket.close()


def later() -> Starlette:
    """Return an application with routes that nobody has thought of in the table."""
    return Starlette(
        routes=[
            Route("/new", _said, methods=["GET", "POST"]),
            Mount("/api/cameras", routes=[Route("/", _said)]),
            WebSocketRoute("/socket", _taken),
        ],
        middleware=[Middleware(Guard, Access(ApiKey(TOKEN), ApiKey(VIEW_TOKEN)), "cookie")],
    )


def statuses(app: Starlette, path: str) -> list[int]:
    """Return what nobody, who only looks, and who may change something is answered."""
    server = HttpServer(app, "127.0.0.1", 0, option="--x", grace_s=1, keep_alive_s=5)
    with server, httpx.Client(base_url=server.url, trust_env=False, timeout=10) as client:
        return [client.get(path, headers=each).status_code for each in ({}, LOOKER, CHANGER)]


@pytest.mark.parametrize("path", ["/new", "/api/cameras/"])
def test_a_route_that_the_table_lacks_is_for_those_who_may_change_something(path: str) -> None:
    assert statuses(later(), path) == [401, 403, 200]


def test_a_route_that_comes_when_the_application_is_made_already_is_guarded_too() -> None:
    app = later()
    app.router.routes.append(Route("/newest", _said))
    assert statuses(app, "/newest") == [401, 403, 200]


def opened(headers: Mapping[str, str], *extensions: str) -> list[Message]:
    """Return what a server is told that asks for a WebSocket to be taken."""
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "path": "/socket",
        "query_string": b"",
        "headers": [
            (b"host", b"page.example"),
            *((name.encode(), value.encode()) for name, value in headers.items()),
        ],
        "client": ("192.0.2.1", 1),
        "subprotocols": [],
        "extensions": {each: {} for each in extensions},
    }
    told: list[Message] = []

    async def open_one() -> None:
        messages: asyncio.Queue[Message] = asyncio.Queue()
        messages.put_nowait({"type": "websocket.connect"})

        async def send(message: Message) -> None:
            told.append(message)

        async with asyncio.timeout(10):
            await later()(scope, messages.get, send)

    asyncio.run(open_one())
    return told


def is_taken(headers: Mapping[str, str]) -> bool:
    told = [each["type"] for each in opened(headers)]
    assert told in (["websocket.accept", "websocket.send", "websocket.close"], ["websocket.close"])
    return len(told) > 1


def test_a_websocket_that_the_table_lacks_is_for_those_who_may_change_something() -> None:
    assert [is_taken(each) for each in ({}, LOOKER, CHANGER)] == [False, False, True]


def test_a_websocket_has_a_role_in_the_table_as_every_route(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looking = {("WEBSOCKET", "/socket"): Rule(Role.LOOK, "Pictures.", {})}
    monkeypatch.setattr(guard, "RULES", {**RULES, **looking})
    assert [is_taken(each) for each in ({}, LOOKER, CHANGER)] == [False, True, True]


def test_another_sites_page_opens_no_websocket() -> None:
    session = Access(ApiKey(TOKEN)).new_session(Role.CHANGE)
    for headers in (CHANGER, {"cookie": f"cookie={session}"}):
        assert is_taken({**headers, "origin": "http://page.example"})
        for origin in ("http://evil.example", "null", "http://page.example.evil.example"):
            assert not is_taken({**headers, "origin": origin})
        assert not is_taken({**headers, "sec-fetch-site": "same-site"})


def test_a_server_that_can_is_told_why_a_websocket_is_refused() -> None:
    start, body = opened(LOOKER, "websocket.http.response")
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)
    assert (b"x-frame-options", b"DENY") in start["headers"]
    assert b"only looks" in body["body"]
