"""Addresses by which the page shows what a file says of cameras, and has it changed."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from livesegment.errors import ChangedMeanwhile, OptionsError, SinkError
from livesegment.openapi import NUMBER, TEXT, Schema, any_of, list_of, or_null, record
from livesegment.settings.monitor import CAMERA_LISTS, saved_by_page
from livesegment.web.client import sent_json
from livesegment.web.editing import Edit, Editor, NoCamera, NoPicture, read_edit

PATH = "/api/settings"
"""Where all of it is."""

_ANY_VALUE = any_of((TEXT, NUMBER, {"type": "boolean"}, {"type": "array"}))
_VALUES: Schema = {"type": "object", "additionalProperties": _ANY_VALUE}
_CAMERA = record(
    name=TEXT,
    source=TEXT,
    own=_VALUES,
    has_folder={"type": "boolean"},
    rules=list_of(_VALUES),
    hidden=list_of({"type": "array"}),
)
SETTINGS = record(
    revision=TEXT,
    file=TEXT,
    problem=or_null(TEXT),
    may_be_empty={"type": "boolean"},
    devices=list_of(TEXT),
    shared=_VALUES,
    cameras=list_of(_CAMERA),
    fields=list_of(
        record(
            **dict.fromkeys(("key", "help", "kind"), TEXT),
            values=list_of(TEXT),
            **dict.fromkeys(("low", "high"), or_null(NUMBER)),
        )
    ),
)
_TABLES = ("camera", "overlay", "picture", "record")


def _optional(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _values_of(*tables: str) -> Mapping[str, Schema]:
    return {
        key: or_null({**option.kind.schema, "description": option.help})
        for key, option in saved_by_page().items()
        if key.partition(".")[0] in tables and key not in {"camera.name", "camera.source"}
    }


_NUMBER = or_null({"type": "integer", "minimum": 0, "description": "Which one; null: one more."})
_SOURCE = {"type": "string", "description": "What shows as dots of it stays as it is."}
_UNTRIED = {"type": "boolean", "description": "Keep it though no picture comes."}
BODIES: Mapping[str, Schema] = {
    "add": _optional(
        revision=TEXT,
        camera=TEXT,
        source=_SOURCE,
        is_untried=_UNTRIED,
        values=_optional(**_values_of(*_TABLES)),
    ),
    "change": _optional(
        revision=TEXT,
        source=_SOURCE,
        is_untried=_UNTRIED,
        values=_optional(**_values_of(*_TABLES)),
    ),
    "remove": _optional(revision=TEXT),
    "try": _optional(camera=TEXT, source=_SOURCE),
    **{
        name: _optional(
            revision=TEXT,
            number=_NUMBER,
            table=or_null(
                _optional(**{key.partition(".")[2]: each for key, each in _values_of(name).items()})
            ),
        )
        for name in sorted(CAMERA_LISTS)
    },
}
"""Schemas of what is sent, by the kind of an `Edit`."""


def settings_routes(editor: Editor | None) -> list[Route]:
    """Return the addresses; without an editor they answer that there is no file.

    Args:
        editor: Changes the file.
    """

    def ours() -> Editor:
        if editor is None:
            raise HTTPException(404, "this page has no file in which anything could be saved")
        return editor

    async def settings(_: Request) -> Response:
        return JSONResponse(await _answered(ours()))

    def saving(kind: str) -> Callable[[Request], Any]:
        async def save(request: Request) -> Response:
            with_it = ours()
            await _refusing(with_it.save(await _edit(kind, request)))
            return JSONResponse(await _answered(with_it))

        return save

    async def look(request: Request) -> Response:
        jpeg = await _refusing(ours().tried(await _edit("try", request)))
        return Response(jpeg, media_type="image/jpeg") if jpeg else Response(status_code=204)

    of_camera = f"{PATH}/cameras/{{name}}"
    return [
        Route(PATH, settings),
        Route(f"{PATH}/try", look, methods=["POST"]),
        Route(f"{PATH}/cameras", saving("add"), methods=["POST"]),
        Route(of_camera, saving("change"), methods=["POST"]),
        Route(f"{of_camera}/remove", saving("remove"), methods=["POST"]),
        Route(f"{of_camera}/rules", saving("rule"), methods=["POST"]),
        Route(f"{of_camera}/hidden", saving("hide"), methods=["POST"]),
    ]


async def _edit(kind: str, request: Request) -> Edit:
    sent = await sent_json(request)
    try:
        return read_edit(kind, request.path_params.get("name"), sent)
    except OptionsError as error:
        raise HTTPException(400, str(error)) from error


async def _answered(editor: Editor) -> dict[str, Any]:
    return {**await asyncio.to_thread(editor.settings), "fields": _fields()}


def _fields() -> list[dict[str, Any]]:
    """Return how the page draws each value that it may have saved."""
    return [
        {
            "key": key,
            "help": option.help.replace("`", ""),
            "kind": option.kind.form,
            "values": list(option.kind.values),
            "low": option.kind.schema.get("minimum", option.kind.schema.get("exclusiveMinimum")),
            "high": option.kind.schema.get("maximum"),
        }
        for key, option in saved_by_page().items()
    ]


async def _refusing(doing: Any) -> Any:
    """Return what an editor returns, and its refusals as those of the page."""
    try:
        return await doing
    except NoCamera as error:
        raise HTTPException(404, str(error)) from error
    except ChangedMeanwhile as error:
        raise HTTPException(409, str(error)) from error
    except NoPicture as error:
        raise HTTPException(422, str(error)) from error
    except OptionsError as error:
        raise HTTPException(400, str(error)) from error
    except SinkError as error:
        raise HTTPException(503, str(error)) from error
