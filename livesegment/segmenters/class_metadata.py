"""Names of classes in what a model file says of itself."""

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

from livesegment.class_name import MAX_CLASS_ID, clean_class_map

_KEYS = ("names", "class_names", "classes", "labels", "id2label")
"""Where names are looked for: Ultralytics writes `names`, Transformers `id2label`."""

_LABEL_FILE = re.compile(r".*label.*\.txt", re.IGNORECASE)
"""How the file of labels is called that is packed into a TFLite model."""

_MOST_CHARACTERS = 2**18
_ID = re.compile(r"[0-9]{1,3}")


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
