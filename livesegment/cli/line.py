"""Reads a command line by the descriptions of its options.

The words are read here, not by argparse, which cannot do what the options promise: options and
inputs may be mixed, a value may begin with a dash (`--api-key -abc`), that of `--web` may be left
out, nothing is abbreviated, and every mistake is a sentence of ours. argparse writes `--help` and
knows what shells complete: see `cli/help`.
"""

import os
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from livesegment.errors import OptionsError
from livesegment.settings.group import Settings, all_options, build
from livesegment.settings.option import (
    Option,
    WrongSetting,
    by_flag,
    from_environment,
    is_flag,
    quoted,
)

_HELP = "--help"

S = TypeVar("S", bound=Settings)


def read_line(
    command: type[S], words: Sequence[str], environment: Mapping[str, str] = os.environ
) -> tuple[S, frozenset[str]]:
    """Return what a command line says, and the flags and arguments that were given.

    Args:
        command: The group of everything that the command takes.
        words: What follows the command's name.
        environment: Where options that have no flag are looked up.

    Raises:
        OptionsError: If something in it is wrong, in words of the command line.
    """
    known = list(all_options(command))
    line = _Line(known)
    try:
        given = line.read(words)
        for each in known:
            if each.flag is None and (value := from_environment(each, environment)) is not None:
                given[each.variables[0]] = value
        missing = [each for each in known if each.is_needed and each.given_as not in given]
        if missing:
            what = "argument" if is_argument(missing[0]) else "option"
            raise OptionsError(f"the {what} {missing[0].given_as} is missing")
        return build(command, given, _name), frozenset(given)
    except WrongSetting as error:
        raise OptionsError(str(error.in_words_of(line.written))) from None


def is_argument(described: Option) -> bool:
    """Tell whether an option is given by its place."""
    return described.flag is not None and not described.flag.startswith("-")


def _name(described: Option) -> str | None:
    if described.flag is not None:
        return described.given_as
    return described.variables[0] if described.variables else None


class _Line:
    """Takes the words of one line apart."""

    def __init__(self, known: Sequence[Option]) -> None:
        self._arguments = [each for each in known if is_argument(each)]
        self._options: dict[str, tuple[Option, bool]] = {}
        for each in known:
            if each.flag is not None and not is_argument(each):
                self._add(each)
        self._given: dict[str, Any] = {}
        self._aliases: dict[str, str] = {}
        self._words: list[str] = []

    def _add(self, described: Option) -> None:
        yes, _, no = (described.flag or "").partition("/")
        # A flag alone says the opposite of the default: `--no-window`.
        says = True if no else not described.default
        self._options[yes] = described, says
        if no:
            self._options[no] = described, False
        for other in (*described.aliases, *([described.short] if described.short else ())):
            self._options[other] = described, says

    def read(self, words: Sequence[str]) -> dict[str, Any]:
        """Return the values of what is given, by flags and arguments."""
        self._words = list(words)
        inputs: list[str] = []
        while self._words:
            word = self._words.pop(0)
            if word == "--":
                inputs += self._words
                break
            if word.startswith("--"):
                name, equals, text = word.partition("=")
                self._option(name, text if equals else None)
            elif word.startswith("-") and word != "-":
                self._letters(word[1:])
            else:
                inputs.append(word)
        self._inputs(inputs)
        return self._given

    def written(self, described: Option) -> str:
        """Return what the line calls an option."""
        return self._aliases.get(described.given_as, by_flag(described))

    def _letters(self, letters: str) -> None:
        """Read short flags: `-v`, `-vo FILE`, `-oFILE`."""
        while letters:
            name, letters = f"-{letters[0]}", letters[1:]
            if name in self._options and not is_flag(self._options[name][0]):
                self._option(name, letters.removeprefix("=") or None)
                return
            self._option(name, None)

    def _option(self, name: str, text: str | None) -> None:
        if name not in self._options:
            if name == _HELP:  # alone, it has been answered already
                raise OptionsError(f"{name} takes no value")
            shown = name if name.isprintable() else quoted(name)
            raise OptionsError(f"there is no option {shown}{self._meant(name)}")
        described, says = self._options[name]
        if name in described.aliases:
            self._aliases[described.given_as] = name
        if is_flag(described):
            if text is not None:
                raise OptionsError(f"{name} takes no value")
            self._given[described.given_as] = says
            return
        self._take(described, self._value(described, name) if text is None else text)

    def _value(self, described: Option, name: str) -> str:
        following = self._words[0] if self._words else None
        if described.implied is not None:
            pattern = described.kind.schema.get("pattern", "")
            if following is None or not re.search(pattern, following):
                return described.implied
        # Another option in its place: the value was forgotten.
        elif following is None or following.partition("=")[0] in {*self._options, "--"}:
            raise OptionsError(f"{name} takes a value, {described.kind.metavar}")
        return self._words.pop(0)

    def _take(self, described: Option, text: str) -> None:
        value, name = described.parsed(text), described.given_as
        if described.kind.adds_up and name in self._given:
            before = self._given[name]
            value = before | value if isinstance(value, frozenset) else before + value
        self._given[name] = value

    def _inputs(self, inputs: Sequence[str]) -> None:
        left = list(inputs)
        for each in self._arguments:
            if each.kind.adds_up:
                for text in left:
                    self._take(each, text)
                return
            if left:
                self._take(each, left.pop(0))
        if left:
            raise OptionsError(f"one argument too many: {quoted(left[0])}")

    def _meant(self, name: str) -> str:
        # Without dashes, which alone would make everything alike.
        bare = {each.lstrip("-"): each for each in (*self._options, _HELP)}
        close = get_close_matches(name.lstrip("-"), bare, 1)
        return f": did you mean {bare[close[0]]}?" if close else ""
