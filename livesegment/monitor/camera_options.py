"""From the tables of a configuration to what one camera's run is told."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from livesegment.errors import OptionsError
from livesegment.monitor.config_tables import TableReader
from livesegment.monitor.toml_lines import KeyPath
from livesegment.settings import (
    BUILTIN,
    ApiKey,
    EndpointOptions,
    LiveOptions,
    OverlayOptions,
    RedactOptions,
)

IN_FLIGHT = 4
"""Requests at once of one camera unless told otherwise; the budget of all goes before."""

ALIGN_BUDGET_MS = 6.0
"""Eight cameras of 15 pictures a second leave a machine of two cores time for all the rest."""

SEGMENT_MINUTES = 10.0

_ENDPOINT = {
    "url": "endpoint",
    "model": "model",
    "confidence": "confidence",
    "max_side": "max_side",
    "jpeg_quality": "jpeg_quality",
    "in_flight": "max_in_flight",
    "call_rate": "call_rate",
    "timeout": "timeout_s",
}
_PICTURE = {
    "align": "align",
    "align_budget_ms": "align_budget_ms",
    "max_delay": "max_delay_s",
    "mask_ttl": "mask_ttl_s",
    "smooth": "smooth",
    "fps_limit": "fps_limit",
    "mirror": "mirror",
}


@dataclass(frozen=True, slots=True)
class CameraTables:
    """What a camera's tables say: its own keys, else those of all cameras.

    Attributes:
        place: Where the camera is.
        own: Its own tables.
        shared: The tables of all cameras.
    """

    place: KeyPath
    own: Mapping[str, dict[str, Any]]
    shared: Mapping[str, dict[str, Any]]

    def merged(self, table: str) -> dict[str, Any]:
        """Return what holds for the camera."""
        return {**self.shared.get(table, {}), **self.own.get(table, {})}

    def path(self, table: str, key: str) -> KeyPath:
        """Return where a key stands that holds for the camera."""
        return (*self.place, table, key) if key in self.own.get(table, {}) else (table, key)


def live_options(
    name: str, tables: CameraTables, reader: TableReader, environment: Mapping[str, str]
) -> LiveOptions:
    """Return what a camera's run is told.

    Args:
        name: The camera's name.
        tables: What the file says.
        reader: Gets the mistakes.
        environment: Where keys are that the file leaves out.
    """
    picture: dict[str, Any] = {
        _PICTURE[key]: value for key, value in tables.merged("picture").items()
    }
    redact = _redaction(tables, reader)
    options = LiveOptions(
        endpoint=_endpoint(tables, reader, environment),
        overlay=OverlayOptions(**tables.merged("overlay")),
        window=False,
        wait_for_source=True,
        wait_for_endpoint=True,
        align=redact.best_align,
        align_budget_ms=ALIGN_BUDGET_MS,
        redact=redact,
    )
    return replace(options, **picture, **_recording(name, tables, reader))


def _endpoint(
    tables: CameraTables, reader: TableReader, environment: Mapping[str, str]
) -> EndpointOptions:
    given, own = tables.merged("endpoint"), tables.own.get("endpoint", {})
    url, model = given.get("url"), given.get("model")
    if url == BUILTIN and model is not None:
        if "model" in own or "url" not in own:
            reader.mistake(
                tables.path("endpoint", "model"),
                "the built-in model is the only one of 'builtin': leave 'model' out",
            )
        del given["model"]
    elif url not in {None, BUILTIN} and model is None:
        reader.mistake(
            tables.path("endpoint", "url"),
            "'url' needs 'model', slug/version of the model to ask for at that address",
        )
        del given["url"]
    fields = {_ENDPOINT[key]: value for key, value in given.items() if key in _ENDPOINT}
    try:
        options = EndpointOptions(
            api_key=_key(tables, reader), **{"max_in_flight": IN_FLIGHT, **fields}
        )
    except OptionsError as error:
        reader.mistake((*tables.place, "endpoint"), str(error))
        return EndpointOptions()
    return replace(options, api_key=options.resolved_key(environment))


def _key(tables: CameraTables, reader: TableReader) -> ApiKey | None:
    """Return the key that the file says; a camera's own goes before that of all."""
    home = "endpoint"
    for table in (tables.own, tables.shared):
        given = table.get(home, {})
        if "api_key" in given and "api_key_env" in given:
            reader.mistake(
                tables.path(home, "api_key_env"),
                "'api_key' and 'api_key_env' are two ways to say the same: give one of them",
            )
        elif "api_key" in given:
            return ApiKey(given["api_key"])
        elif "api_key_env" in given:
            path = tables.path(home, "api_key_env")
            return ApiKey(reader.variable(path, given["api_key_env"]))
    return None


def _redaction(tables: CameraTables, reader: TableReader) -> RedactOptions:
    given = tables.merged("redact")
    if given and "classes" not in given:
        place = (*tables.place, "redact") if "redact" in tables.own else ("redact",)
        reader.mistake(place, "'redact' needs 'classes', the names of those to hide")
    return RedactOptions(**given)


def _recording(name: str, tables: CameraTables, reader: TableReader) -> dict[str, Any]:
    given = tables.merged("record")
    folder = given.get("folder")
    if not given.get("on", folder is not None):
        return {}
    if folder is None:
        reader.mistake(tables.path("record", "on"), "a recording needs a 'folder'")
        return {}
    if not Path(folder).is_dir():
        reader.mistake(tables.path("record", "folder"), f"there is no folder {folder}")
    elif not os.access(folder, os.W_OK | os.X_OK):
        reader.mistake(tables.path("record", "folder"), f"the folder {folder} is read-only")
    return {
        "record": str(Path(folder) / f"{name}.mp4"),
        "segment_minutes": given.get("segment", SEGMENT_MINUTES),
        "keep": given.get("keep"),
    }
