"""Reads tables of a configuration: every value is checked, every mistake noted with its line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote, urlsplit

from livesegment.errors import OptionsError
from livesegment.monitor.toml_lines import KeyPath
from livesegment.settings.monitor import CAMERA_LISTS, camera_tables, file_tables
from livesegment.settings.option import Option, WrongSetting, by_key, quoted

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_USER_AND_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)@")
_LONGEST = 500  # characters of a sentence, whatever it repeats
_ADDRESSES = frozenset({"source", "webhook", "mqtt"})  # secret where they hold a password


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """What is wrong with a configuration.

    Attributes:
        line: Where, from 1.
        text: What, in a sentence.
    """

    line: int
    text: str


class ConfigMistakes(OptionsError):
    """A configuration cannot be used.

    Attributes:
        mistakes: All of them, by line.
    """

    def __init__(self, name: str, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = sorted(mistakes)
        count = "a mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        lines = [f"{name}:{each.line}: {each.text}" for each in self.mistakes]
        super().__init__("\n".join([f"{name} has {count}:", *lines]))


class TableReader:
    """Reads tables key by key.

    Args:
        lines: Where everything stands.
        environment: What `${NAME}` stands for.
        is_private: Whether nobody else can read the file.

    Attributes:
        mistakes: What was wrong so far.
        warnings: What is allowed and unwise.
    """

    def __init__(
        self, lines: Mapping[KeyPath, int], environment: Mapping[str, str], *, is_private: bool
    ) -> None:
        self._lines = lines
        self._environment = environment
        self._is_private = is_private
        self._options = file_tables()
        self._names = tuple(name for name in self._options if name not in {"camera", *CAMERA_LISTS})
        self.mistakes: set[Mistake] = set()
        self.warnings: list[Mistake] = []

    def mistake(self, path: KeyPath, text: str) -> None:
        """Note that something is wrong with what stands at a place."""
        if len(text) > _LONGEST:
            text = f"{text[: _LONGEST // 2]} ... {text[-_LONGEST // 2 :]}"
        self.mistakes.add(Mistake(self._line(path), text))

    def tables(self, document: Mapping[str, object]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Read every table but those of the cameras.

        Returns:
            What stands in the document by the names of its tables, and the values of what they say
            by the full names of their options, such as `picture.align`.
        """
        known = self.table((), document, {}, *self._names, "camera")
        values: dict[str, Any] = {}
        for name in self._names:
            if name in known:
                values |= self.table((name,), known[name], self._options[name])
        return known, values

    def camera(self, path: KeyPath, value: object) -> dict[str, Any]:
        """Return what a camera says, its own tables included; its lists as they are written."""
        own_tables = camera_tables()
        read = self.table(path, value, self._options["camera"], *own_tables, *CAMERA_LISTS)
        for name in own_tables:
            if name in read:
                read |= self.table((*path, name), read.pop(name), self._options[name])
        return read

    def listed(self, name: str, path: KeyPath, value: object) -> dict[str, Any]:
        """Return what one of a camera's tables of a name in `CAMERA_LISTS` says."""
        return self.table(path, value, self._options[name])

    def table(
        self, path: KeyPath, value: object, options: Mapping[str, Option], *beside: str
    ) -> dict[str, Any]:
        """Return what a table says, without what is wrong with it.

        Args:
            path: Where it is.
            value: What stands there.
            options: What it may say, by key.
            beside: Further keys, which are read elsewhere and returned as they are.

        Returns:
            Values by the full names of their options, such as `picture.align`.
        """
        if not isinstance(value, dict):
            self.mistake(path, f"'{path[-1]}' is a table, written [{path[-1]}]")
            return {}
        read = {}
        for key, each in value.items():
            if key in beside:
                read[key] = each
            elif (option := options.get(key)) is None:
                self.mistake((*path, key), _unknown(key, path, (*options, *beside)))
            else:
                self._load(read, option, (*path, key), each)
        return read

    def _load(self, read: dict[str, Any], option: Option, path: KeyPath, value: object) -> None:
        try:
            read[by_key(option)] = option.loaded(self._expanded(option, path, value))
        except LookupError as error:
            self.mistake(path, str(error))
        except WrongSetting as error:
            self.mistake(path, str(error.in_words_of(by_key)))

    def variable(self, path: KeyPath, name: str) -> str:
        """Return a variable of the environment; empty, and a mistake, if it is not set."""
        try:
            return self._variable(name)
        except LookupError as error:
            self.mistake(path, str(error))
            return ""

    def _line(self, path: KeyPath) -> int:
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)

    def _variable(self, name: str) -> str:
        value = self._environment.get(name, "").strip()
        if not value:
            raise LookupError(f"the environment has no variable {name}, or an empty one")
        return value

    def _expanded(self, option: Option, path: KeyPath, value: object) -> object:
        """Return a value with variables of the environment in place of their names."""
        if isinstance(value, list):
            return [self._expanded(option, path, each) for each in value]
        if not isinstance(value, str):
            return value
        if option.is_secret:
            self._warn_of_secret(path, value)
        login = _USER_AND_PASSWORD.match(value)
        begin, end = login.span(1) if login else (0, 0)

        def variable(match: re.Match[str]) -> str:
            found = self._variable(match[1])
            # A password may have characters that mean something else in an address.
            return quote(found, safe="") if begin <= match.start() < end else found

        return _REFERENCE.sub(variable, value)

    def _warn_of_secret(self, path: KeyPath, value: str) -> None:
        if self._is_private or (path[-1] in _ADDRESSES and not _has_password(value)):
            return
        if not _REFERENCE.search(value):
            text = f"'{path[-1]}' holds a secret in a file that others can read: chmod 600 it, or "
            text += "keep the secret in the environment and write ${NAME}"
            self.warnings.append(Mistake(self._line(path), text))


def _has_password(address: str) -> bool:
    try:
        return bool(urlsplit(address).password)
    except ValueError:
        return False


def _unknown(key: str, path: KeyPath, keys: Sequence[str]) -> str:
    table = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
    where = f" in [{table}]" if table else ""
    tables = file_tables()
    homes = [home for home in camera_tables() if key in tables[home]]
    if table == "camera" and homes:
        return f"unknown key {quoted(key)}{where}: write {homes[0]}.{key}"
    if close := get_close_matches(key, keys, 1):
        return f"unknown key {quoted(key)}{where}: did you mean '{close[0]}'?"
    return f"unknown key {quoted(key)}{where}: there are {', '.join(keys)}"
