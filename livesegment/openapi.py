"""What a server answers over HTTP, as an OpenAPI document that programs read.

Source: OpenAPI 3.1.1, https://spec.openapis.org/oas/v3.1.1.html
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]
"""A JSON Schema of the draft 2020-12."""

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
BINARY: Schema = {}
"""Of what is no JSON and no text."""

PATH = "/openapi.json"
"""Where a server has its document."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the answers that may come.

    Attributes:
        text: What it means.
        content: What is sent, by its media type; empty: nothing.
    """

    text: str
    content: Mapping[str, Schema] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """What comes of asking for a path with a method.

    Attributes:
        summary: What it does.
        answers: What may be answered, by status.
        query: Schemas of the parameters that may stand in the query, by their names.
        body: What may be sent, by its media type; empty: nothing.
        needs_body: Whether it has to be sent.
        security: What has to be known, by the names of the document's schemes, and for which role;
            each is enough, an empty one is nothing at all.
    """

    summary: str
    answers: Mapping[int, Answer]
    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Mapping[str, Schema] = field(default_factory=dict)
    needs_body: bool = True
    security: Sequence[Mapping[str, Sequence[str]]] = ()


def record(**properties: Schema) -> Schema:
    """Return the schema of an object that has all of some properties."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def list_of(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def or_null(schema: Schema) -> Schema:
    """Return the schema of what may be left open."""
    return {"anyOf": [schema, {"type": "null"}]}


def json_answer(text: str, *schemas: Schema) -> Answer:
    """Return an answer in JSON, as one of the schemas says."""
    return Answer(text, {"application/json": schemas[0] if len(schemas) == 1 else any_of(schemas)})


def any_of(schemas: Sequence[Schema]) -> Schema:
    """Return the schema of what is as one of some schemas says."""
    return {"anyOf": list(schemas)}


REFUSAL: Schema = {"$ref": "#/components/schemas/Refusal"}
"""Of every refusal: an object with a sentence."""


def refusal(text: str) -> Answer:
    """Return an answer that refuses, and why it comes."""
    return json_answer(text, REFUSAL)


def document(
    title: str,
    about: str,
    version: str,
    operations: Mapping[tuple[str, str], Operation],
    schemes: Mapping[str, Schema],
) -> dict[str, Any]:
    """Return the document, as plain JSON types.

    Args:
        title: What is described.
        about: What everybody who reads it has to know.
        version: Of the program.
        operations: What may be asked, by method and path; parameters of the path in braces.
        schemes: The ways to say who one is, by their names.
    """
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in operations.items():
        paths.setdefault(path, {})[method.lower()] = _operation(path, operation)
    sentence = {"type": "string", "minLength": 1, "description": "What is wrong, in a sentence."}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "description": about, "version": version},
        "paths": paths,
        "components": {
            "schemas": {"Refusal": record(message=sentence)},
            "securitySchemes": dict(schemes),
        },
    }


def _operation(path: str, operation: Operation) -> dict[str, Any]:
    places: dict[str, Mapping[str, Schema]] = {
        "path": dict.fromkeys(re.findall(r"{(\w+)}", path), TEXT),
        "query": operation.query,
    }
    described: dict[str, Any] = {
        "summary": operation.summary,
        "parameters": [
            {"name": name, "in": place, "required": place == "path", "schema": schema}
            for place, parameters in places.items()
            for name, schema in parameters.items()
        ],
        "responses": {
            str(status): {"description": answer.text, **_content(answer.content)}
            for status, answer in sorted(operation.answers.items())
        },
        "security": [
            {name: list(roles) for name, roles in way.items()} for way in operation.security
        ],
    }
    if operation.body:
        described["requestBody"] = {"required": operation.needs_body, **_content(operation.body)}
    return described


def _content(media: Mapping[str, Schema]) -> dict[str, Any]:
    if not media:
        return {}
    return {
        "content": {name: {"schema": schema} if schema else {} for name, schema in media.items()}
    }
