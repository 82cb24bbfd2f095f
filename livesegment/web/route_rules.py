"""Every route of the page: the role that it needs, and what it answers."""

from collections.abc import Mapping

from livesegment import openapi
from livesegment.openapi import Answer, Schema, json_answer, refusal
from livesegment.web.answers import (
    CAMERAS,
    CONTROLS,
    ENTRIES,
    ENTRY,
    EVENTS,
    FRAGMENTS,
    HEALTH,
    READINESS,
    TIMELINE,
    TOLD,
    VALUES,
)
from livesegment.web.controls import change_schema
from livesegment.web.roles import Role, Rule
from livesegment.web.settings_routes import BODIES, SETTINGS
from livesegment.web.settings_routes import PATH as SAVED

OPEN, LOOK, CHANGE = Role


def _file(what: str, *types: str) -> Mapping[int, Answer]:
    return {200: Answer(what, _any_bytes(*types))}


def _any_bytes(*types: str) -> Mapping[str, Schema]:
    return dict.fromkeys(types, openapi.BINARY)


def _in_ranges(what: str, *types: str) -> Mapping[int, Answer]:
    """Return the answers with a file that may be asked for in parts."""
    return {
        **_file(what, *types),
        206: Answer("A part of it", _any_bytes(*types, "multipart/byteranges")),
        400: refusal("The header Range says no range."),
        416: refusal("The file is shorter than the range that is wanted."),
    }


def _json(what: str, schema: Schema) -> Mapping[int, Answer]:
    return {200: json_answer(what, schema)}


_HTML, _CSS, _SCRIPT, _SVG = "text/html", "text/css", "text/javascript", "image/svg+xml"
_DONE = {204: Answer("It is done.")}
_PICTURES = {
    **_file("JPEG pictures, one after the other", "multipart/x-mixed-replace", "multipart/mixed"),
    503: refusal("Too many are watching already."),
}
_KEPT = ("image/jpeg", "video/mp4")
_RECORDED = ("video/mp4", "video/quicktime", "video/x-matroska")
_MOMENT = {"type": "number", "minimum": 0, "description": "Seconds since the epoch."}
_SPAN = {"since": _MOMENT, "until": _MOMENT}

_FRAGMENTS = {**_json("The fragments", FRAGMENTS), 422: refusal("It is no fragmented MP4.")}
_AFTER = {
    "after": {
        "type": "integer",
        "minimum": 0,
        "description": "`end` of an answer before: only what comes after it is wanted.",
    }
}

_NO_FILE = {404: refusal("This page has no file in which anything is saved.")}
_TRIED = {
    422: refusal("No picture came from there."),
    503: refusal("The file cannot be written, or too many connections."),
}


