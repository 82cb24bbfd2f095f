"""The embedded endpoint as programs see it: the OpenAPI document of its routes."""

from collections.abc import Mapping
from typing import Any

import livesegment
from livesegment import openapi
from livesegment.openapi import (
    BINARY,
    NUMBER,
    TEXT,
    Answer,
    Operation,
    Schema,
    any_of,
    document,
    json_answer,
    record,
    refusal,
)
from livesegment.protocol.request import PROMPTS_PATH
from livesegment.settings.serve import ServeOptions

MODEL_PATH, ALIAS_PATH = "/{slug}/{version}", "/{alias}"
"""Where models are asked; a slug may have slashes."""

_ABOUT = """\
What `livesegment serve` answers. It has one model: any slug, with slashes in it or without, and any
version are that, and so is any alias of one word. Every refusal is JSON with a sentence under
`message`, or `Message` where the key is wrong. What is asked with GET may be asked with HEAD."""

_PIXELS = {"type": "integer", "minimum": 1}
_SIZE = record(width=_PIXELS, height=_PIXELS)
_PNG = {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"}
_CLASSES = {
    "type": "object",
    "description": "The name of each class, by the number that the mask has for it.",
    "additionalProperties": TEXT,
}
_FLAT: Mapping[str, Schema] = {"segmentation_mask": _PNG, "class_map": _CLASSES, "image": _SIZE}
_NESTED: Mapping[str, Schema] = {
    "inference_id": TEXT,
    "time": NUMBER,
    "image": _SIZE,
    "predictions": record(segmentation_mask=_PNG, class_map=_CLASSES),
}
_REPLIES: Mapping[str, Schema] = {
    "both": record(**_FLAT, **{name: _NESTED[name] for name in _NESTED if name != "image"}),
    "flat": record(**_FLAT),
    "nested": record(**_NESTED),
}
"""Of a model that says how sure it is of each pixel they hold `confidence_mask` as well."""

_BASE64 = {"type": "string", "description": "The picture in base64, wrapped or not."}
_BODY: Mapping[str, Schema] = {
    "text/plain": _BASE64,
    "application/json": any_of((_BASE64, record(image=any_of((_BASE64, record(value=_BASE64)))))),
    "multipart/form-data": record(file={"type": "string", "contentMediaType": "image/jpeg"}),
    **dict.fromkeys(("image/jpeg", "image/png", "image/webp", "image/bmp"), BINARY),
}
"""As what a picture may be sent. But for a form the type is not looked at: clients err there."""

_QUERY: Mapping[str, Schema] = {
    "confidence": {
        "anyOf": [{"type": "number", "minimum": 0, "maximum": 100}, {"enum": ["best", "default"]}],
        "description": "How sure the model must be: below 1 a share, from 1 on percent; a word"
        " means the model's own.",
    },
    "image": {"type": "string", "description": "The address of a picture, in place of a body."},
}

_MORE = {
    400: refusal("This is no HTTP request."),
    503: refusal("Too many connections."),
}
_STATUS = {200: json_answer("It does.", record(status={"const": "ok"})), **_MORE}


def endpoint_document(options: ServeOptions) -> dict[str, Any]:
    """Return the document of an endpoint that is served so."""
    has_keys = options.api_key_file is not None
    schemes: Mapping[str, Schema] = {
        "query": {"type": "apiKey", "in": "query", "name": "api_key"},
        "bearer": {"type": "http", "scheme": "bearer", "description": "A key."},
    }
    known: list[Mapping[str, list[str]]] = [{name: []} for name in schemes] if has_keys else []
    answers = _answers(options)
    asked: dict[str, Any] = {"query": _QUERY, "security": known}
    operations = {
        ("GET", "/healthz"): Operation("Whether the program lives.", _STATUS),
        ("GET", openapi.PATH): Operation(
            "This document.", {200: json_answer("The document", {"type": "object"}), **_MORE}
        ),
        ("GET", MODEL_PATH): Operation("Segment a picture given by its address.", answers, **asked),
        **{
            ("POST", path): Operation(
                "Segment a picture.", answers, body=_BODY, needs_body=False, **asked
            )
            for path in (MODEL_PATH, ALIAS_PATH)
        },
        ("POST", f"/{PROMPTS_PATH}"): Operation(
            "Refuse what is asked of models that take prompts.",
            {404: refusal("The model takes none."), **_MORE},
        ),
    }
    version = livesegment.__version__
    return document("livesegment serve", _ABOUT, version, operations, schemes)


def _answers(options: ServeOptions) -> Mapping[int, Answer]:
    answers = {
        **_MORE,
        200: json_answer("The mask", _REPLIES[options.reply]),
        400: refusal("There is no picture to be read, or the confidence is none."),
        404: refusal("Slug or version is empty."),
        408: refusal("The body did not come in time."),
        413: refusal("The picture is too large."),
        500: refusal("The model failed."),
        502: refusal("The model is itself behind an endpoint, which failed."),
        503: refusal("Too many requests at once, or the server ends: try again."),
    }
    if options.api_key_file is not None:
        answers[403] = json_answer("The key is none of those that are known.", record(Message=TEXT))
    return answers
