"""What the page may change, how it draws that, and what it sends: from the descriptions of options.

The page asks once what there is (`drawn_controls`) and draws each by its kind; what it then sends
is read by the same descriptions (`read_change`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from livesegment.errors import OptionsError
from livesegment.settings.controls import Controls
from livesegment.settings.group import all_options
from livesegment.settings.kinds import Form
from livesegment.settings.live import LiveOptions
from livesegment.settings.option import Option, WrongSetting


def drawn_controls() -> list[dict[str, Any]]:
    """Return how the page draws each control, as plain JSON types.

    A `kind` says what it is: `switch`; `slider` with `low`, `high` and `step`; `choice` with
    `values`, each with a `hint`; or `classes`, which are known when the model has answered.
    """
    return [
        {"name": name, "label": option.control.label, **_drawn(option)}
        for name, option in _controls().items()
        if option.control is not None
    ]


def shown_controls(controls: Controls) -> dict[str, Any]:
    """Return the values of the controls that the page has, as plain JSON types."""
    return {name: _plain(getattr(controls, name)) for name in _controls()}


def read_change(sent: object) -> dict[str, Any]:
    """Return what was sent as fields of `Controls`.

    Args:
        sent: A JSON object with any of the names that `shown_controls` gives.

    Raises:
        OptionsError: If a name is unknown or a value is not one that its control can have.
    """
    if not isinstance(sent, Mapping):
        raise OptionsError("a change is an object of controls and their values")
    known = _controls()
    for name in sent:
        if name not in known:
            raise OptionsError(f"there is no control '{name[:40]}'; there are: {', '.join(known)}")
    try:
        return {name: known[name].checked(value) for name, value in sent.items()}
    except WrongSetting as error:
        raise error.in_words_of(_called) from None


def values_schema() -> dict[str, Any]:
    """Return the JSON Schema of what `shown_controls` gives."""
    schema = change_schema()
    return {**schema, "required": list(schema["properties"])}


def change_schema() -> dict[str, Any]:
    """Return the JSON Schema of what `read_change` takes."""
    properties = {name: _schema(option) for name, option in _controls().items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _schema(option: Option) -> Mapping[str, Any]:
    # As `Option.checked`: what has no default may be left open.
    schema = {**option.kind.schema, "description": option.help}
    is_open = option.default is None and not option.is_needed
    return {"anyOf": [schema, {"type": "null"}]} if is_open else schema


def _controls() -> dict[str, Option]:
    """Return the options that the page may change, by the fields of `Controls`."""
    found = {option.control.name: option for option in _candidates() if option.control is not None}
    order = sorted(found, key=lambda name: _ORDER.index(found[name].kind.form))
    return {name: found[name] for name in order}


_ORDER: tuple[Form, ...] = ("flag", "number", "choice", "names")
"""Forms in the order in which the page draws them."""


def _candidates() -> Iterator[Option]:
    yield from all_options(Controls)
    yield from all_options(LiveOptions)


def _called(option: Option) -> str:
    return option.name if option.control is None else option.control.name


def _drawn(option: Option) -> dict[str, Any]:
    kind = option.kind
    if kind.form == "flag":
        return {"kind": "switch"}
    if kind.form == "number":
        return {"kind": "slider", **dict(zip(("low", "high", "step"), kind.bounds, strict=True))}
    if kind.form == "choice" and option.control is not None:
        hints = option.control.hints
        values = [{"value": each, "hint": hints.get(each, "")} for each in kind.values]
        return {"kind": "choice", "values": values}
    return {"kind": "classes"}


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return round(value, 3) if isinstance(value, float) else value
