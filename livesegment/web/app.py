"""The page as a web application."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import cache
from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from livesegment import openapi
from livesegment.errors import OptionsError
from livesegment.figures import shown_figures
from livesegment.review.review import Review
from livesegment.settings.keys import shown_keys
from livesegment.web.access import SESSION_S, Access
from livesegment.web.answers import camera_report, figure_row
from livesegment.web.api_document import page_document
from livesegment.web.client import Client, sent_json
from livesegment.web.controls import drawn_controls, read_change, shown_controls
from livesegment.web.editing import Editor
from livesegment.web.event_routes import event_routes
from livesegment.web.feed import Feed
from livesegment.web.guard import Guard, make_careful, message, session_of
from livesegment.web.machine_routes import Beat, MachineRoutes
from livesegment.web.phone_routes import PhoneRoutes, Phones
from livesegment.web.review_routes import ReviewRoutes
from livesegment.web.roles import Role
from livesegment.web.sender_route import take_pictures
from livesegment.web.settings_routes import settings_routes
from livesegment.web.streams import LabelledJpeg, MotionJpeg, Streams, VideoParts, one_picture

logger = logging.getLogger(__name__)

_FOLDER = Path(__file__).parent / "page"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@cache
def _files() -> dict[str, bytes]:
    """Return every file of the page; they are few and small."""
    return {path.name: path.read_bytes() for path in _FOLDER.iterdir() if path.suffix in _TYPES}


def page_file(name: str) -> Response | None:
    """Return a file of the page; None if there is none of that name."""
    content = _files().get(name)
    if content is None:
        return None
    # Asked for again each time, so that a newer version is never mixed with an older one.
    return Response(content, headers={"content-type": _TYPES[Path(name).suffix]})


_FILES = {
    "/": "index.html",
    "/review": "review.html",
    "/login": "login.html",
    "/favicon.ico": "icon.svg",
}
"""What stands at addresses that are not those of files."""

Feeds = Callable[[], Sequence[Feed]]
"""Returns the cameras there are at the moment, in the order in which they are shown."""

_SNAPSHOT_S = 5.0


def build_app(
    feeds: Feeds,
    access: Access,
    streams: Streams,
    *,
    cookie: str,
    beat: Beat | None = None,
    takes_camera: bool = False,
    editor: Editor | None = None,
    review: Review | None = None,
    phones: Phones | None = None,
) -> Starlette:
    """Return the application that shows cameras.

    Args:
        feeds: The cameras; asked at every request, so that they may come and go.
        access: Knows the tokens and the sessions.
        streams: Ends the streams when the server stops.
        cookie: Name of the cookie that holds a session.
        beat: The pulse of whoever owns the page, for /healthz.
        takes_camera: Whether the page may ask for the camera of whoever looks.
        editor: Changes the file that the cameras come from; None: they come from none.
        review: What was seen and recorded; None: nothing was.
        phones: Who is told of events on a phone; None: nobody.
    """
    phone_routes = PhoneRoutes(phones)
    past = review or Review()
    page = _Page(feeds, access, streams, cookie, past, phone_routes, can_save=editor is not None)
    app = Starlette(
        routes=[
            *MachineRoutes(feeds, beat).routes(),
            *(Route(path, page.file) for path in _FILES),
            # What is needed to log in, each by itself: anybody may have it.
            *(Route(f"/page/{name}", page.file) for name in ("login.js", "style.css", "icon.svg")),
            Route("/page/{name}", page.file),
            Route("/login", page.log_in, methods=["POST"]),
            Route("/logout", page.log_out, methods=["POST"]),
            Route(openapi.PATH, page.document),
            Route("/api/cameras", page.cameras),
            Route("/api/controls", page.controls),
            *event_routes(page.feed, page.past.begin),
            *settings_routes(editor),
            *page.past.routes(),
            *phone_routes.routes(),
            Route("/api/cameras/{name}/controls", page.change, methods=["POST"]),
            Route("/api/cameras/{name}/retry", page.retry, methods=["POST"]),
            WebSocketRoute("/api/cameras/{name}/sender", page.send),
            Route("/stream.mjpg", page.all_streams),
            Route("/stream.video", page.all_video),
            Route("/cameras/{name}/stream.mjpg", page.stream),
            Route("/cameras/{name}/snapshot.jpg", page.snapshot),
        ],
        middleware=[Middleware(Guard, access, cookie, takes_camera=takes_camera)],
        exception_handlers={HTTPException: _http_error, Exception: _failed},
    )
    app.router.redirect_slashes = False
    return app


_NOT_SERVED = {
    404: "there is nothing at this address",
    405: "this address is not asked with that method",
}


async def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    is_ours = error.detail != HTTPStatus(error.status_code).phrase  # else starlette's, of no route
    text = error.detail if is_ours else _NOT_SERVED.get(error.status_code, error.detail)
    return message(text, error.status_code, dict(error.headers or {}))


async def _failed(_: Request, error: Exception) -> Response:
    """Answer what should not have happened; this is beyond the guard."""
    logger.error("an answer of the page failed", exc_info=error)
    # uvicorn closes the connection after it: who is told so does not ask for more on it.
    headers = {"connection": "close"}
    response = message("livesegment failed to answer that; its log says why", 500, headers)
    make_careful(response.headers)
    return response


class _Page:
    """Answers requests that the guard has let through."""

    def __init__(
        self,
        feeds: Feeds,
        access: Access,
        streams: Streams,
        cookie: str,
        review: Review,
        phones: PhoneRoutes,
        *,
        can_save: bool,
    ) -> None:
        self.past = ReviewRoutes(feeds, self.feed, review)
        self._feeds = feeds
        self._phones = phones
        self._access = access
        self._streams = streams
        self._cookie = cookie
        self._can_save = can_save

    async def file(self, request: Request) -> Response:
        """Answer with a file of the page."""
        path = request.scope["path"]
        found = page_file(_FILES.get(path) or path.removeprefix("/page/"))
        if found is None:
            raise HTTPException(404, "there is no such file")
        return found

    async def log_in(self, request: Request) -> Response:
        """Exchange a token for a session in a cookie."""
        sent = await sent_json(request)
        token = sent.get("token") if isinstance(sent, dict) else None
        if not isinstance(token, str):
            raise HTTPException(400, 'a login is {"token": "..."}')
        client = Client(request.scope, request.receive)
        role = await client.while_there(self._access.guess(token.strip(), client.address))
        if role is Role.OPEN:
            return message("this is not the token", 401)
        response = Response(status_code=204)
        response.set_cookie(
            self._cookie,
            self._access.new_session(role),
            max_age=SESSION_S,
            httponly=True,
            samesite="strict",
            secure=request.scope["scheme"] == "https",
        )
        return response

    async def log_out(self, request: Request) -> Response:
        """End the session, for whoever has copied it too, and take its cookie away."""
        self._access.end(session_of(request.headers, self._cookie))
        response = Response(status_code=204)
        response.delete_cookie(self._cookie, httponly=True, samesite="strict")
        return response

    async def cameras(self, request: Request) -> Response:
        """Answer with everything about every camera but its picture."""
        since = request.query_params.get("since", "0")
        after = int(since) if since.isdecimal() and len(since) <= 15 else 0
        await self.past.begin()
        return JSONResponse(
            {
                "now": time.time(),
                "needs_login": self._access.is_demanded,
                "role": request.state.role.name.lower(),
                "can_save": self._can_save,
                "phones": self._phones.count,
                "figures": [figure_row(figure) for figure in shown_figures()],
                "cameras": [camera_report(feed, after) for feed in self._feeds()],
            }
        )

    async def document(self, _: Request) -> Response:
        """Answer with the description of all of this that programs read."""
        return JSONResponse(page_document(self._cookie, is_demanded=self._access.is_demanded))

    async def controls(self, _: Request) -> Response:
        """Answer with what may be changed, how it is drawn, and by which keys."""
        keys = [{"shown": shown, "does": does} for shown, does in shown_keys("page")]
        return JSONResponse({"controls": drawn_controls(), "keys": keys})

    async def change(self, request: Request) -> Response:
        """Change controls of a camera, and answer with all of them."""
        feed = self.feed(request)
        try:
            feed.change(read_change(await sent_json(request)))
        except OptionsError as error:
            raise HTTPException(400, str(error)) from error
        return JSONResponse(shown_controls(feed.controls()))

    async def retry(self, request: Request) -> Response:
        """Have a camera's endpoint asked at once, though it wants to be left alone."""
        self.feed(request).try_now()
        return Response(status_code=204)

    async def stream(self, request: Request) -> Response:
        """Answer with the pictures of one camera, as other programs show them."""
        return self._stream(LabelledJpeg([self.feed(request)], self._streams))

    async def all_streams(self, _: Request) -> Response:
        """Answer with the pictures of all cameras: a browser has few connections to one server."""
        return self._stream(MotionJpeg(list(self._feeds()), self._streams))

    async def all_video(self, _: Request) -> Response:
        """Answer with the pictures of all cameras as video."""
        feeds = self._feeds()
        if any(feed.video.has_failed for feed in feeds):
            raise HTTPException(501, "there is no video here, but /stream.mjpg")
        return self._stream(VideoParts(feeds, self._streams))

    async def snapshot(self, request: Request) -> Response:
        """Answer with the next picture of a camera."""
        feed = self.feed(request)
        jpeg = await one_picture(feed, _SNAPSHOT_S)
        if jpeg is None:
            raise HTTPException(503, f"{feed.title}: no picture came in {_SNAPSHOT_S:.0f} s")
        return Response(jpeg, media_type="image/jpeg")

    def _stream(self, stream: MotionJpeg) -> Response:
        if self._streams.is_full:
            raise HTTPException(503, "too many are watching already")
        return stream

    async def send(self, socket: WebSocket) -> None:
        """Take the pictures of somebody's own camera."""
        await take_pictures(socket, self._found(socket))

    def feed(self, request: Request) -> Feed:
        """Return the camera that a request names."""
        found = self._found(request)
        if found is None:
            raise HTTPException(404, "there is no such camera")
        return found

    def _found(self, connection: HTTPConnection) -> Feed | None:
        name = connection.path_params["name"]
        return next((feed for feed in self._feeds() if feed.name == name), None)
