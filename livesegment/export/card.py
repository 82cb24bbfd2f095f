"""What a data set says of itself: what it is of, and who made it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from livesegment.duration import counted
from livesegment.export.split import TRAIN, VALIDATION, Split

CARD_FILE = "README.md"

LICENCE = "unknown"
"""What is said of the pictures' licence: only who has taken them knows it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where annotations come from.

    Attributes:
        source: Name of the video or the images.
        model: Name of who found what is in them.
        confidence: What it took as certain enough, in percent or in the words of who asked for it;
            None: it does not say.
    """

    source: str = "unknown"
    model: str = "unknown"
    confidence: str | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a data set.

    Attributes:
        pictures: How many pictures there are, by subset.
        classes: Names of its classes, by the numbers they have in it.
        split: How it is divided; None: it is not.
    """

    pictures: Mapping[str, int]
    classes: Mapping[int, str]
    split: Split | None = None


def card(origin: Origin, contents: Contents, *, front: Sequence[str] = (), use: str = "") -> str:
    """Return a data set's card as Markdown, with what programs read of it as YAML before.

    Args:
        origin: Where it comes from.
        contents: What is in it.
        front: More lines for programs.
        use: How it is read, as Markdown.
    """
    rows = {
        "Source": _shown(origin.source),
        "Model": _shown(origin.model),
        **({} if origin.confidence is None else {"Confidence": _shown(origin.confidence)}),
        "Pictures": _counted(contents),
        "Licence": f"{LICENCE}: before this is handed on, say here and above what may be done"
        " with the pictures",
    }
    lines = [
        *("---", f"license: {LICENCE}", *front, "---"),
        *("", f"# Masks of {_shown(origin.source)}", ""),
        "Made by livesegment: a model has drawn these masks, and nobody has looked them over.",
        *(("", use) if use else ()),
        *("", "| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in rows.items())),
        *("", "| Number | Class |", "|---|---|"),
        *(f"| {number} | {_shown(name)} |" for number, name in contents.classes.items()),
    ]
    return "\n".join(lines) + "\n"


def _counted(contents: Contents) -> str:
    train, held_back = (contents.pictures.get(each, 0) for each in (TRAIN, VALIDATION))
    if contents.split is None:
        return counted(train, "picture")
    return (
        f"{train} for training and {held_back} for validation, divided by scene"
        f" (seed {contents.split.seed})"
    )


def _shown(text: str) -> str:
    """Return a text as Markdown that shows just that, whatever it is."""
    printable = "".join(
        each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text
    )
    return re.sub(r"([\\`*_{}\[\]<>#|~$&!@:])", r"\\\1", printable)
