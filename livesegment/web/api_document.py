"""The page as programs see it: the OpenAPI document of its routes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import livesegment
from livesegment.openapi import Answer, Operation, Schema, document, refusal
from livesegment.web.roles import Role, Rule
from livesegment.web.route_rules import RULES

_ABOUT = """\
What `livesegment live --web` and `livesegment monitor` answer. Every refusal is JSON with a
sentence under `message`. What is asked with GET may be asked with HEAD. Behind each way to say who
one is stands the role that it has to have: `look` or `change`."""

_MORE = {
    400: refusal("This is no HTTP request, or something in it is no text."),
    403: refusal("Asked for another machine's name, by another site's page, or without the right."),
    503: refusal("Too many connections."),
}
"""What any request may be refused with."""

_OF_A_BODY = {
    400: refusal("This is no JSON, or not what is wanted."),
    408: refusal("The rest did not come in time."),
    413: refusal("That is too long."),
    415: refusal("It is not sent as application/json."),
}

_ANYTHING: Schema = {"type": "object", "description": "What is in it is not read."}


def page_document(cookie: str, *, is_demanded: bool) -> dict[str, Any]:
    """Return the document of a page.

    Args:
        cookie: Name of the cookie that holds a session.
        is_demanded: Whether a token has to be known.
    """
    schemes = {
        "session": {"type": "apiKey", "in": "cookie", "name": cookie},
        "bearer": {"type": "http", "scheme": "bearer", "description": "A token."},
        "basic": {
            "type": "http",
            "scheme": "basic",
            "description": "Any name, and a token as password; never asked for.",
        },
    }
    operations = {
        (method, path): Operation(
            rule.summary,
            dict(_answers(method, path, rule, is_demanded)),
            query=rule.query,
            body=_body(method, rule),
            security=_security(rule.role, schemes) if is_demanded else (),
        )
        for (method, path), rule in RULES.items()
        if method != "WEBSOCKET"  # OpenAPI knows none
    }
    return document("livesegment", _ABOUT, livesegment.__version__, operations, schemes)


def _answers(method: str, path: str, rule: Rule, is_demanded: bool) -> Iterator[tuple[int, Answer]]:
    """Yield what may be answered; of a status that is there twice, the later is the special one."""
    yield from _MORE.items()
    if method != "GET":
        yield from _OF_A_BODY.items()
    if "{" in path:
        yield 404, refusal("There is no such camera, or no such file.")
    if is_demanded and rule.role is not Role.OPEN:
        yield 401, refusal("Nobody has logged in.")
    yield from rule.answers.items()


def _body(method: str, rule: Rule) -> Mapping[str, Schema]:
    if method == "GET":
        return {}
    return {"application/json": _ANYTHING if rule.body is None else rule.body}


def _security(role: Role, schemes: Mapping[str, Schema]) -> Sequence[Mapping[str, Sequence[str]]]:
    return () if role is Role.OPEN else [{name: [role.name.lower()]} for name in schemes]
