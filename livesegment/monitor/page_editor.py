"""Changes a monitor's file as the page wants it."""

import asyncio
import math
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from livesegment.errors import OptionsError
from livesegment.monitor.config import MonitorConfig
from livesegment.monitor.config_file import ConfigFile, Draft
from livesegment.monitor.config_tables import ConfigMistakes
from livesegment.monitor.dotted_source import dotted, undotted
from livesegment.monitor.source_try import NO_PICTURE, tried
from livesegment.monitor.toml_text import TomlText
from livesegment.settings.monitor import CAMERA_LISTS, CameraOptions, saved_by_page
from livesegment.settings.option import quoted
from livesegment.web.editing import Edit, Editor, NoCamera, NoPicture, require_page_source

_MOST_SEEN = 16  # sources from which a picture came


class PageEditor(Editor):
    """Changes a file, and says when it has.

    Args:
        file: The file.
        on_saved: Called when it was written, from any thread.
    """

    def __init__(self, file: ConfigFile, on_saved: Callable[[], None]) -> None:
        self._file = file
        self._on_saved = on_saved
        self._trying = asyncio.Semaphore(1)
        self._seen: dict[str, None] = {}  # sources that need not be tried once more

    def settings(self) -> dict[str, Any]:
        """Return what the file says that the page may change, as plain JSON types."""
        said: dict[str, Any] = {
            "revision": "",
            "file": str(self._file.path),
            "problem": None,
            "may_be_empty": self._file.may_be_empty,
            "devices": [str(each) for each in sorted(Path("/dev").glob("video*"))],
            "shared": {},
            "cameras": [],
        }
        try:
            read = self._file.read()
        except OptionsError as error:
            return {**said, "problem": _in_one_line(error)}
        document = tomllib.loads(read.text)
        shared = {**_defaults(), **_kept(document)}
        return {
            **said,
            "revision": read.revision,
            "problem": self._file.why_not_writable(),
            "shared": shared,
            "cameras": [_shown(each, document) for each in document.get("camera", [])],
        }

    async def save(self, edit: Edit) -> None:
        """Write a change into the file and have it take effect."""
        draft = await asyncio.to_thread(self._draft, edit, edit.revision)
        if edit.source is not None and not edit.is_untried and _is_new(draft, edit.camera):
            await self._try(_camera(draft.config, edit.camera))
        await asyncio.to_thread(self._file.write, draft)
        self._on_saved()

    async def tried(self, edit: Edit) -> bytes:
        """Return a picture of a camera as it would be, JPEG; empty where it may not be shown."""
        draft = await asyncio.to_thread(self._draft, edit)
        return await self._try(_camera(draft.config, edit.camera), is_wanted=True)

    async def _try(self, camera: CameraOptions, *, is_wanted: bool = False) -> bytes:
        if camera.source in self._seen and not is_wanted:
            return b""
        async with self._trying:
            jpeg = await tried(camera)
        if jpeg is None:
            raise NoPicture(NO_PICTURE)
        self._seen[camera.source] = None
        while len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        return jpeg

    def _draft(self, edit: Edit, revision: str | None = None) -> Draft:
        def change(text: str) -> str:
            toml = TomlText(text)
            _EDITS[edit.kind](toml, edit)
            return toml.text

        try:
            return self._file.draft(change, revision)
        except ConfigMistakes as error:
            raise OptionsError(_in_one_line(error)) from error


def _add(toml: TomlText, edit: Edit) -> None:
    if edit.source is None:
        raise OptionsError("a camera needs a source")
    require_page_source(edit.source)
    place = ("camera", len(toml.meant.get("camera", [])))
    toml.add(("camera",), {"name": edit.camera, "source": edit.source})
    _put_values(toml, place, edit.values)


