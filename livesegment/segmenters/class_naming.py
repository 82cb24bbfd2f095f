"""What the classes of a model file are called, by its user or by what it says of itself."""

import ast
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from livesegment.class_name import MAX_CLASS_ID, clean_class_map
from livesegment.settings import require

logger = logging.getLogger(__name__)

_KEYS = ("names", "class_names", "classes", "labels", "id2label")
"""Where names are looked for: Ultralytics writes `names`, Transformers `id2label`."""

_LABEL_FILE = re.compile(r".*label.*\.txt", re.IGNORECASE)
"""How the file of labels is called that is packed into a TFLite model."""

_MOST_CHARACTERS = 2**18
_ID = re.compile(r"[0-9]{1,3}")


def name_classes(
    count: int, given: tuple[str, ...] | None, metadata: Mapping[str, str], path: Path
) -> dict[int, str]:
    """Return the names of a model's classes by their ids.

    Args:
        count: Its channels: one a class, or a single one for class 1 or for ids.
        given: Names from id 0 on, or the one of class 1; None: what the file says, else numbers.
        metadata: What the file says of itself.
        path: The file, for sentences.

    Raises:
        OptionsError: If there are too many classes, or another number of names.
    """
    require(count <= MAX_CLASS_ID + 1, f"{path} has {count} classes; 256 are possible")
    if given is not None:
        # One channel may hold class ids, of which no picture shows all.
        require(
            count in (1, len(given)),
            f"{path} has {count} classes and --class-names gives {len(given)} names",
        )
        return dict(enumerate(("background", *given) if len(given) == 1 else given))
    named = class_names_in(metadata)
    if named and (count == 1 or max(named) < count):
        return {0: "background", 1: named[0]} if list(named) == [0] else named
    if named:
        logger.warning(
            "%s has %d classes and names for %d: they are numbered; --class-names names them",
            *(path, count, len(named)),
        )
    if count == 1:
        return {0: "background", 1: "class 1"}
    return {number: f"class {number}" for number in range(count)}


def class_names_in(metadata: Mapping[str, str]) -> dict[int, str]:
    """Return the names of classes by their ids; empty where the file has none that can be read.

    They are a list or a table of ids, as JSON or as Python writes it, or a text with a name a line.
    """
    for key in (*_KEYS, *filter(_LABEL_FILE.fullmatch, metadata)):
        names = _read(metadata.get(key, "")[:_MOST_CHARACTERS].strip())
        if names:
            return names
    return {}


def _read(text: str) -> dict[int, str]:
    value = _parsed(text) if text else None
    if isinstance(value, list | tuple):
        value = dict(enumerate(value))
    if not isinstance(value, dict):
        return {}
    named = {
        int(f"{key}"): each
        for key, each in value.items()
        if isinstance(each, str) and _ID.fullmatch(f"{key}") and int(f"{key}") <= MAX_CLASS_ID
    }
    # A table of which half cannot be read is none.
    return clean_class_map(named) if len(named) == len(value) else {}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if text.startswith(("{", "[", "(")):
        try:
            return ast.literal_eval(text)  # which computes and calls nothing
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return None
    lines = text.splitlines()
    return lines if len(lines) > 1 else text.split(",")
