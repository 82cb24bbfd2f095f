"""A TOML text that is changed in places, and stays as it is everywhere else.

Each change is a splice at a place that `toml_lines` knows, and is then read by `tomllib`: what it
means has to be what was wanted, or the text is left alone. A library that writes documents anew,
tomlkit, was tried: it puts a new key behind the comments that follow a table, where it belongs to
another one as soon as somebody takes their signs away, and removes comments above the next table
together with the one before.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from livesegment.errors import OptionsError
from livesegment.monitor.toml_lines import KeyPath, Place, places

_BLANKS = " \t"


class TomlText:
    """A TOML text and what it means.

    Args:
        text: What `tomllib` accepts.

    Attributes:
        text: The text as it is now.
        meant: What it means.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.meant: dict[str, Any] = tomllib.loads(text)
        self._newline = "\r\n" if "\r\n" in text else "\n"

    def put(self, path: KeyPath, value: Any) -> None:
        """Give a key of a table that is there a value; None takes the key away.

        Raises:
            OptionsError: If it is written in a way in which that cannot be done.
        """
        wanted = deepcopy(self.meant)
        table = _on_the_way(wanted, path)
        before = table.pop(path[-1], None)
        if value == before and isinstance(value, bool) == isinstance(before, bool):
            return
        if value is None:
            self._become(self._without_key(path), wanted)
            return
        table[path[-1]] = value
        with_it = self._with_key if before is None else self._with_value
        self._become(with_it(path, value), wanted)

    def add(self, path: KeyPath, table: Mapping[str, Any]) -> None:
        """Add an element to an array of tables, behind the others; raises as `put` does.

        Args:
            path: The array, such as `("camera", 0, "rule")`.
            table: What its keys are, without tables in it.
        """
        wanted = deepcopy(self.meant)
        _on_the_way(wanted, path).setdefault(path[-1], []).append(dict(table))
        names = ".".join(str(each) for each in path if isinstance(each, str))
        lines = [f"[[{names}]]", *(f"{key} = {written(value)}" for key, value in table.items())]
        self._become(self._with_table(self._end_of(path[:-1]), lines), wanted)

    def remove(self, path: KeyPath) -> None:
        """Remove an element of an array of tables with all that is in it; raises as `put` does.

        Args:
            path: The element, such as `("camera", 0)`.
        """
        wanted = deepcopy(self.meant)
        array = _on_the_way(wanted, path)
        del array[path[-1]]
        if not array:
            del _on_the_way(wanted, path[:-1])[path[-2]]
        text = self.text
        for begin, end in reversed(list(self._regions(path))):
            before, after = text[:begin], text[end:]
            # Of the two blank lines between which it stood, one.
            if not before or before.endswith(2 * self._newline):
                after = after.removeprefix(self._newline)
            text = before + after
        self._become(text, wanted)

    def _become(self, text: str, wanted: Mapping[str, Any]) -> None:
        """Be another text, if it means what is wanted."""
        try:
            meant = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            meant = {}
        if _filled(meant) != _filled(wanted):
            raise OptionsError(
                "this is written in a way that the page cannot change: give each table a header of"
                " its own, such as [[camera]] and [[camera.rule]], or change it by hand"
            )
        self.text, self.meant = text, meant

    def _with_value(self, path: KeyPath, value: Any) -> str:
        for place in places(self.text):
            if place.path == path and not place.is_header:
                return self.text[: place.value] + written(value) + self.text[place.end :]
        return self.text

    def _with_key(self, path: KeyPath, value: Any) -> str:
        """Return the text with a new key, where those of its table stand already."""
        found = places(self.text)
        for length in range(len(path) - 1, -1, -1):
            table, name = path[:length], ".".join(map(str, path[length:]))
            line = f"{name} = {written(value)}"
            inline = [each for each in found if each.path == table and not each.is_header]
            if inline:
                end = inline[0].end - 1
                before = self.text[:end].rstrip()
                line = f" {line} " if before.endswith("{") else f", {line} "
                return before + line + self.text[end:]
            beside = [
                each for each in found if each.table == table and not each.is_inline and table
            ]
            if beside:
                of_table = [each for each in beside if each.path[: len(path) - 1] == path[:-1]]
                return self._with_lines((of_table or beside)[-1], [line])
        return self.text

    def _without_key(self, path: KeyPath) -> str:
        for place in places(self.text):
            if place.path == path and not place.is_header:
                if place.is_inline:
                    return self._without_pair(place)
                return self.text[: self._line_begin(place.begin)] + self.text[self._after(place) :]
        return self.text

    def _without_pair(self, place: Place) -> str:
        """Return the text without a key in braces, and without the comma that it needs no more."""
        before, after = self.text[: place.begin], self.text[place.end :]
        rest = after.lstrip(_BLANKS)
        if rest.startswith(","):
            return before + rest[1:].lstrip(_BLANKS)
        return before.rstrip(_BLANKS).removesuffix(",") + after

    def _with_lines(self, place: Place, lines: Sequence[str]) -> str:
        """Return the text with lines behind a place, as far in as that."""
        begin = self._line_begin(place.begin)
        indent = self.text[begin : place.begin]
        return self._inserted(self._after(place), [f"{indent}{line}" for line in lines])

    def _with_table(self, at: int, lines: Sequence[str]) -> str:
        """Return the text with a table of its own at a line's begin."""
        around = [""] if self.text[:at].strip() else []
        behind = [""] if self.text[at:].strip() and not self._is_blank_at(at) else []
        return self._inserted(at, [*around, *lines, *behind])

    def _is_blank_at(self, at: int) -> bool:
        return not self.text[at:].partition("\n")[0].strip()

    def _inserted(self, at: int, lines: Sequence[str]) -> str:
        before = self.text[:at]
        if before and not before.endswith("\n"):
            before += self._newline
        return before + "".join(f"{line}{self._newline}" for line in lines) + self.text[at:]

    def _line_begin(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _after(self, place: Place) -> int:
        """Return where the line behind a place begins."""
        end = self.text.find("\n", place.end)
        return len(self.text) if end < 0 else end + 1

    def _end_of(self, table: KeyPath) -> int:
        """Return where the line begins behind all that is in a table; behind everything of ()."""
        ends = [end for _, end in self._regions(table)] if table else []
        return ends[-1] if ends else len(self.text)

    def _regions(self, table: KeyPath) -> Iterator[tuple[int, int]]:
        """Yield where the headers of a table and of those within it begin, and their keys end."""
        region: tuple[int, int] | None = None
        is_within = False
        for place in places(self.text):
            if place.is_header:
                is_within = place.path[: len(table)] == table
            if not is_within and region is not None:
                yield region
                region = None
            if is_within:
                begin = self._line_begin(place.begin) if region is None else region[0]
                region = begin, self._after(place)
        if region is not None:
            yield region


def _on_the_way(document: Any, path: KeyPath) -> Any:
    """Return what holds the last part of a path; tables that are missing are made."""
    for part in path[:-1]:
        document = document[part] if isinstance(part, int) else document.setdefault(part, {})
    return document


def _filled(value: Any) -> Any:
    """Return what a document says, without tables in which nothing is."""
    if isinstance(value, dict):
        return {key: kept for key, each in value.items() if (kept := _filled(each)) != {}}
    if isinstance(value, list):
        return [_filled(each) for each in value]
    return value


def written(value: Any) -> str:
    """Return a text, number, yes or no, or list of these, as TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # The escapes of JSON are among those of TOML, which wants one more.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(written, value))}]"
    return repr(value)
