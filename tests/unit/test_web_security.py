"""The rules by which a page is safe in a browser, one test for each."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import Morsel, SimpleCookie

import httpx
import pytest
from broker import free_port
from feeds import HandFeed, visited

from livesegment.settings import ApiKey, WebOptions
from livesegment.web.access import SESSION_S, Access
from livesegment.web.roles import Role

TOKEN = "correct horse"
GUARDED = WebOptions(port=0, token=ApiKey(TOKEN))
CHANGE = "/api/cameras/gate/controls"
WISH = {"show_overlay": False}


@contextmanager
def page(options: WebOptions | None = None) -> Iterator[tuple[httpx.Client, HandFeed]]:
    """Serve a page with one camera, and a browser without cookies to look at it."""
    feed = HandFeed("gate", "Gate")
    with visited(feed, options) as client:
        yield client, feed


# Headers. Whatever is answered has them: the page, data, pictures, refusals, failures.

ANSWERS = {
    "the page": ("/", 200),
    "a script": ("/page/app.js", 200),
    "data": ("/api/cameras", 200),
    "the way in": ("/login", 200),
    "the document": ("/openapi.json", 200),
    "health": ("/healthz", 200),
    "a picture": ("/cameras/gate/snapshot.jpg", 503),
    "a stream": ("/cameras/gate/stream.mjpg", 200),
    "nothing": ("/nowhere", 404),
    "another method": ("/api/cameras/gate/retry", 405),
}


def headers_of(path: str, status: int, options: WebOptions | None = None) -> httpx.Headers:
    with page(options) as (client, feed):
        feed.end()  # there are no pictures, and a stream ends
        answer = client.get(path)
        assert answer.status_code == status
        return answer.headers


@pytest.fixture(scope="module", params=ANSWERS)
def headers(request: pytest.FixtureRequest) -> httpx.Headers:
    """Return the headers of an answer."""
    return headers_of(*ANSWERS[request.param])


def policy(headers: httpx.Headers) -> dict[str, str]:
    """Return what a page may do, by its kind."""
    rules = (each.strip().partition(" ") for each in headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in rules}


def test_a_page_loads_from_its_own_server_alone(headers: httpx.Headers) -> None:
    rules = policy(headers)
    assert rules["default-src"] == "'none'"
    for name, value in rules.items():
        if name.endswith("-src"):
            made_here = " blob:" if name == "media-src" else ""
            assert value.removesuffix(made_here) in {"'none'", "'self'"}


def test_only_the_page_itself_plays_what_it_has_put_together() -> None:
    allowed = {
        what: policy(headers_of(*asked))["media-src"].split() for what, asked in ANSWERS.items()
    }
    assert [what for what, sources in allowed.items() if "blob:" in sources] == ["the page"]


def test_a_page_runs_no_script_that_stands_in_its_html(headers: httpx.Headers) -> None:
    assert "unsafe" not in headers["content-security-policy"]
    assert policy(headers)["script-src"] == "'self'"


def test_a_page_is_framed_by_nobody(headers: httpx.Headers) -> None:
    assert policy(headers)["frame-ancestors"] == "'none'"
    assert headers["x-frame-options"] == "DENY"


def test_a_page_sends_forms_to_itself_alone(headers: httpx.Headers) -> None:
    assert policy(headers)["form-action"] == "'self'"


def test_a_page_has_no_other_base(headers: httpx.Headers) -> None:
    assert policy(headers)["base-uri"] == "'none'"


def test_a_type_is_not_guessed(headers: httpx.Headers) -> None:
    assert headers["x-content-type-options"] == "nosniff"


def test_an_address_is_told_to_no_other_site(headers: httpx.Headers) -> None:
    assert headers["referrer-policy"] == "no-referrer"


def test_another_sites_window_does_not_reach_into_ours(headers: httpx.Headers) -> None:
    assert headers["cross-origin-opener-policy"] == "same-origin"


def test_another_sites_page_does_not_load_ours(headers: httpx.Headers) -> None:
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def test_a_page_uses_no_camera_of_its_viewer(headers: httpx.Headers) -> None:
    for device in ("camera", "microphone", "geolocation"):
        assert f"{device}=()" in headers["permissions-policy"]


def test_nothing_is_kept_on_the_way(headers: httpx.Headers) -> None:
    assert headers["cache-control"] == "no-store"


def test_nobody_is_told_which_server_it_is(headers: httpx.Headers) -> None:
    assert "server" not in headers


@pytest.mark.parametrize(("path", "status"), [("/", 303), ("/api/cameras", 401)])
def test_a_stranger_is_answered_with_the_same_headers(path: str, status: int) -> None:
    own, strangers = headers_of("/nowhere", 404), headers_of(path, status, GUARDED)
    for name in own.keys() - {"content-type", "content-length", "date"}:
        assert strangers[name] == own[name]


# Names. Without a token, a foreign name that was made to lead here (DNS rebinding) gets nothing.


FOREIGN = ("evil.example", "evil.example:8080", "192.0.2.7", "", "[::1")


def test_a_foreign_name_that_leads_here_sees_nothing() -> None:
    with page() as (client, _):
        answers = [client.get("/api/cameras", headers={"Host": host}) for host in FOREIGN]
        assert {each.status_code for each in answers} <= {400, 403}


def test_a_foreign_name_that_leads_here_changes_nothing() -> None:
    with page() as (client, feed):
        for host in FOREIGN:
            own = {"Host": host, "Origin": f"http://{host}"}
            assert client.post(CHANGE, json=WISH, headers=own).status_code in {400, 403}
        assert feed.controls().show_overlay


def test_this_machine_by_name_or_number_is_answered() -> None:
    with page() as (client, _):
        for host in ("localhost", "localhost:9", "127.0.0.1", "[::1]:8080"):
            assert client.get("/api/cameras", headers={"Host": host}).status_code == 200


# Requests that another site's page makes in the name of who looks at it (CSRF).

OF_ANOTHER_SITE = {
    "by its origin": {"Origin": "http://evil.example"},
    "by an origin that is hidden": {"Origin": "null"},
    "by what the browser says of it": {"Sec-Fetch-Site": "cross-site"},
    "of a neighbour": {"Sec-Fetch-Site": "same-site"},
    "on another port": {"Origin": "http://127.0.0.1:1"},
    "with our name in its own": {"Origin": "http://127.0.0.1.evil.example"},
}


@pytest.mark.parametrize("headers", OF_ANOTHER_SITE.values(), ids=OF_ANOTHER_SITE)
def test_another_sites_page_changes_nothing(headers: dict[str, str]) -> None:
    with page() as (client, feed):
        assert client.post(CHANGE, json=WISH, headers=headers).status_code == 403
        assert feed.controls().show_overlay


@pytest.mark.parametrize("headers", OF_ANOTHER_SITE.values(), ids=OF_ANOTHER_SITE)
def test_another_sites_page_does_nothing_in_the_name_of_who_has_logged_in(
    headers: dict[str, str],
) -> None:
    with page(GUARDED) as (client, feed):
        client.post("/login", json={"token": TOKEN})
        for path, sent in ((CHANGE, WISH), ("/login", {"token": TOKEN}), ("/logout", {})):
            refused = client.post(path, json=sent, headers=headers)
            assert refused.status_code == 403
            assert "set-cookie" not in refused.headers
        assert feed.controls().show_overlay
        assert client.get("/api/cameras").status_code == 200


def test_what_a_form_can_send_changes_nothing() -> None:
    forms = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain")
    with page() as (client, feed):
        for kind in (*forms, "", "text/plain; application/json", "application/jsonx"):
            content = b'{"show_overlay": false}'
            refused = client.post(CHANGE, content=content, headers={"Content-Type": kind})
            assert refused.status_code == 415
        assert feed.controls().show_overlay


def test_what_is_only_looked_at_changes_nothing() -> None:
    with page() as (client, feed):
        for path in (CHANGE, "/api/cameras/gate/retry", "/logout"):
            assert client.get(path, params=WISH).status_code == 405
        assert (feed.controls().show_overlay, feed.retries) == (True, 0)


def test_another_sites_page_gets_nothing_to_show() -> None:
    with page() as (client, _):
        for path in ("/", "/cameras/gate/snapshot.jpg", "/api/cameras", "/page/app.js"):
            for mode in ("no-cors", "cors", "websocket", "same-origin"):
                elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": mode}
                assert client.get(path, headers=elsewhere).status_code == 403


def test_a_link_to_the_page_may_be_followed_and_to_nothing_else() -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    with page() as (client, _):
        for path, status in (("/", 200), ("/login", 200), ("/cameras/gate/snapshot.jpg", 403)):
            assert client.get(path, headers=link).status_code == status


def test_the_pages_own_requests_are_answered() -> None:
    with page() as (client, feed):
        own = {"Origin": str(client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
        assert client.post(CHANGE, json=WISH, headers=own).status_code == 200
        assert not feed.controls().show_overlay


# Sessions.


def cookie_of(client: httpx.Client, **headers: str) -> "Morsel[str]":
    """Return the cookie of somebody who logs in."""
    answer = client.post("/login", json={"token": TOKEN}, headers=headers)
    assert answer.status_code == 204
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return cookie


def test_a_session_is_read_by_no_script() -> None:
    with page(GUARDED) as (client, _):
        assert cookie_of(client)["httponly"]


def test_a_session_goes_along_with_no_other_sites_request() -> None:
    with page(GUARDED) as (client, _):
        assert cookie_of(client)["samesite"] == "strict"


def test_a_session_goes_to_this_server_alone_and_to_all_of_it() -> None:
    with page(GUARDED) as (client, _):
        cookie = cookie_of(client)
        assert (cookie["domain"], cookie["path"]) == ("", "/")


def test_a_session_behind_tls_goes_through_tls_alone() -> None:
    with page(GUARDED) as (client, _):
        assert cookie_of(client, **{"X-Forwarded-Proto": "https"})["secure"]
        assert not cookie_of(client)["secure"]  # nobody could log in without TLS otherwise


def test_a_session_has_an_end_of_its_own_as_its_cookie_has() -> None:
    now = [1_000_000.0]
    access = Access(ApiKey(TOKEN), clock=lambda: now[0])
    session = access.new_session(Role.CHANGE)
    now[0] += SESSION_S - 1
    assert access.role_of(session) is Role.CHANGE
    now[0] += 1
    assert access.role_of(session) is Role.OPEN
    with page(GUARDED) as (client, _):
        assert cookie_of(client)["max-age"] == str(SESSION_S)


def test_a_session_does_not_tell_the_token() -> None:
    with page(GUARDED) as (client, _):
        assert TOKEN not in cookie_of(client).OutputString()
        assert client.get("/api/cameras").json()["needs_login"]
        for path in ("/", "/api/cameras", "/openapi.json", "/metrics"):
            assert TOKEN not in client.get(path).text


def test_a_session_is_another_one_each_time_somebody_logs_in() -> None:
    with page(GUARDED) as (client, _):
        assert cookie_of(client).value != cookie_of(client).value


def test_a_session_that_somebody_else_chose_is_not_taken_on() -> None:
    with page(GUARDED) as (client, _):
        name = cookie_of(client).key
        client.cookies.clear()
        given = {"Cookie": f"{name}=9999999999.chosen.0"}
        answer = client.post("/login", json={"token": TOKEN}, headers=given)
        assert "chosen" not in answer.headers["set-cookie"]
        assert client.get("/api/cameras", headers=given).status_code == 401


def test_a_session_is_not_forged() -> None:
    access = Access(ApiKey(TOKEN))
    session = access.new_session(Role.CHANGE)
    end, _, rest = session.partition(".")
    for forged in ("", ".", "..", f"{int(end) + 1}.{rest}", session[:-1], session + "0", "é.é"):
        assert access.role_of(forged) is Role.OPEN


def test_a_session_outlasts_a_restart() -> None:
    session = Access(ApiKey(TOKEN)).new_session(Role.CHANGE)
    assert Access(ApiKey(TOKEN)).role_of(session) is Role.CHANGE


def test_a_session_ends_with_its_token() -> None:
    session = Access(ApiKey(TOKEN)).new_session(Role.CHANGE)
    assert Access(ApiKey("another token")).role_of(session) is Role.OPEN
    assert Access(None).role_of(session) is Role.OPEN


def test_logging_out_takes_the_cookie_away() -> None:
    with page(GUARDED) as (client, _):
        cookie_of(client)
        assert client.post("/logout", json={}).status_code == 204
        assert len(client.cookies) == 0
        assert client.get("/api/cameras").status_code == 401


def test_logging_out_ends_the_session_for_who_has_copied_it_and_no_other_session() -> None:
    with page(GUARDED) as (client, _):
        cookies = [cookie_of(client) for _ in range(2)]
        browsers = [{"Cookie": f"{each.key}={each.value}"} for each in cookies]
        client.cookies.clear()
        assert client.post("/logout", json={}, headers=browsers[0]).status_code == 204
        answers = [client.get("/api/cameras", headers=each).status_code for each in browsers]
        assert answers == [401, 200]


def test_a_session_that_ended_is_remembered_until_it_would_have_expired() -> None:
    now = [1_000_000.0]
    access = Access(ApiKey(TOKEN), clock=lambda: now[0])
    sessions = [access.new_session(Role.CHANGE) for _ in range(3)]
    for session in (*sessions[:2], "forged.1", ""):
        access.end(session)
    assert [bool(access.role_of(each)) for each in sessions] == [False, False, True]
    now[0] = float(sessions[0].partition(".")[0]) - 1
    access.end(access.new_session(Role.CHANGE))
    assert [bool(access.role_of(each)) for each in sessions] == [False, False, True]


def test_two_pages_of_one_machine_have_sessions_of_their_own() -> None:
    names = []
    for _ in range(2):
        with page(WebOptions(port=free_port(), token=ApiKey(TOKEN))) as (client, _):
            names.append(cookie_of(client).key)
    assert names[0] != names[1]
