"""From the tables of a configuration to what is noticed in front of a camera."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from livesegment.errors import OptionsError
from livesegment.monitor.camera_options import CameraTables
from livesegment.monitor.config_tables import TableReader
from livesegment.monitor.keys import RULE_KEYS
from livesegment.monitor.toml_lines import KeyPath
from livesegment.settings import ApiKey, EventOptions, mqtt_password, webhook_secret
from livesegment.settings.rule import Rule, Subject, with_outages

_FIELDS = {"for": "for_s", "cooldown": "cooldown_s", "class": "class_name"}
_OUTAGES: tuple[tuple[Subject, str], ...] = (
    ("camera", "camera_lost"),
    ("endpoint", "endpoint_failing"),
)
_SHARES = frozenset({"above", "below", "hysteresis"})


def read_rules(camera: KeyPath, written: object, reader: TableReader) -> list[Rule]:
    """Return a camera's rules, without those that are wrong.

    Args:
        camera: Where the camera is.
        written: What stands at its key `rule`.
        reader: Gets the mistakes.
    """
    place = (*camera, "rule")
    if not isinstance(written, list):
        reader.mistake(place, "a rule is written in double brackets, [[camera.rule]]")
        return []
    rules = []
    for number, each in enumerate(written):
        given = reader.table((*place, number), each, RULE_KEYS)
        fields = {
            _FIELDS.get(key, key): value / 100 if key in _SHARES else value
            for key, value in given.items()
        }
        if not isinstance(each, dict) or len(given) < len(each):
            continue
        try:
            rules.append(Rule(**{"name": _name(given), **fields}))
        except OptionsError as error:
            reader.mistake((*place, number), str(error))
    return rules


def event_options(
    name: str,
    tables: CameraTables,
    rules: Sequence[Rule],
    reader: TableReader,
    environment: Mapping[str, str],
) -> EventOptions:
    """Return what is noticed in front of a camera, and where it is told.

    Args:
        name: The camera's name.
        tables: What the file says.
        rules: The camera's rules.
        reader: Gets the mistakes.
        environment: Where secrets are that the file leaves out.
    """
    given = tables.merged("events")
    outages = [
        Rule(subject, subject, for_s=given[key]) for subject, key in _OUTAGES if key in given
    ]
    try:
        with_outages([*rules, *outages])
    except OptionsError as error:
        reader.mistake((*tables.place, "rule"), str(error))
        return EventOptions()
    secret, password = given.get("webhook_secret"), given.get("mqtt_password")
    return EventOptions(
        rules=(*rules, *outages),
        camera=name,
        webhook=given.get("webhook"),
        webhook_secret=ApiKey(secret) if secret else webhook_secret(environment),
        mqtt=given.get("mqtt"),
        mqtt_password=ApiKey(password) if password else mqtt_password(environment),
        **_files(name, given, tables, reader),
    )


def _files(
    name: str, given: Mapping[str, Any], tables: CameraTables, reader: TableReader
) -> dict[str, Any]:
    """Return the options about files: FOLDER/NAME.jsonl, and clips in FOLDER/NAME."""
    folder = given.get("folder")
    if folder is None:
        if given.get("clips"):
            reader.mistake(tables.path("events", "clips"), "clips need a 'folder'")
        return {}
    if not Path(folder).is_dir():
        reader.mistake(tables.path("events", "folder"), f"there is no folder {folder}")
    elif not os.access(folder, os.W_OK | os.X_OK):
        reader.mistake(tables.path("events", "folder"), f"the folder {folder} is read-only")
    files: dict[str, Any] = {"jsonl": str(Path(folder) / f"{name}.jsonl")}
    if given.get("clips", True):
        files["clips"] = str(Path(folder) / name)
    names = {"pre": "pre_s", "post": "post_s", "keep": "keep_clips"}
    return files | {names[key]: given[key] for key in names if key in given}


def _name(given: Mapping[str, Any]) -> str:
    side = "above" if "above" in given else "below"
    return f"{given.get('class', 'rule')} {side} {given.get(side, 0):g}%"