def _saving(kind: str, summary: str) -> Rule:
    """Return what there is to know of a route that changes the file of a monitor."""
    answers = {
        **_json("The settings as they are now", SETTINGS),
        **_NO_FILE,
        409: refusal("The file was changed meanwhile; nothing is saved."),
        **_TRIED,
    }
    return Rule(CHANGE, summary, answers, body=BODIES[kind])


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
        _in_ranges("The file", *_KEPT),
    ),
    ("GET", "/api/cameras/{name}/partial/{file}"): Rule(
        LOOK,
        "Where the fragments of a clip lie that is not complete, as far as it has come.",
        _FRAGMENTS,
        query=_AFTER,
    ),
    ("GET", "/cameras/{name}/partial/{file}"): Rule(
        LOOK,
        "A clip that is not complete, as far as it has come.",
        _in_ranges("The file", *_KEPT),
    ),
    ("GET", "/review"): Rule(
        LOOK,
        "The page of all events and recordings.",
        {**_file("The page", _HTML), 303: Answer("To /login, for who has not logged in.")},
    ),
    ("GET", "/api/review"): Rule(
        LOOK,
        "Events and recordings of all cameras, the newest first.",
        {**_json("A page of the list", ENTRIES), 400: refusal("Something in the query is wrong.")},
        query={
            **_SPAN,
            **dict.fromkeys(("camera", "rule", "class"), openapi.TEXT),
            "kind": ENTRY["properties"]["kind"],
            "unseen": {"enum": ["0", "1"], "description": "1: only events that nobody has seen."},
            "limit": {"type": "integer", "minimum": 1, "maximum": 200},
            "before": {"type": "string", "description": "`next` of the page before."},
        },
    ),
    ("GET", "/api/review/timeline"): Rule(
        LOOK,
        "What was recorded and what happened in a time, camera by camera.",
        {**_json("The time lines", TIMELINE), 400: refusal("Something in the query is wrong.")},
        query=_SPAN,
    ),
    ("POST", "/api/review/seen"): Rule(
        CHANGE,
        "Mark events of a camera as seen, or as not seen.",
        {
            **_DONE,
            404: refusal("There is no such camera."),
            507: refusal("It cannot be written down."),
        },
        body=openapi.record(
            camera=openapi.TEXT,
            events=openapi.list_of(openapi.TEXT),
            is_seen={"type": "boolean"},
        ),
    ),
    ("GET", "/api/cameras/{name}/events/{id}"): Rule(
        LOOK, "An event, and what there is to see of it.", _json("The event", ENTRY)
    ),
    ("GET", "/api/cameras/{name}/recordings/{file}"): Rule(
        LOOK,
        "Where the fragments of a recording lie, as far as it has come.",
        _FRAGMENTS,
        query=_AFTER,
    ),
    ("GET", "/cameras/{name}/recordings/{file}"): Rule(
        LOOK,
        "A file of a recording, as far as it has come.",
        _in_ranges("The file", *_RECORDED),
    ),
    ("GET", "/cameras/{name}/stretch.mp4"): Rule(
        LOOK,
        "What a camera recorded in a time, an hour at the most, not coded again.",
        {
            **_in_ranges("The video", "video/mp4"),
            400: refusal("Something in the query or the header Range is wrong."),
            503: refusal("Too many are being copied already."),
            507: refusal("There is no room for it."),
        },
        query=_SPAN,
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
    ("GET", SAVED): Rule(
        CHANGE,
        "What the file of a monitor says of its cameras, without secrets.",
        {**_json("The settings", SETTINGS), **_NO_FILE},
    ),
    ("POST", f"{SAVED}/try"): Rule(
        CHANGE,
        "Try a camera's source; nothing is saved.",
        {
            **_file("A picture from there", "image/jpeg"),
            204: Answer("A picture came, which may not be shown as it is."),
            **_NO_FILE,
            **_TRIED,
        },
        body=BODIES["try"],
    ),
    ("POST", f"{SAVED}/cameras"): _saving("add", "Add a camera, once a picture comes from it."),
    ("POST", f"{SAVED}/cameras/{{name}}"): _saving("change", "Change what is said of a camera."),
    ("POST", f"{SAVED}/cameras/{{name}}/remove"): _saving("remove", "Remove a camera."),
    ("POST", f"{SAVED}/cameras/{{name}}/rules"): _saving(
        "rule", "Add, change or remove a rule of a camera."
    ),
    ("POST", f"{SAVED}/cameras/{{name}}/hidden"): _saving(
        "hide", "Add, change or remove a part of a camera's picture that nobody may see."
    ),
    ("POST", "/api/notify/test"): Rule(
        CHANGE,
        "Send a test message to every phone that is told of events.",
        {
            **_json("Who took it", TOLD),
            404: refusal("Nobody is told of events on a phone."),
            409: refusal("One is being sent already."),
            502: refusal("None could be sent, or not everybody has answered in time."),
        },
    ),
    ("WEBSOCKET", "/api/cameras/{name}/sender"): Rule(
        CHANGE, "Send the pictures of a camera of one's own.", {}
    ),
}
"""By method and path, as the application's routes have them; a route of WebSockets has the method
`WEBSOCKET`. One that is not here needs `CHANGE`."""
