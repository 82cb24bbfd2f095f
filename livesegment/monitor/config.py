"""The configuration of a monitor: a TOML file, read and checked."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from livesegment.calls.opening import most_requests
from livesegment.errors import OptionsError, system_words
from livesegment.monitor.camera_options import CameraTables, live_options, read_hidden, read_rules
from livesegment.monitor.config_tables import ConfigMistakes, Mistake, TableReader
from livesegment.monitor.toml_lines import first_excess, key_lines
from livesegment.settings import WebOptions
from livesegment.settings.group import build, option_of, own_options
from livesegment.settings.monitor import BudgetOptions, CameraOptions
from livesegment.settings.option import WrongSetting, by_key, from_environment
from livesegment.settings.pattern import PatternForm
from livesegment.settings.rule import file_name

_READABLE_BY_OTHERS = 0o044
_OWN = frozenset(by_key(each) for each in own_options(CameraOptions))
_POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class MonitorConfig:
    """Everything that a monitor's file says.

    Attributes:
        cameras: In the order of the file.
        budget: What they may ask together; its requests in flight are known.
        web: Where the page is.
        warnings: What is allowed and unwise.
    """

    cameras: tuple[CameraOptions, ...]
    budget: BudgetOptions
    web: WebOptions = field(default_factory=WebOptions)
    warnings: tuple[str, ...] = ()

    @property
    def notify(self) -> list[str]:
        """The addresses of all cameras at which phones are told, each once; wholly secret."""
        told = (each for camera in self.cameras for each in camera.options.events.notify)
        return list(dict.fromkeys(told))


def read_config(
    path: Path, environment: Mapping[str, str] = os.environ, *, may_be_empty: bool = False
) -> MonitorConfig:
    """Read a configuration.

    Args:
        path: The TOML file.
        environment: What `${NAME}` stands for, and where keys are that the file leaves out.
        may_be_empty: Whether it may have no camera yet, or not be there.

    Raises:
        ConfigMistakes: If anything is wrong with it; the error has every mistake and its line.
        OptionsError: If it cannot be read at all.
    """
    if may_be_empty and is_missing(path):
        return checked_config("", path.name, environment, may_be_empty=True)
    text = _text(path)
    private = is_private(path.stat())
    return checked_config(
        text, path.name, environment, is_private=private, may_be_empty=may_be_empty
    )


def checked_config(
    text: str,
    name: str,
    environment: Mapping[str, str] = os.environ,
    *,
    is_private: bool = True,
    may_be_empty: bool = False,
) -> MonitorConfig:
    """Return what the text of a configuration says; raises as `read_config` does.

    Args:
        text: The text.
        name: What mistakes call it.
        environment: As for `read_config`.
        is_private: Whether nobody else can read it.
        may_be_empty: As for `read_config`.
    """
    if (excess := first_excess(text)) is not None:
        raise ConfigMistakes(name, [Mistake(*excess)])
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigMistakes(name, [_syntax_mistake(str(error), text)]) from error
    reader = TableReader(key_lines(text), environment, is_private=is_private)
    if may_be_empty:
        document.setdefault("camera", [])
    cameras, budget, web = _parts(document, reader, environment)
    if reader.mistakes:
        raise ConfigMistakes(name, list(reader.mistakes))
    warnings = tuple(f"{name}:{each.line}: {each.text}" for each in reader.warnings)
    return MonitorConfig(cameras, budget, web, warnings)


def is_missing(path: Path) -> bool:
    """Tell whether there is no such file; one that cannot be looked at is there."""
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def is_private(status: os.stat_result) -> bool:
    """Tell whether nobody but its owner, and root, can read a file."""
    return os.name != "posix" or not status.st_mode & _READABLE_BY_OTHERS


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # as editors of Windows write it
    except UnicodeDecodeError as error:
        raise OptionsError(f"{path} is no text in UTF-8") from error
    except OSError as error:
        reason = system_words(error)
        raise OptionsError(f"{path} cannot be read: {reason}") from error


def _syntax_mistake(said: str, text: str) -> Mistake:
    position = _POSITION.search(said)
    line = int(position[1]) if position and position[1] else len(text.splitlines()) or 1
    what = _POSITION.sub("", said)
    return Mistake(line, f"this is no TOML: {what[:1].lower()}{what[1:]}")


def _parts(
    document: dict[str, Any], reader: TableReader, environment: Mapping[str, str]
) -> tuple[tuple[CameraOptions, ...], BudgetOptions, WebOptions]:
    known, shared = reader.tables(document)
    cameras = _cameras(known.get("camera"), shared, reader, environment)
    budget = build(BudgetOptions, shared, by_key)
    wanted = sum(most_requests(camera.options.endpoint) for camera in cameras)
    in_flight = budget.in_flight or max(1, wanted)
    return cameras, replace(budget, in_flight=in_flight), _web(shared, reader, environment)


def _cameras(
    written: object,
    shared: Mapping[str, Any],
    reader: TableReader,
    environment: Mapping[str, str],
) -> tuple[CameraOptions, ...]:
    if written is None:
        reader.mistake((), "there is no camera: each one is a table [[camera]]")
        return ()
    if not isinstance(written, list):
        reader.mistake(("camera",), "a camera is written in double brackets, [[camera]]")
        return ()
    cameras: dict[str, CameraOptions] = {}
    told: dict[str, str] = {}  # names of those that a broker is told of, by what topics call them
    for number, each in enumerate(written):
        camera = _camera(number, each, shared, reader, environment)
        if camera.name.casefold() in cameras:
            reader.mistake(("camera", number, "name"), f"two cameras are called '{camera.name}'")
        cameras[camera.name.casefold()] = camera
        if camera.options.events.mqtt is not None:
            other = told.setdefault(file_name(camera.name), camera.name)
            if other.casefold() != camera.name.casefold():
                same = f"MQTT topics call the cameras '{other}' and '{camera.name}' the same"
                reader.mistake(("camera", number, "name"), f"{same}: give one another name")
    return tuple(cameras.values())


def _camera(
    number: int,
    written: object,
    shared: Mapping[str, Any],
    reader: TableReader,
    environment: Mapping[str, str],
) -> CameraOptions:
    place = ("camera", number)
    own = reader.camera(place, written)
    for each in own_options(CameraOptions):
        table, _, key = by_key(each).partition(".")
        if each.is_needed and isinstance(written, dict) and key not in written:
            reader.mistake(place, f"a {table} needs a '{key}'")
    # Only for a camera whose own name or source is a mistake already.
    standing = {"camera.name": f"camera-{number + 1}", "camera.source": "pattern:"}
    given = {**standing, **own}
    name, source = (given[by_key(option_of(CameraOptions, each))] for each in ("name", "source"))
    if source.startswith("pattern:"):
        try:
            PatternForm.parse(source)
        except OptionsError as error:
            reader.mistake((*place, "source"), str(error))
    rules = read_rules(place, own.pop("rule", []), reader)
    hidden = read_hidden(place, own.pop("hide", []), reader)
    options = live_options(name, CameraTables(place, own, shared), rules, reader, environment)
    camera = build(CameraOptions, {name: given[name] for name in given if name in _OWN}, by_key)
    return replace(camera, options=replace(options, hide=hidden))


def _web(
    shared: Mapping[str, Any], reader: TableReader, environment: Mapping[str, str]
) -> WebOptions:
    given = dict(shared)
    for each in own_options(WebOptions):
        if each.variables and by_key(each) not in given:
            given[by_key(each)] = from_environment(each, environment)
    try:
        return build(WebOptions, given, by_key)
    except WrongSetting as error:
        table, _, key = by_key(error.options[0]).partition(".")
        reader.mistake((table, key), str(error.in_words_of(by_key)))
        return WebOptions()
