"""Controls as the page speaks of them."""

from collections.abc import Callable, Mapping
from typing import Any

from livesegment.settings.controls import ALIGNMENTS, STYLES, Controls

_MOST_CLASSES, _LONGEST_NAME = 256, 200


class BadChange(ValueError):
    """What was sent is no change of the controls; the text says why."""


def shown_controls(controls: Controls) -> dict[str, Any]:
    """Return the controls that the page has, as plain JSON types."""
    return {
        "show_overlay": controls.show_overlay,
        "show_legend": controls.show_legend,
        "align": controls.align,
        "style": controls.style,
        "opacity": round(controls.opacity, 3),
        "classes": None if controls.classes is None else sorted(controls.classes),
    }


def read_change(sent: object) -> dict[str, Any]:
    """Return what was sent as fields of `Controls`.

    Args:
        sent: A JSON object with any of the names that `shown_controls` gives.

    Raises:
        BadChange: If a name is unknown or a value is not one that its control can have.
    """
    if not isinstance(sent, Mapping):
        raise BadChange("a change is an object of controls and their values")
    return {name: _read(name, value) for name, value in sent.items()}


def _read(name: str, value: object) -> Any:
    reader = _READERS.get(name)
    if reader is None:
        raise BadChange(f"there is no control '{name[:40]}'; there are: {', '.join(_READERS)}")
    return reader(name, value)


def _yes_or_no(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise BadChange(f"{name} is true or false")
    return value


def _one_of(values: tuple[str, ...]) -> Callable[[str, object], str]:
    def read(name: str, value: object) -> str:
        if value not in values:
            raise BadChange(f"{name} is one of {', '.join(values)}")
        return str(value)

    return read


def _opacity(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadChange(f"{name} is a number from 0 to 1")
    return float(value)


def _classes(name: str, value: object) -> frozenset[str] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > _MOST_CLASSES:
        raise BadChange(f"{name} is null or a list of up to {_MOST_CLASSES} names")
    if not all(isinstance(each, str) and len(each) <= _LONGEST_NAME for each in value):
        raise BadChange(f"{name} holds names of up to {_LONGEST_NAME} characters")
    return frozenset(value)


_READERS: dict[str, Callable[[str, object], Any]] = {
    "show_overlay": _yes_or_no,
    "show_legend": _yes_or_no,
    "align": _one_of(ALIGNMENTS),
    "style": _one_of(STYLES),
    "opacity": _opacity,
    "classes": _classes,
}
