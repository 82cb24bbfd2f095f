"""Requests drawn from an OpenAPI document, and what is wrong with the answers to them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]

# Who one is is said by whoever asks: what is drawn for it would be a wrong guess, which takes 1 s.
_CONFIG = {"generation": {"with-security-parameters": False}}


def operations(document: dict[str, Any]) -> list[APIOperation]:
    """Return everything that a document says may be asked."""
    config = schemathesis.Config.from_dict(_CONFIG)
    schema = schemathesis.openapi.from_dict(document, config=config)
    return [each.ok() for each in schema.get_all_operations()]


def drawn(
    operation: APIOperation, known: Mapping[str, str], bodies: Sequence[tuple[str, Any]] = ()
) -> "st.SearchStrategy[schemathesis.Case]":
    """Return what draws requests: as the document wants them, and otherwise where that can be.

    Args:
        operation: What is asked.
        known: Parameters of paths that lead somewhere, by name; others are drawn as well.
        bodies: Media types and bodies that are sent too, where they are taken.
    """
    names = [each.name for each in operation.path_parameters]
    fixed = {name: known[name] for name in names if name in known}
    ways = [operation.as_strategy()]
    if fixed:
        ways.append(operation.as_strategy(path_parameters=fixed))
    if operation.query or operation.body:
        negative = GenerationMode.NEGATIVE
        ways.append(operation.as_strategy(generation_mode=negative, path_parameters=fixed or None))
    taken = {each.media_type for each in operation.body}
    for media_type, body in bodies:
        if media_type in taken:
            ways.append(
                operation.as_strategy(path_parameters=fixed, body=body, media_type=media_type)
            )
    return st.one_of(ways)


def asked(client: httpx.Client, case: "schemathesis.Case") -> httpx.Response | None:
    """Make a request and return the answer; None where what was drawn cannot be written as one."""
    wanted = written(case, str(client.base_url))
    if wanted is None:
        return None
    method, url, body = str(wanted.method), str(wanted.url), wanted.body
    try:
        answer = client.request(method, url, headers=dict(wanted.headers), content=body)
    except (httpx.LocalProtocolError, httpx.InvalidURL, UnicodeError):
        return None
    # As it came: schemathesis is not to unpack it once more.
    return as_answer(method, url, answer.status_code, answer.headers.multi_items(), answer.content)


def written(case: "schemathesis.Case", url: str) -> requests.PreparedRequest | None:
    """Return a request as it is sent to a server; None where it cannot be written as one."""
    try:
        arguments = case.as_transport_kwargs(base_url=url.rstrip("/"))
        known = {name: arguments[name] for name in _WRITTEN & arguments.keys()}
        return requests.Request(**known).prepare()
    except (requests.RequestException, UnicodeError, ValueError):
        return None


_WRITTEN = frozenset(
    {"method", "url", "headers", "params", "cookies", "data", "json", "files", "auth"}
)


def as_answer(
    method: str, url: str, status: int, headers: Sequence[tuple[str, str]], content: bytes
) -> httpx.Response:
    """Return an answer of which the body, or its beginning, was read and unpacked."""
    packed = {"content-encoding", "content-length", "transfer-encoding"}
    lines = [(name, value) for name, value in headers if name.lower() not in packed]
    request = httpx.Request(method, url)
    answer = httpx.Response(status, headers=lines, content=content, request=request)
    answer.elapsed = timedelta()
    return answer


def faults(case: "schemathesis.Case | None", answer: httpx.Response) -> Iterator[str]:
    """Yield what is wrong with an answer: it is not described, or refuses without a sentence.

    Args:
        case: What was asked; None: nothing that is described.
        answer: The answer.
    """
    if answer.status_code == 500:
        yield "500"
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        yield from _of_a_refusal(answer)
    if case is None:
        return
    try:
        case.validate_response(answer, checks=list(CHECKS))
    except FailureGroup as group:
        yield from (f"{type(each).__name__}: {each}" for each in group.exceptions)


def _of_a_refusal(answer: httpx.Response) -> Iterator[str]:
    try:
        said = json.loads(answer.content)
    except ValueError:
        yield f"a refusal that is no JSON: {answer.content[:100]!r}"
        return
    names = {"status", "Message", "message"} & said.keys() if isinstance(said, dict) else set()
    text = str(said[names.pop()]) if names else ""
    # What programs ask for health are answered with a word.
    if len(text.split()) < (1 if "status" in said else 3):
        yield f"a refusal without a sentence: {answer.content[:100]!r}"
