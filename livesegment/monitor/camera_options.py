"""From the tables of a configuration to what one camera's run is told."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from livesegment.errors import AuthenticationFailed, OptionsError
from livesegment.monitor.config_tables import TableReader
from livesegment.monitor.toml_lines import KeyPath
from livesegment.settings import BUILTIN, ApiKey, EndpointOptions, EventOptions, LiveOptions
from livesegment.settings.background import background_file
from livesegment.settings.group import all_options, build, option_of
from livesegment.settings.model_file import ModelFileOptions, is_model_file
from livesegment.settings.monitor import FileOptions
from livesegment.settings.option import WrongSetting, by_key, from_environment
from livesegment.settings.rule import Rule, Subject, with_outages
from livesegment.settings.text_kinds import STANDARD_OUTPUT
from livesegment.settings.zone import HiddenZone, Polygon

_LONGEST_NAME = 255  # bytes, on all usual file systems
_OUTAGES: tuple[Subject, ...] = ("camera", "endpoint")


@dataclass(frozen=True, slots=True)
class CameraTables:
    """What a camera's tables say, by full names such as `picture.align`: its own, else all's.

    Attributes:
        place: Where the camera is.
        own: What its own tables say.
        shared: What the tables of all cameras say.
    """

    place: KeyPath
    own: Mapping[str, Any]
    shared: Mapping[str, Any]

    def merged(self) -> dict[str, Any]:
        """Return what holds for the camera."""
        return {**self.shared, **self.own}

    def path(self, name: str) -> KeyPath:
        """Return where the option stands that holds for the camera."""
        table, _, key = name.partition(".")
        if table == "camera":
            return (*self.place, key)
        return (*self.place, table, key) if name in self.own else (table, key)


def live_options(
    name: str,
    tables: CameraTables,
    rules: Sequence[Rule],
    reader: TableReader,
    environment: Mapping[str, str],
) -> LiveOptions:
    """Return what a camera's run is told.

    Args:
        name: The camera's name.
        tables: What the file says.
        rules: The camera's rules.
        reader: Gets the mistakes.
        environment: Where keys and secrets are that the file leaves out.
    """
    defaults = {
        by_key(each): each.file_default
        for each in all_options(LiveOptions)
        if each.file_default is not None
    }
    given: dict[str, Any] = {**defaults, **tables.merged()}
    _choose_model(given, tables)
    _choose_key(given, tables, reader)
    _check_redaction(given, tables, reader)
    _check_published(given, tables, reader)
    given |= _recording(name, given, tables, reader)
    for each in all_options(EventOptions):
        if by_key(each) not in given and (text := from_environment(each, environment)):
            given[by_key(each)] = text
    try:
        options = build(LiveOptions, given, by_key)
    except WrongSetting as error:
        reader.mistake(tables.path(by_key(error.options[0])), str(error.in_words_of(by_key)))
        return LiveOptions(window=False)
    _check_model_file(options.endpoint, tables, reader)
    _check_key(options.endpoint, tables, reader, environment)
    _check_background(options, tables, reader)
    return replace(
        options.settled(lambda option: by_key(option) in given),
        endpoint=_with_key(options.endpoint, environment),
        events=_events(name, options.events, given, tables, rules, reader),
        window=False,
        wait_for_source=True,
        wait_for_endpoint=True,
    )


def _with_key(options: EndpointOptions, environment: Mapping[str, str]) -> EndpointOptions:
    return replace(options, api_key=options.resolved_key(environment))


def _check_key(
    options: EndpointOptions,
    tables: CameraTables,
    reader: TableReader,
    environment: Mapping[str, str],
) -> None:
    if {"endpoint.api_key", by_key(option_of(FileOptions, "api_key_env"))} & tables.merged().keys():
        return  # where that leads to none, it was said
    try:
        options.check_key(environment)
    except AuthenticationFailed as error:
        asked = "endpoint.model" if options.prompt is None else "endpoint.prompt"
        reader.mistake(tables.path(asked), str(error))


def _choose_model(given: dict[str, Any], tables: CameraTables) -> None:
    """Leave out what is said of a model of all cameras where a camera has another kind of model.

    A camera that says itself what does not go together is told so by the options.
    """
    url, model, prompt, names = (
        f"endpoint.{each}" for each in ("url", "model", "prompt", "class_names")
    )
    of_file = [by_key(each) for each in all_options(ModelFileOptions)]
    own = tables.own
    others: list[str] = []
    if "endpoint.model_file" in own or is_model_file(str(own.get(model, ""))):
        others = [url, model, prompt, "endpoint.model_file"]
    elif prompt in own:
        others = [model, names, *of_file]
    elif model in own:
        others = [prompt, *of_file]
    elif own.get(url) == BUILTIN:
        others = [model, prompt, names, *of_file]
    elif url in own:
        others = [model, *of_file] if is_model_file(str(given.get(model, ""))) else of_file
    for each in others:
        if each not in own:
            given.pop(each, None)


def _check_model_file(options: EndpointOptions, tables: CameraTables, reader: TableReader) -> None:
    path = options.model_path
    if path is not None and not _is(Path.is_file, Path(path)):
        key = "endpoint.model" if options.file.model_file is None else "endpoint.model_file"
        reader.mistake(tables.path(key), f"there is no model file {path}")


def _check_background(options: LiveOptions, tables: CameraTables, reader: TableReader) -> None:
    path = background_file(options.background)
    if path is not None and not _is(Path.is_file, Path(path)):
        reader.mistake(tables.path("picture.background"), f"there is no background {path}")


def _choose_key(given: dict[str, Any], tables: CameraTables, reader: TableReader) -> None:
    """Settle on one key; a camera's own goes before that of all."""
    key, variable = "endpoint.api_key", by_key(option_of(FileOptions, "api_key_env"))
    for level in (tables.own, tables.shared):
        if key in level and variable in level:
            reader.mistake(
                tables.path(variable), f"{key} and {variable} say the same: give one of them"
            )
        if key in level:
            given[key] = level[key]
            return
        if variable in level:
            text = reader.variable(tables.path(variable), level[variable])
            given[key] = ApiKey(text) if text else None
            return


