"""Names of a model's classes in the order of its ids, and phrases that a model is asked for."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from livesegment.class_name import MAX_CLASS_ID, clean_class_name, comparable
from livesegment.settings.kinds import Kind

_MOST_NAMES = MAX_CLASS_ID + 1
_MOST_BYTES = 2**20

_PHRASE = "names such as car,person in the order of the model's ids, or a text file with one a line"


def class_names() -> Kind:
    """Return the kind of the names of a model's classes: a tuple of them, from id 0 on.

    A text is the path of a file with a name a line where there is such a file, else names with
    commas between them. The file is read at once, so that the names go wherever the options go.
    An empty name in the middle keeps its id and names nothing.
    """

    def parse(written: str) -> tuple[str, ...]:
        path = Path(written.strip())
        if _is_there(path):
            return _cleaned(_lines(path))
        if "," not in written and (path.suffix or len(path.parts) > 1):
            raise ValueError(f"{_PHRASE}, and no such file is there")
        return _cleaned(written.split(","))

    def read(value: Any) -> tuple[str, ...]:
        if isinstance(value, os.PathLike):
            return _cleaned(_lines(Path(value)))
        if isinstance(value, str):
            return parse(value)
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            raise ValueError(_PHRASE)
        return _cleaned(value)

    names = {"type": "array", "items": {"type": "string"}, "maxItems": _MOST_NAMES}
    schema = {"anyOf": [{"type": "string", "minLength": 1}, names]}
    return Kind("text", read, read, parse, schema, "A,B|FILE", is_path=True)


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a path; a zero byte
        return False


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        text = content.decode("utf-8-sig")
    except (OSError, ValueError):
        raise ValueError(f"{_PHRASE}, in UTF-8, and this one cannot be read") from None
    if len(content) > _MOST_BYTES:
        raise ValueError(f"{_PHRASE}, and this one has over {_MOST_BYTES} bytes")
    return text.rstrip().splitlines()


def _cleaned(names: Iterable[str]) -> tuple[str, ...]:
    found = tuple(map(clean_class_name, names))
    if not any(found):
        raise ValueError(f"{_PHRASE}, and there is none")
    if len(found) > _MOST_NAMES:
        raise ValueError(f"{_PHRASE}, at most {_MOST_NAMES}, and there are {len(found)}")
    return found


_MOST_PROMPTS = 16
_PROMPTED = f"phrases such as car,person: up to {_MOST_PROMPTS}, none of them empty or twice"


def prompts() -> Kind:
    """Return the kind of phrases that a prompted model looks for: a tuple of them, in order."""

    def read(value: Any) -> tuple[str, ...]:
        phrases = value.split(",") if isinstance(value, str) else value
        is_list = isinstance(phrases, list | tuple) and 0 < len(phrases) <= _MOST_PROMPTS
        if not is_list or not all(isinstance(each, str) for each in phrases):
            raise ValueError(_PROMPTED)
        found = tuple(map(clean_class_name, phrases))
        if not all(found) or len(set(map(comparable, found))) < len(found):
            raise ValueError(_PROMPTED)
        return found

    phrase = {"type": "string", "minLength": 1}
    listed = {"type": "array", "items": phrase, "minItems": 1, "maxItems": _MOST_PROMPTS}
    return Kind("text", read, read, read, {"anyOf": [phrase, listed]}, "A,B")
