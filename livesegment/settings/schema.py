"""The JSON Schema of a monitor's file, from the descriptions of its options."""

from collections.abc import Mapping
from typing import Any

from livesegment.settings.monitor import CAMERA_LISTS, camera_tables, file_tables
from livesegment.settings.option import Option


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, by which editors complete and check it."""
    tables = {name: _table(options) for name, options in file_tables().items()}
    camera = tables.pop("camera")
    camera["properties"] |= {name: {"$ref": f"#/properties/{name}"} for name in camera_tables()}
    for name in sorted(CAMERA_LISTS, reverse=True):
        camera["properties"][name] = {"type": "array", "items": tables.pop(name)}
    camera["properties"]["hide"]["items"]["required"] = ["zone"]
    camera["required"] = ["name", "source"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Cameras for `livesegment monitor`",
        "type": "object",
        "properties": {**tables, "camera": {"type": "array", "items": camera, "minItems": 1}},
        "required": ["camera"],
        "additionalProperties": False,
    }


def _table(options: Mapping[str, Option]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {key: _described(each) for key, each in options.items()},
        "additionalProperties": False,
    }


def _described(each: Option) -> dict[str, Any]:
    schema = {"description": each.help, **each.kind.schema}
    default = each.default if each.file_default is None else each.file_default
    if isinstance(default, str | int | float) and each.shows_default:
        schema["default"] = default
    if each.is_secret:
        # A reference to a variable may stand for anything.
        schema.pop("pattern", None)
        if "items" in schema:
            schema["items"] = {**schema["items"]}
            schema["items"].pop("pattern", None)
    return schema