def _check_redaction(given: Mapping[str, Any], tables: CameraTables, reader: TableReader) -> None:
    is_spoken_of = any(name.startswith("redact.") for name in given)
    if is_spoken_of and "redact.classes" not in given:
        has_own = any(name.startswith("redact.") for name in tables.own)
        place = (*tables.place, "redact") if has_own else ("redact",)
        reader.mistake(place, "'redact' needs 'classes', the names of those to hide")


def _check_published(given: Mapping[str, Any], tables: CameraTables, reader: TableReader) -> None:
    key = by_key(option_of(LiveOptions, "publish"))
    if STANDARD_OUTPUT in given.get(key, ()):
        reader.mistake(tables.path(key), f"{key} leads to addresses: a camera has no stdout")


def _recording(
    name: str, given: dict[str, Any], tables: CameraTables, reader: TableReader
) -> dict[str, Any]:
    """Return the file to record, and drop what is said of a recording that is not to be."""
    wanted = build(FileOptions, given, by_key)
    is_on = wanted.recordings is not None if wanted.is_recorded is None else wanted.is_recorded
    if is_on and wanted.recordings is None:
        reader.mistake(tables.path("record.on"), "a recording needs a 'folder'")
    if not is_on or wanted.recordings is None:
        given.pop("record.segment", None)
        given.pop("record.keep", None)
        return {}
    _check_folder(wanted.recordings, tables.path("record.folder"), reader)
    file = str(Path(wanted.recordings) / f"{name}.mp4")
    return {"--record": file}


