"""Stands before the application: nothing of it answers to a stranger or to another site's page."""

from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from livesegment.address import is_loopback
from livesegment.web.access import Access
from livesegment.web.client import Client

OPEN_PATHS = frozenset(
    {
        *("/login", "/page/login.js", "/page/style.css", "/page/icon.svg", "/favicon.ico"),
        *("/healthz", "/readyz"),
    }
)
"""What is needed to log in, and what whoever starts and stops programs asks."""

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


def message(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    """Return an error as the page and its other clients read it."""
    return JSONResponse({"message": text}, status, headers=headers)


class Guard:
    """Lets through what may be answered, and adds the headers that keep browsers careful.

    - Without a token, only requests to this machine by name or number: a foreign name that was
      made to lead here (DNS rebinding) is refused.
    - Nothing that another site's page asks for, but a link that is followed to the page.
    - What changes something is JSON, which no form of another site can send.
    - With a token, only who has logged in, or sends `Authorization: Bearer TOKEN`.

    Args:
        app: The application.
        access: Knows the token and the sessions.
        cookie: Name of the cookie that holds a session.
    """

    def __init__(self, app: ASGIApp, access: Access, cookie: str) -> None:
        self._app = app
        self._access = access
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return

        async def send_guarded(sent: Message) -> None:
            if sent["type"] == "http.response.start":
                headers = MutableHeaders(scope=sent)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(sent)

        headers, client = Headers(scope=scope), Client(scope, receive)
        try:
            refusal = self._refusal(scope, headers)
            refusal = refusal or await self._stranger(scope, headers, client)
            await (refusal or self._app)(scope, client.receive, send_guarded)
        except ClientDisconnect:  # nobody is there to be answered
            return

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the answer to a request that nobody may make."""
        host = headers.get("host", "")
        if not self._access.is_demanded and not is_loopback(f"http://{host}"):
            return message("this page answers to localhost and 127.0.0.1 only", 403)
        site = headers.get("sec-fetch-site", "none")
        if scope["method"] in {"GET", "HEAD"}:
            is_link = headers.get("sec-fetch-mode") == "navigate"
            if site in {"same-origin", "none"} or (is_link and scope["path"] in {"/", "/login"}):
                return None
            return message("pictures are not shown on other sites' pages", 403)
        origin = headers.get("origin")
        try:
            asking = host if origin is None else urlsplit(origin).netloc
        except ValueError:
            return message("the header Origin is no address", 400)
        if site not in {"same-origin", "none"} or asking.casefold() != host.casefold():
            return message("changes are taken from this page only", 403)
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return message("changes are sent as application/json", 415)
        return None

    async def _stranger(self, scope: Scope, headers: Headers, client: Client) -> Response | None:
        """Return the answer to somebody who has not logged in and should have."""
        if not self._access.is_demanded or scope["path"] in OPEN_PATHS:
            return None
        if self._access.knows(session_of(headers, self._cookie)):
            return None
        scheme, _, offered = headers.get("authorization", "").partition(" ")
        if scheme.casefold() == "bearer":
            guess = self._access.guess(offered.strip(), client.address)
            if await client.while_there(guess):
                return None
        if scope["path"] == "/" and scope["method"] == "GET":
            return RedirectResponse("/login", 303)
        return message("log in first", 401, {"www-authenticate": "Bearer"})


def session_of(headers: Headers, cookie: str) -> str:
    """Return the session that a request brings along in a cookie; empty if it brings none."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(cookie)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value
