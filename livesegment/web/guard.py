"""Stands before the application: nothing of it answers to a stranger or to another site's page."""

import base64
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from livesegment.address import is_loopback
from livesegment.web.access import Access
from livesegment.web.client import Client
from livesegment.web.roles import Role, Rule
from livesegment.web.route_rules import RULES

_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}

_OF_A_SENDER = {"permissions-policy": "camera=(self), microphone=(), geolocation=()"}
"""Where the page may ask for the camera of whoever looks."""


PAGES = frozenset({"/", "/review"})
"""What people open; who has not logged in is led to where that is done."""

_VIDEO_POLICY = _HEADERS["content-security-policy"].replace(
    "media-src 'self'", "media-src 'self' blob:"
)
"""Of the page itself, which puts its video together from what it is sent."""


def message(text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error as the page and its other clients read it."""
    return JSONResponse({"message": text}, status, headers=headers)


def make_careful(headers: MutableHeaders) -> None:
    """Add what keeps browsers careful with an answer."""
    for name, value in _HEADERS.items():
        headers[name] = value
    headers.setdefault("cache-control", "no-store")


class Guard:
    """Lets through what may be answered, and adds the headers that keep browsers careful.

    - Without a token, only requests to this machine by name or number: a foreign name that was
      made to lead here (DNS rebinding) is refused.
    - Nothing that another site's page asks for, but a link that is followed to the page.
    - What changes something is JSON, which no form of another site can send.
    - With a token, only who has logged in, or sends the token along: `Authorization: Bearer TOKEN`,
      or `Basic` with any name and the token as password, for programs that know nothing else.
    - What a route needs more than that says `route_rules.py`.

    WebSockets are let through, or not, as requests are: a page of another site that opens one is
    told apart by its origin.

    Args:
        app: The application.
        access: Knows the token and the sessions.
        cookie: Name of the cookie that holds a session.
        takes_camera: Whether the page may ask for the camera of whoever looks.
    """

    def __init__(
        self, app: ASGIApp, access: Access, cookie: str, *, takes_camera: bool = False
    ) -> None:
        self._app = app
        self._access = access
        self._cookie = cookie
        self._more_headers = _OF_A_SENDER if takes_camera else {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or take one connection."""
        if scope["type"] not in {"http", "websocket"}:
            return

        async def send_guarded(sent: Message) -> None:
            if sent["type"].endswith("http.response.start"):
                answered = MutableHeaders(scope=sent)
                make_careful(answered)
                answered.update(self._more_headers)
                if scope["path"] in PAGES and sent["status"] == 200:
                    answered["content-security-policy"] = _VIDEO_POLICY
            await send(sent)

        asked, client = Headers(scope=scope), Client(scope, receive)
        try:
            refusal = self._refusal(scope, asked)
            refusal = refusal or await self._stranger(scope, asked, client)
            if refusal is not None and _takes_no_refusal(scope):
                await send({"type": "websocket.close", "code": 1008})
            else:
                await (refusal or self._app)(scope, client.receive, send_guarded)
        except ClientDisconnect:  # nobody is there to be answered
            return

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the answer to a request that nobody may make."""
        host = headers.get("host", "")
        if not self._access.is_demanded and not is_loopback(f"http://{host}"):
            return message("this page answers to localhost and 127.0.0.1 only", 403)
        site = headers.get("sec-fetch-site", "none")
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
            is_link = headers.get("sec-fetch-mode") == "navigate"
            if site in {"same-origin", "none"} or (is_link and scope["path"] in {*PAGES, "/login"}):
                return None
            return message("pictures are not shown on other sites' pages", 403)
        origin = headers.get("origin")
        try:
            asking = host if origin is None else urlsplit(origin).netloc
        except ValueError:
            return message("the header Origin is no address", 400)
        if site not in {"same-origin", "none"} or asking.casefold() != host.casefold():
            return message("changes are taken from this page only", 403)
        kind = headers.get("content-type", "").partition(";")[0].strip()
        if scope["type"] == "http" and kind != "application/json":
            return message("changes are sent as application/json", 415)
        return None

    async def _stranger(self, scope: Scope, headers: Headers, client: Client) -> Response | None:
        """Return the answer to somebody who may not do that, and note what others may do."""
        needed = _needed_role(scope)
        role = await self._role(headers, client, needed)
        scope.setdefault("state", {})["role"] = role
        if role >= needed:
            return None
        if role is not Role.OPEN:
            return message("that is for those who may change something: this token only looks", 403)
        if scope["path"] in PAGES and scope.get("method") == "GET":
            return RedirectResponse("/login", 303)
        return message("log in first", 401, {"www-authenticate": "Bearer"})

    async def _role(self, headers: Headers, client: Client, needed: Role) -> Role:
        """Return what somebody may do; no more than is needed is looked at."""
        if not self._access.is_demanded:
            return Role.CHANGE
        role = self._access.role_of(session_of(headers, self._cookie))
        offered = offered_token(headers)
        if role >= needed or offered is None:
            return role
        return max(role, await client.while_there(self._access.guess(offered, client.address)))


def _needed_role(scope: Scope) -> Role:
    """Return what somebody must be allowed to do who makes a request.

    It is found by the route that is going to answer, among those that the application has at the
    moment: the two cannot differ. Where there is none, the answer is but that there is none.

    Args:
        scope: The request, within an application of starlette.
    """
    routes: list[BaseRoute] = scope["app"].routes
    for route in routes:
        if route.matches(scope)[0] is Match.FULL:
            rule = _rule(route, scope)
            return Role.CHANGE if rule is None else rule.role
    return Role.LOOK


def _rule(route: BaseRoute, scope: Scope) -> Rule | None:
    # What stands for many routes, such as a Mount, has no place in the table.
    if not isinstance(route, Route | WebSocketRoute):
        return None
    return RULES.get((_method(scope), route.path))


def _method(scope: Scope) -> str:
    if scope["type"] == "websocket":
        return "WEBSOCKET"
    return "GET" if scope["method"] == "HEAD" else str(scope["method"])


def _takes_no_refusal(scope: Scope) -> bool:
    """Tell whether a server can but close a connection that it may not take."""
    extensions = scope.get("extensions") or {}
    return scope["type"] == "websocket" and "websocket.http.response" not in extensions


def offered_token(headers: Headers) -> str | None:
    """Return the token that a request brings along in its header; None if it brings none."""
    scheme, _, credentials = headers.get("authorization", "").strip().partition(" ")
    said = credentials.strip().encode("latin-1")  # the bytes as they came
    if scheme.casefold() == "basic":
        try:
            _, colon, said = base64.b64decode(said, validate=True).partition(b":")
        except ValueError:
            return None
        if not colon:
            return None
    elif scheme.casefold() != "bearer":
        return None
    return said.decode(errors="replace").strip()


def session_of(headers: Headers, cookie: str) -> str:
    """Return the session that a request brings along in a cookie; empty if it brings none."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(cookie)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value