def _events(
    name: str,
    options: EventOptions,
    given: Mapping[str, Any],
    tables: CameraTables,
    rules: Sequence[Rule],
    reader: TableReader,
) -> EventOptions:
    """Return what is noticed in front of a camera, and where it is told."""
    files = build(FileOptions, given, by_key)
    after_s = {"camera": files.camera_lost_s, "endpoint": files.endpoint_failing_s}
    outages = [
        Rule(subject, subject, for_s=after_s[subject])
        for subject in _OUTAGES
        if after_s[subject] is not None
    ]
    try:
        with_outages([*rules, *outages])
    except OptionsError as error:
        reader.mistake((*tables.place, "rule"), str(error))
        return EventOptions()
    options = replace(options, rules=(*rules, *outages), camera=name)
    if files.events is None:
        if files.has_clips:
            reader.mistake(tables.path("events.clips"), "clips need a 'folder'")
        return options
    _check_folder(files.events, tables.path("events.folder"), reader)
    folder = Path(files.events)
    clips = None if files.has_clips is False else str(folder / name)
    return replace(options, jsonl=str(folder / f"{name}.jsonl"), clips=clips)


def _check_folder(folder: str, path: KeyPath, reader: TableReader) -> None:
    """Find out whether a folder may be written to, or else made once the monitor runs."""
    wanted = Path(folder)
    there = next(each for each in (wanted, *wanted.absolute().parents) if _is(Path.exists, each))
    said = None
    if not there.is_dir():
        said = f"{there} is no folder"
    elif not os.access(there, os.W_OK | os.X_OK):
        said = f"{there} is read-only"
    elif any(len(os.fsencode(part)) > _LONGEST_NAME for part in wanted.parts):
        said = "its name is too long"
    if said is not None and there == wanted:
        reader.mistake(path, said)
    elif said is not None:
        reader.mistake(path, f"the folder {folder} cannot be made: {said}")


def _is(what: Callable[[Path], bool], path: Path) -> bool:
    """Ask about a path; one that is longer than any can be is not there."""
    try:
        return what(path)
    except OSError:
        return False


def read_rules(camera: KeyPath, written: object, reader: TableReader) -> list[Rule]:
    """Return a camera's rules, without those that are wrong.

    Args:
        camera: Where the camera is.
        written: What stands at its key `rule`.
        reader: Gets the mistakes.
    """
    rules = []
    for place, given in _listed("rule", "a rule", camera, written, reader):
        try:
            rules.append(build(Rule, {"rule.name": _default_name(given), **given}, by_key))
        except OptionsError as error:
            reader.mistake(place, str(error))
    return rules


def read_hidden(camera: KeyPath, written: object, reader: TableReader) -> tuple[Polygon, ...]:
    """Return the zones that are hidden of a camera's picture; what is wrong is a mistake.

    Args:
        camera: Where the camera is.
        written: What stands at its key `hide`.
        reader: Gets the mistakes.
    """
    zone = by_key(option_of(HiddenZone, "zone"))
    zones = []
    for place, given in _listed("hide", "a zone to hide", camera, written, reader):
        if zone in given:
            zones.append(given[zone])
        else:
            reader.mistake(place, "'hide' needs a 'zone'")
    return tuple(zones)


def _listed(
    name: str, what: str, camera: KeyPath, written: object, reader: TableReader
) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """Yield the tables of a camera's list that are right as far as they go, and their places."""
    place = (*camera, name)
    if not isinstance(written, list):
        reader.mistake(place, f"{what} is written in double brackets, [[camera.{name}]]")
        return
    for number, each in enumerate(written):
        given = reader.listed(name, (*place, number), each)
        if isinstance(each, dict) and len(given) == len(each):
            yield (*place, number), given


def _default_name(given: Mapping[str, Any]) -> str:
    name = given.get("rule.class", "rule")
    for side in ("above", "below"):
        if f"rule.count_{side}" in given:
            return f"{name} count {side} {given[f'rule.count_{side}']}"
    side = "above" if "rule.above" in given else "below"
    return f"{name} {side} {100 * given.get(f'rule.{side}', 0):g}%"
