"""The configuration of a monitor: a TOML file, read and checked."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from livesegment.errors import OptionsError
from livesegment.monitor.camera_options import CameraTables, live_options
from livesegment.monitor.config_tables import ConfigMistakes, Mistake, TableReader
from livesegment.monitor.event_tables import event_options, read_rules
from livesegment.monitor.keys import CAMERA_KEYS, CAMERA_TABLES, TABLES
from livesegment.monitor.toml_lines import key_lines
from livesegment.settings import ApiKey, LiveOptions, WebOptions, is_this_machine, web_token

_READABLE_BY_OTHERS = 0o044
_POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """One camera.

    Attributes:
        name: What addresses and files call it.
        title: What people call it.
        source: As `open_live_source` takes it; may hold a password.
        options: How it is shown, asked about and recorded.
    """

    name: str
    title: str
    source: str = field(repr=False)
    options: LiveOptions


@dataclass(frozen=True, slots=True)
class BudgetConfig:
    """What all cameras may ask together.

    Attributes:
        in_flight: Requests at once.
        calls_per_hour: Calls within any hour; None: any number.
        price_per_call: What a call costs, for the page; None: not known.
    """

    in_flight: int
    calls_per_hour: int | None = None
    price_per_call: float | None = None


@dataclass(frozen=True, slots=True)
class MonitorConfig:
    """Everything that a monitor's file says.

    Attributes:
        cameras: In the order of the file.
        budget: What they may ask together.
        web: Where the page is.
        warnings: What is allowed and unwise.
    """

    cameras: tuple[CameraConfig, ...]
    budget: BudgetConfig
    web: WebOptions = field(default_factory=WebOptions)
    warnings: tuple[str, ...] = ()


def read_config(path: Path, environment: Mapping[str, str] = os.environ) -> MonitorConfig:
    """Read a configuration.

    Args:
        path: The TOML file.
        environment: What `${NAME}` stands for, and where keys are that the file leaves out.

    Raises:
        ConfigMistakes: If anything is wrong with it; the error has every mistake and its line.
        OptionsError: If it cannot be read at all.
    """
    text = _text(path)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigMistakes(path.name, [_syntax_mistake(str(error), text)]) from error
    is_private = os.name != "posix" or not path.stat().st_mode & _READABLE_BY_OTHERS
    reader = TableReader(key_lines(text), environment, is_private=is_private)
    cameras, budget, web = _parts(document, reader, environment)
    if reader.mistakes:
        raise ConfigMistakes(path.name, list(reader.mistakes))
    warnings = tuple(f"{path.name}:{each.line}: {each.text}" for each in reader.warnings)
    return MonitorConfig(cameras, budget, web, warnings)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise OptionsError(f"{path} is no text in UTF-8") from error
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise OptionsError(f"{path} cannot be read: {reason}") from error


def _syntax_mistake(said: str, text: str) -> Mistake:
    position = _POSITION.search(said)
    line = int(position[1]) if position and position[1] else len(text.splitlines()) or 1
    what = _POSITION.sub("", said)
    return Mistake(line, f"this is no TOML: {what[:1].lower()}{what[1:]}")


def _parts(
    document: dict[str, Any], reader: TableReader, environment: Mapping[str, str]
) -> tuple[tuple[CameraConfig, ...], BudgetConfig, WebOptions]:
    # The names of tables are read as keys are, so that a misspelt one is a mistake of its line.
    known = reader.table((), document, dict.fromkeys((*TABLES, "camera"), _any))
    tables = {
        name: reader.table((name,), known[name], keys)
        for name, keys in TABLES.items()
        if name in known
    }
    cameras = _cameras(known.get("camera"), tables, reader, environment)
    given = tables.get("budget", {})
    budget = BudgetConfig(
        given.get("in_flight", max(1, len(cameras))),
        given.get("calls_per_hour"),
        given.get("price_per_call"),
    )
    return cameras, budget, _web(tables.get("web", {}), reader, environment)


def _any(value: Any) -> Any:
    return value


def _cameras(
    written: object,
    tables: Mapping[str, dict[str, Any]],
    reader: TableReader,
    environment: Mapping[str, str],
) -> tuple[CameraConfig, ...]:
    if written is None:
        reader.mistake((), "there is no camera: each one is a table [[camera]]")
        return ()
    if not isinstance(written, list):
        reader.mistake(("camera",), "a camera is written in double brackets, [[camera]]")
        return ()
    cameras: dict[str, CameraConfig] = {}
    for number, each in enumerate(written):
        camera = _camera(number, each, tables, reader, environment)
        if camera.name.casefold() in cameras:
            reader.mistake(("camera", number, "name"), f"two cameras are called '{camera.name}'")
        cameras[camera.name.casefold()] = camera
    return tuple(cameras.values())


def _camera(
    number: int,
    written: object,
    tables: Mapping[str, dict[str, Any]],
    reader: TableReader,
    environment: Mapping[str, str],
) -> CameraConfig:
    place = ("camera", number)
    keys = {**CAMERA_KEYS, **dict.fromkeys(CAMERA_TABLES, _any), "rule": _any}
    given = reader.table(place, written, keys)
    for key in ("name", "source"):
        if isinstance(written, dict) and key not in written:
            reader.mistake(place, f"a camera needs a '{key}'")
    own = {
        name: reader.table((*place, name), given[name], TABLES[name])
        for name in CAMERA_TABLES
        if name in given
    }
    # Only for a camera whose own name is a mistake already.
    name = given.get("name", f"camera-{number + 1}")
    camera = CameraTables(place, own, tables)
    options = live_options(name, camera, reader, environment)
    rules = read_rules(place, given.get("rule", []), reader)
    events = event_options(name, camera, rules, reader, environment)
    options = replace(options, events=events)
    return CameraConfig(name, given.get("title", name), given.get("source", ""), options)


def _web(
    given: Mapping[str, Any], reader: TableReader, environment: Mapping[str, str]
) -> WebOptions:
    web = WebOptions(port=given.get("port", WebOptions().port))
    host = given.get("host", web.host)
    token = ApiKey(given["token"]) if "token" in given else web_token(environment)
    if token is not None and len(token.reveal()) < 8:
        reader.mistake(("web", "token"), "the token of the page has at least 8 characters")
    elif token is None and not is_this_machine(host):
        reader.mistake(
            ("web", "host"),
            f"a page on {host} can be seen from other machines and needs a 'token', here or in"
            " LIVESEGMENT_WEB_TOKEN",
        )
    else:
        web = replace(web, host=host, token=token)
    return web