def _change(toml: TomlText, edit: Edit) -> None:
    place = _place(toml, edit.camera)
    if edit.source is not None:
        kept = str(toml.meant["camera"][place[1]]["source"])
        source = undotted(edit.source, kept)
        if source != kept:
            require_page_source(edit.source)
            toml.put((*place, "source"), source)
    _put_values(toml, place, edit.values)


def _remove(toml: TomlText, edit: Edit) -> None:
    toml.remove(_place(toml, edit.camera))


def _try_only(toml: TomlText, edit: Edit) -> None:
    names = [str(each.get("name")).strip() for each in toml.meant.get("camera", [])]
    (_change if edit.camera in names else _add)(toml, edit)


def _change_list(toml: TomlText, edit: Edit) -> None:
    place = (*_place(toml, edit.camera), edit.kind)
    there = toml.meant["camera"][place[1]].get(edit.kind, [])
    if edit.number is not None and edit.number >= len(there):
        raise OptionsError("it is not there any more")
    if edit.table is None:
        toml.remove((*place, edit.number or 0))
    elif edit.number is None:
        toml.add(place, {key: each for key, each in edit.table.items() if each is not None})
    else:
        for key, value in edit.table.items():
            toml.put((*place, edit.number, key), value)


_EDITS: Mapping[str, Callable[[TomlText, Edit], None]] = {
    "add": _add,
    "change": _change,
    "remove": _remove,
    "try": _try_only,
    **dict.fromkeys(CAMERA_LISTS, _change_list),
}


def _put_values(toml: TomlText, place: tuple[str, int], values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        table, _, key = name.partition(".")
        toml.put((*place, key) if table == "camera" else (*place, table, key), value)


def _place(toml: TomlText, name: str) -> tuple[str, int]:
    for number, each in enumerate(toml.meant.get("camera", [])):
        if str(each.get("name")).strip() == name:
            return "camera", number
    raise NoCamera(f"the file has no camera {quoted(name)}")


def _camera(config: MonitorConfig, name: str) -> CameraOptions:
    return next(each for each in config.cameras if each.name == name)


def _is_new(draft: Draft, name: str) -> bool:
    """Tell whether a camera has another source than it had, or had none."""
    before = () if draft.before is None else draft.before.cameras
    source = _camera(draft.config, name).source
    return not any((each.name, each.source) == (name, source) for each in before)


def _shown(written: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a camera's tables say, without secrets, and without what the page may not.

    Args:
        written: They.
        document: All that the file says.
    """
    own = {**{f"camera.{key}": each for key, each in written.items()}, **_of_tables(written)}
    return {
        "name": str(written["name"]).strip(),
        "source": dotted(str(written["source"])),
        "own": {
            key: own[key]
            for key in saved_by_page()
            if key in own and key not in {"camera.name", "camera.source"}
        },
        "has_folder": any("folder" in each.get("record", {}) for each in (written, document)),
        "rules": [dict(each) for each in written.get("rule", [])],
        "hidden": [each["zone"] for each in written.get("hide", [])],
    }


def _of_tables(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{table}.{key}": value
        for table, values in document.items()
        if isinstance(values, dict)
        for key, value in values.items()
        if not isinstance(value, float) or math.isfinite(value)  # JSON has no others
    }


def _kept(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the tables of all cameras say that the page may show."""
    said = _of_tables(document)
    return {key: said[key] for key in saved_by_page() if key in said}


def _defaults() -> dict[str, Any]:
    """Return what holds where nothing is said, as far as it is plain."""
    found = {
        key: each.default if each.file_default is None else each.file_default
        for key, each in saved_by_page().items()
        if key.partition(".")[0] not in {"camera", *CAMERA_LISTS}
    }
    return {key: each for key, each in found.items() if isinstance(each, str | bool | int | float)}


def _in_one_line(error: OptionsError) -> str:
    """Return what is wrong with a file in a sentence for the page: its first mistakes."""
    if not isinstance(error, ConfigMistakes):
        return str(error)
    return "; ".join(each.text for each in error.mistakes[:3])
