"""Who may do what: every route of the page, and the role that it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from starlette.routing import BaseRoute, Match, Route, WebSocketRoute
from starlette.types import Scope

from livesegment import openapi
from livesegment.openapi import Answer, Schema, json_answer, refusal
from livesegment.web.answers import CAMERAS, CONTROLS, EVENTS, HEALTH, READINESS, VALUES
from livesegment.web.controls import change_schema


class Role(IntEnum):
    """What somebody may do; each may do what those before it may."""

    OPEN = 0
    """Log in, and ask whether the program is alive."""
    LOOK = 1
    """See pictures, figures and events."""
    CHANGE = 2
    """Change something."""


OPEN, LOOK, CHANGE = Role


@dataclass(frozen=True, slots=True)
class Rule:
    """What there is to know of a route.

    Attributes:
        role: What somebody must be allowed to do who asks.
        summary: What it does.
        answers: What it answers, by status; refusals that others have as well are left out.
        query: Schemas of what may stand in its query, by name.
        body: Schema of the JSON that is sent; None: nothing is.
    """

    role: Role
    summary: str
    answers: Mapping[int, Answer]
    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None


def _file(what: str, *types: str) -> Mapping[int, Answer]:
    return {200: Answer(what, _any_bytes(*types))}


def _any_bytes(*types: str) -> Mapping[str, Schema]:
    return dict.fromkeys(types, openapi.BINARY)


def _json(what: str, schema: Schema) -> Mapping[int, Answer]:
    return {200: json_answer(what, schema)}


_HTML, _CSS, _SCRIPT, _SVG = "text/html", "text/css", "text/javascript", "image/svg+xml"
_DONE = {204: Answer("It is done.")}
_PICTURES = {
    **_file("JPEG pictures, one after the other", "multipart/x-mixed-replace", "multipart/mixed"),
    503: refusal("Too many are watching already."),
}
_KEPT = ("image/jpeg", "video/mp4")

RULES: Mapping[tuple[str, str], Rule] = {
    ("GET", "/healthz"): Rule(
        OPEN,
        "Whether the program's own loop goes round.",
        {200: json_answer("It does.", HEALTH), 503: json_answer("It hangs.", HEALTH)},
    ),
    ("GET", "/readyz"): Rule(
        OPEN,
        "Whether every camera's process has answered lately.",
        {200: json_answer("All have.", READINESS), 503: json_answer("Some have not.", READINESS)},
    ),
    ("GET", "/login"): Rule(OPEN, "Where people log in.", _file("The page", _HTML)),
    ("POST", "/login"): Rule(
        OPEN,
        "Exchange a token for a session in a cookie.",
        {**_DONE, 401: refusal("This is not a token.")},
        body=openapi.record(token=openapi.TEXT),
    ),
    ("GET", "/favicon.ico"): Rule(OPEN, "The icon.", _file("The icon", _SVG)),
    ("GET", "/page/login.js"): Rule(OPEN, "A file to log in.", _file("The file", _SCRIPT)),
    ("GET", "/page/style.css"): Rule(OPEN, "A file to log in.", _file("The file", _CSS)),
    ("GET", "/page/icon.svg"): Rule(OPEN, "A file to log in.", _file("The file", _SVG)),
    ("GET", "/"): Rule(
        LOOK,
        "The page.",
        {**_file("The page", _HTML), 303: Answer("To /login, for who has not logged in.")},
    ),
    ("GET", "/page/{name}"): Rule(
        LOOK, "A file of the page.", _file("The file", _HTML, _CSS, _SCRIPT, _SVG)
    ),
    ("GET", openapi.PATH): Rule(LOOK, "This document.", _json("The document", {"type": "object"})),
    ("GET", "/metrics"): Rule(
        LOOK,
        "The figures of all cameras, for Prometheus.",
        {
            **_file("The figures", "text/plain", "application/openmetrics-text"),
            501: refusal("The extra `monitor` is not installed."),
        },
    ),
    ("POST", "/logout"): Rule(LOOK, "End the session of the cookie.", _DONE),
    ("GET", "/api/cameras"): Rule(
        LOOK,
        "All that is known of every camera but its picture.",
        _json("The cameras", CAMERAS),
        query={
            "since": {
                "type": "integer",
                "minimum": 0,
                "description": "Seconds since the epoch:"
                " only points of the history after them are wanted.",
            }
        },
    ),
    ("GET", "/api/controls"): Rule(
        LOOK, "What may be changed, and how it is drawn.", _json("The controls", CONTROLS)
    ),
    ("GET", "/api/cameras/{name}/events"): Rule(
        LOOK, "The newest events of a camera.", _json("The events", EVENTS)
    ),
    ("GET", "/cameras/{name}/events/{file}"): Rule(
        LOOK,
        "The picture or the clip of an event.",
        {
            **_file("The file", *_KEPT),
            206: Answer("A part of it", _any_bytes(*_KEPT, "multipart/byteranges")),
            400: refusal("The header Range says no range."),
            416: refusal("The file is shorter than the range that is wanted."),
        },
    ),
    ("GET", "/stream.mjpg"): Rule(LOOK, "The pictures of all cameras.", _PICTURES),
    ("GET", "/stream.video"): Rule(
        LOOK,
        "The pictures of all cameras as fragments of MP4.",
        {
            **_file("H.264, after what is to be read first of each camera", "multipart/mixed"),
            501: refusal("Pictures cannot be encoded as video here."),
            503: refusal("Too many are watching already."),
        },
    ),
    ("GET", "/cameras/{name}/stream.mjpg"): Rule(
        LOOK, "The pictures of a camera, with their legend.", _PICTURES
    ),
    ("GET", "/cameras/{name}/snapshot.jpg"): Rule(
        LOOK,
        "The next picture of a camera, with its legend.",
        {**_file("The picture", "image/jpeg"), 503: refusal("No picture came in time.")},
    ),
    ("POST", "/api/cameras/{name}/controls"): Rule(
        CHANGE,
        "Change controls of a camera.",
        _json("All controls of the camera", VALUES),
        body=change_schema(),
    ),
    ("POST", "/api/cameras/{name}/retry"): Rule(
        CHANGE, "Have a camera's endpoint asked at once, though it wants to be left alone.", _DONE
    ),
    ("WEBSOCKET", "/api/cameras/{name}/sender"): Rule(
        CHANGE, "Send the pictures of a camera of one's own.", {}
    ),
}
"""By method and path, as the application's routes have them; a route of WebSockets has the method
`WEBSOCKET`. One that is not here needs `CHANGE`."""


def needed_role(scope: Scope) -> Role:
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
