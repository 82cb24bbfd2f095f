"""Rules as they are written on a command line.

::

    CLASS > N%  [in X,Y X,Y X,Y ...] [hysteresis N%] [for TIME] [cooldown TIME] [named NAME]
    CLASS < N%  likewise
    CLASS count > N  [in X,Y X,Y X,Y ...] [hysteresis N] [smallest N%] [for TIME] ...
    CLASS count < N  likewise
    camera lost       [for TIME] [cooldown TIME] [named NAME]
    endpoint failing  likewise

The clauses may come in any order; TIME is `500ms`, `2s`, `5min` or `1h`; X and Y are shares of the
picture, from its upper left; a NAME with blanks stands in quotes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from livesegment.errors import OptionsError
from livesegment.settings.option import quoted
from livesegment.settings.rule import Rule, Subject

_COVERAGE = re.compile(
    r"\s*+(?P<class>[^<>]*+)(?P<side>[<>])\s*+(?P<share>[^\s%]*+)\s*(?P<sign>%?)(?=\s|$)"
)
_COUNT = re.compile(
    r"\s*+(?P<class>[^<>]*?)(?<=\S)\s++count\s*(?P<side>[<>])\s*+(?P<number>[^\s%]*+)(?!\s*%)"
)
_NUMBER = re.compile(r"[0-9]{1,9}")
_OUTAGE = re.compile(r"\s*(?P<subject>camera\s+lost|endpoint\s+failing)(?=\s|$)")
_WORD = re.compile(r"\"[^\"]*\"|'[^']*'|\S+")
_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s|min|m|h)")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_CLAUSES = ("for", "in", "hysteresis", "cooldown", "named")
_COUNT_CLAUSES = ("for", "in", "hysteresis", "smallest", "cooldown", "named")
_FIELDS = {"for": "for_s", "in": "zone", "cooldown": "cooldown_s", "named": "name"}


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    at: int


def parse_rule(text: str) -> Rule:
    """Return the rule that a text means, such as `person > 5% for 2s named door`.

    Raises:
        OptionsError: If it means none; it says where.
    """
    return _RuleParser(text).parse()


class _RuleParser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._words: list[_Word] = []

    def parse(self) -> Rule:
        outage = _OUTAGE.match(self._text)
        count = _COUNT.match(self._text)
        subject: Subject = "coverage"
        known: tuple[str, ...] = _CLAUSES
        if outage is not None:
            subject = "camera" if outage["subject"].startswith("camera") else "endpoint"
            known, fields, end = ("for", "cooldown", "named"), {}, outage.end()
        elif count is not None and count["class"]:
            subject, known = "count", _COUNT_CLAUSES
            fields, end = self._count(count), count.end()
        else:
            fields = self._coverage()
            end = fields.pop("end")
        self._words = [_Word(each[0], each.start()) for each in _WORD.finditer(self._text, end)]
        while self._words:
            self._clause(fields, known)
        if subject == "count" and "hysteresis" in fields:
            fields["count_hysteresis"] = fields.pop("hysteresis")
        fields.setdefault("name", _default_name(subject, fields))
        return Rule(subject=subject, **fields)

    def _coverage(self) -> dict[str, Any]:
        match = _COVERAGE.match(self._text)
        if match is None or not match["class"].strip():
            raise self._error(
                "a rule begins with a class and its share, such as 'person > 5%', or how many there"
                " are, 'person count > 3', with 'camera lost' or with 'endpoint failing'",
                0,
            )
        share = self._percent(_Word(match["share"] + match["sign"], match.start("share")), "rule")
        side = "above" if match["side"] == ">" else "below"
        return {"class_name": match["class"].strip().strip("\"'"), side: share, "end": match.end()}

    def _count(self, match: re.Match[str]) -> dict[str, Any]:
        number = self._number(_Word(match["number"], match.start("number")), "count")
        side = "count_above" if match["side"] == ">" else "count_below"
        return {"class_name": match["class"].strip("\"'"), side: number}

    def _clause(self, fields: dict[str, Any], known: tuple[str, ...]) -> None:
        word = self._words.pop(0)
        if word.text not in known:
            listed = ", ".join(known[:-1]) + f" or {known[-1]}"
            raise self._error(f"{quoted(word.text)} is none of {listed}", word.at)
        field = _FIELDS.get(word.text, word.text)
        if field in fields:
            raise self._error(f"a second '{word.text}'", word.at)
        read: dict[str, Callable[[_Word], object]] = {
            "for": lambda next_word: self._time(next_word, word.text),
            "cooldown": lambda next_word: self._time(next_word, word.text),
            "hysteresis": lambda next_word: (
                self._number if known is _COUNT_CLAUSES else self._percent
            )(next_word, word.text),
            "smallest": lambda next_word: self._percent(next_word, word.text),
            "named": lambda next_word: next_word.text.strip("\"'"),
            "in": self._zone,
        }
        if not self._words:
            raise self._error(f"nothing follows '{word.text}'", len(self._text))
        fields[field] = read[word.text](self._words.pop(0))

    def _zone(self, first: _Word) -> tuple[tuple[float, float], ...]:
        corners = [self._corner(first)]
        while self._words and self._words[0].text not in _COUNT_CLAUSES:
            corners.append(self._corner(self._words.pop(0)))
        if len(corners) < 3:
            raise self._error("'in' takes at least three corners, such as 0,0 1,0 1,1", first.at)
        return tuple(corners)

    def _corner(self, word: _Word) -> tuple[float, float]:
        try:
            x, y = (float(each) for each in word.text.split(","))
        except ValueError:
            raise self._error(
                f"a corner is written X,Y in shares of the picture, such as 0.1,0.9, not"
                f" {quoted(word.text)}",
                word.at,
            ) from None
        return x, y

    def _time(self, word: _Word, clause: str) -> float:
        match = _TIME.fullmatch(word.text)
        if match is None:
            raise self._error(
                f"'{clause}' takes a time such as 2s, not {quoted(word.text)}", word.at
            )
        return float(match[1]) * _UNITS_S[match[2]]

    def _percent(self, word: _Word, clause: str) -> float:
        match = _PERCENT.fullmatch(word.text)
        if match is None:
            said = quoted(word.text) if word.text else "nothing"
            raise self._error(
                f"a {clause} takes a share in percent such as 5%, not {said}", word.at
            )
        return float(match[1]) / 100

    def _number(self, word: _Word, clause: str) -> int:
        if not _NUMBER.fullmatch(word.text):
            said = quoted(word.text) if word.text else "nothing"
            raise self._error(f"a {clause} takes a whole number such as 3, not {said}", word.at)
        return int(word.text)

    def _error(self, what: str, at: int) -> OptionsError:
        return OptionsError(f"--rule {quoted(self._text)}, character {at + 1}: {what}")


def _default_name(subject: Subject, fields: dict[str, Any]) -> str:
    if subject == "count":
        side = "above" if "count_above" in fields else "below"
        return f"{fields['class_name']} count {side} {fields[f'count_{side}']}"
    if subject != "coverage":
        return subject
    side = "above" if "above" in fields else "below"
    return f"{fields['class_name']} {side} {100 * fields[side]:g}%"
