"""Where everything stands in a TOML text, and what is too much: `tomllib` does not say."""

import re
import tomllib
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]
"""Where a value is: names of tables and keys, and numbers of elements in arrays."""

_BLANK = re.compile(r"[ \t]*")
_BLANK_LINES = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_PART = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[A-Za-z0-9_-]+")
# Strings of several lines may end in up to five quotes, of which two are their own.
_STRING = re.compile(
    r"\"\"\"(?:[^\\]|\\.)*?\"\"\"\"{0,2}|'''.*?''''{0,2}|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'",
    re.DOTALL,
)
_BARE = re.compile(r"[^,\]}\n#]+")

# `tomllib` goes as deep as Python's stack, and Python reads and writes 4300 digits at most.
_MOST_NESTED, _MOST_DIGITS = 100, 1000
_TOKEN = re.compile(
    rf"{_STRING.pattern}|#[^\n]*|(?P<opens>[\[{{])|(?P<closes>[\]}}])|(?P<next>[,\n])|(?P<dot>\.)"
    r"|(?P<number>[+-]?[0-9][0-9A-Za-z_:.+-]*)|[A-Za-z_-][0-9A-Za-z_-]*",
    re.DOTALL,
)


def first_excess(text: str) -> tuple[int, str] | None:
    """Return what of a text is deeper or longer than `tomllib` can read, and on which line.

    Args:
        text: Any text.

    Returns:
        The line, from 1, and a sentence; None: there is no such place.
    """
    dots = [0]  # in the key at hand, for each bracket that is open: `a.b.c` is a table in a table
    for token in _TOKEN.finditer(text):
        kind, written, said = token.lastgroup, token[0], None
        if kind == "opens":
            dots.append(0)
        elif kind == "closes" and len(dots) > 1:
            dots.pop()
        elif kind == "next":
            dots[-1] = 0
        elif kind in {"dot", "number"}:
            dots[-1] += written.count(".")
        if len(dots) - 1 + sum(dots) > _MOST_NESTED:
            said = f"lists and tables are nested more than {_MOST_NESTED} deep"
        elif kind == "number" and len(written) > _MOST_DIGITS:
            said = f"this is a number of more than {_MOST_DIGITS} digits"
        if said is not None:
            return text.count("\n", 0, token.start()) + 1, said
    return None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a header stands, or a key with its value, as numbers of characters.

    Attributes:
        path: The table, or the value.
        table: The header that it stands below, its own of a header; empty before the first.
        begin: Where it begins.
        value: Where its value begins; of a header, where it ends.
        end: Where it ends, comments not included.
        is_header: Whether it is a header, [table] or [[table]].
        is_inline: Whether it stands within the braces of another value.
    """

    path: KeyPath
    table: KeyPath
    begin: int
    value: int
    end: int
    is_header: bool = False
    is_inline: bool = False


def places(text: str) -> list[Place]:
    """Return where all headers and keys stand, in their order.

    Args:
        text: What `tomllib` has accepted; nothing is checked again here.
    """
    scanner = _Scanner(text)
    scanner.scan()
    return sorted(scanner.places, key=lambda place: place.begin)


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line, from 1, of every table, key and element.

    Args:
        text: What `tomllib` has accepted; nothing is checked again here.
    """
    scanner = _Scanner(text)
    scanner.scan()
    return scanner.lines


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line_ends = [each.start() for each in re.finditer("\n", text)]
        self._elements: Counter[KeyPath] = Counter()  # of the arrays of tables
        self.lines: dict[KeyPath, int] = {}
        self.places: list[Place] = []

    def scan(self) -> None:
        table: KeyPath = ()
        while self._skip(_BLANK_LINES) < len(self._text):
            if self._text.startswith("[", self._at):
                table = self._header()
            else:
                self._pair(table)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise ValueError(f"this is no TOML, at character {self._at}")
        self._at = match.end()
        return self._at

    def _takes(self, character: str) -> bool:
        if not self._text.startswith(character, self._at):
            return False
        self._at += len(character)
        return True

    def _note(self, path: KeyPath) -> None:
        line = bisect_left(self._line_ends, self._at) + 1
        for length in range(1, len(path) + 1):
            self.lines.setdefault(path[:length], line)

    def _header(self) -> KeyPath:
        begin = self._at
        is_element = self._takes("[[") or not self._takes("[")
        names = self._key()
        path: KeyPath = ()
        for name in names[:-1]:
            path = self._newest((*path, name))
        path = (*path, names[-1])
        if is_element:
            self._elements[path] += 1
        path = self._newest(path)
        self._note(path)
        self._takes("]]" if is_element else "]")
        self.places.append(Place(path, path, begin, self._at, self._at, is_header=True))
        return path

    def _newest(self, path: KeyPath) -> KeyPath:
        """Return the path of the last element, if it is that of an array of tables."""
        elements = self._elements[path]
        return (*path, elements - 1) if elements else path

    def _key(self) -> list[str]:
        names = []
        while True:
            self._skip(_BLANK)
            begin = self._at
            written = self._text[begin : self._skip(_PART)]
            names.append(next(iter(tomllib.loads(f"{written} = 0"))))
            self._skip(_BLANK)
            if not self._takes("."):
                return names

    def _pair(self, table: KeyPath, *, is_inline: bool = False) -> None:
        begin = self._at
        path = (*table, *self._key())
        self._note(path)
        self._takes("=")
        value = self._skip(_BLANK_LINES)
        self._value(path)
        end = value + len(self._text[value : self._at].rstrip())
        self.places.append(Place(path, table, begin, value, end, is_inline=is_inline))

    def _value(self, path: KeyPath) -> None:
        self._skip(_BLANK_LINES)
        if self._takes("{"):
            while self._skip(_BLANK_LINES) and not self._takes("}"):
                self._pair(path, is_inline=True)
                self._skip(_BLANK_LINES)
                self._takes(",")
        elif self._takes("["):
            number = 0
            while self._skip(_BLANK_LINES) and not self._takes("]"):
                self._note((*path, number))
                self._value((*path, number))
                number += 1
                self._skip(_BLANK_LINES)
                self._takes(",")
        else:
            is_string = self._text.startswith(('"', "'"), self._at)
            self._skip(_STRING if is_string else _BARE)
