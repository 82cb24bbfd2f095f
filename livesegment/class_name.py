"""Names of classes, as models give them and as people write them: bounded, cleaned and compared.

A model's name may be anything: megabytes, line feeds, half a character. It is cleaned by the same
function as the name that a person gives for it, so that both still mean the same class.
"""

import unicodedata
from collections.abc import Mapping

MAX_CLASS_NAME = 100
"""Characters of a name; what follows is cut off."""

MAX_CLASS_ID = 255

_LINE_ENDS_AND_CONTROLS = ("Cc", "Zl", "Zp")


def clean_class_name(name: str) -> str:
    """Return a name as one short line without blanks around it, which any text can hold.

    Control characters become blanks, halves of characters (lone surrogates) the sign for what
    cannot be shown.
    """
    name = name.strip()
    if len(name) <= MAX_CLASS_NAME and name.isprintable():
        return name
    return "".join(map(_cleaned, name[:MAX_CLASS_NAME])).strip()


def is_half_a_character(char: str) -> bool:
    """Tell whether a character is a lone surrogate, which no text can hold."""
    return "\ud800" <= char <= "\udfff"


def _cleaned(char: str) -> str:
    category = unicodedata.category(char)
    if is_half_a_character(char):
        return "\N{REPLACEMENT CHARACTER}"
    return " " if category in _LINE_ENDS_AND_CONTROLS else char


class _Clean(dict[int, str]):
    """A class map that is clean, which is known by its type. Masks share it: nobody changes it."""


def clean_class_map(names: Mapping[int, str]) -> dict[int, str]:
    """Return the names of the ids that a pixel can have, 0 to 255, clean.

    What it returned before is returned as it is: a mask is made anew several times a frame.
    """
    if isinstance(names, _Clean):
        return names
    return _Clean(
        (int(class_id), clean_class_name(name))
        for class_id, name in names.items()
        if 0 <= int(class_id) <= MAX_CLASS_ID
    )


def comparable(name: str) -> str:
    """Return what two names have in common if they mean the same class."""
    return clean_class_name(name).casefold()
