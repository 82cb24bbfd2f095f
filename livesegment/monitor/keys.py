"""What the tables of a monitor's configuration may say, key by key."""

import math
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from livesegment.errors import OptionsError
from livesegment.settings import BUILTIN, REDACT_STYLES, UNMASKED, Keep
from livesegment.settings.controls import ALIGNMENTS, STYLES

Reader = Callable[[Any], Any]
"""Returns the value of a key as the program uses it.

Raises:
    ValueError: If it is not one that the key can have; the text says which it can have.
"""

_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def _text(what: str) -> Reader:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise ValueError(what)
        return value.strip()

    return read


def _one_of(values: tuple[str, ...]) -> Reader:
    def read(value: Any) -> str:
        if value not in values:
            raise ValueError(f"one of {', '.join(values)}")
        return str(value)

    return read


def _number(low: float, high: float, unit: str = "", *, above: bool = False) -> Reader:
    """Return a reader of numbers from `low`, or above it, to `high`."""
    bounds = f"above {low:g}" if above else f"from {low:g}"
    bounds += "" if math.isinf(high) else f" to {high:g}"

    def read(value: Any) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high or (above and value == low):
            raise ValueError(f"a number {bounds}{unit}")
        return float(value)

    return read


def _whole(low: int, high: float, unit: str = "") -> Reader:
    bounds = f"from {low}" + ("" if math.isinf(high) else f" to {high:g}")

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"a whole number {bounds}{unit}")
        return value

    return read


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - one error for every wrong value
    return value


def _names(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError('a list of class names, such as ["person", "car"]')
    return frozenset(each.strip() for each in value)


def _hidden_names(value: Any) -> frozenset[str]:
    names = _names(value)
    if not all(names):
        # From a variable that is empty: it must not show everything.
        raise ValueError('a list of class names, such as ["person"], none of them empty')
    return names


def _endpoint(value: Any) -> str:
    wanted = f"'{BUILTIN}' or an address that begins with http:// or https://"
    if not isinstance(value, str):
        raise ValueError(wanted)  # noqa: TRY004
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if value != BUILTIN and not is_address:
        raise ValueError(wanted)
    return value


def _model(value: Any) -> str:
    slug, _, version = value.strip("/").rpartition("/") if isinstance(value, str) else ("", "", "")
    if not slug or not version or " " in value:
        raise ValueError("written slug/version, such as my-model/3")
    return str(value)


def _keep(value: Any) -> str:
    try:
        Keep.parse(value if isinstance(value, str) else "")
    except OptionsError:
        raise ValueError("a size such as 20GB or an age such as 7d") from None
    return str(value)


def _keep_clips(value: Any) -> str:
    is_number = isinstance(value, int) and not isinstance(value, bool) and value > 0
    try:
        return str(value) if is_number else _keep(value)
    except ValueError:
        raise ValueError("a number of clips, a size such as 5GB or an age such as 30d") from None


def _address_of(wanted: str, *schemes: str) -> Reader:
    def read(value: Any) -> str:
        try:
            parts = urlsplit(value)
            is_address = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except (AttributeError, TypeError, ValueError):
            is_address = False
        if not is_address:
            raise ValueError(wanted)
        return str(value)

    return read


def _zone(value: Any) -> tuple[tuple[float, float], ...]:
    wanted = "a list of corners in shares of the picture, such as [[0, 0], [1, 0], [1, 1]]"
    try:
        return tuple((float(x), float(y)) for x, y in value)
    except (TypeError, ValueError):
        raise ValueError(wanted) from None


def _camera_name(value: Any) -> str:
    if not isinstance(value, str) or not value or not _NAME.issuperset(value) or value[0] == ".":
        raise ValueError("made of letters, digits, '-', '_' and '.': addresses and files bear it")
    return value


def _source(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a camera's number or device, an address, a file, or pattern:")
    return value.strip()


TABLES: Mapping[str, Mapping[str, Reader]] = {
    "endpoint": {
        "url": _endpoint,
        "model": _model,
        "api_key": _text("a text, best written as ${NAME} for a variable of the environment"),
        "api_key_env": _text("the name of a variable of the environment"),
        "confidence": _number(0, 100),
        "max_side": _whole(16, 8192, " pixels"),
        "jpeg_quality": _whole(1, 100),
        "in_flight": _whole(1, 256, " requests"),
        "call_rate": _number(0, math.inf, " calls a second", above=True),
        "timeout": _number(0, 3600, " seconds", above=True),
    },
    "overlay": {
        "style": _one_of(STYLES),
        "opacity": _number(0, 1),
        "classes": _names,
        "legend": _yes_or_no,
    },
    "picture": {
        "align": _one_of(ALIGNMENTS),
        "align_budget_ms": _number(0, 1000, " ms a frame", above=True),
        "max_delay": _number(0, 10, " seconds", above=True),
        "mask_ttl": _number(0, 60, " seconds", above=True),
        "smooth": _yes_or_no,
        "fps_limit": _number(0, 1000, " frames a second", above=True),
        "mirror": _yes_or_no,
    },
    "redact": {
        "classes": _hidden_names,
        "style": _one_of(REDACT_STYLES),
        "unmasked": _one_of(UNMASKED),
    },
    "record": {
        "on": _yes_or_no,
        "folder": _text("the path of a folder"),
        "segment": _number(0, 1440, " minutes", above=True),
        "keep": _keep,
    },
    "events": {
        "folder": _text("the path of a folder"),
        "clips": _yes_or_no,
        "pre": _number(0, 60, " seconds"),
        "post": _number(0, 60, " seconds"),
        "keep": _keep_clips,
        "camera_lost": _number(0, 86400, " seconds"),
        "endpoint_failing": _number(0, 86400, " seconds"),
        "webhook": _address_of("an address that begins with http:// or https://", "http", "https"),
        "webhook_secret": _text("a text, best written as ${NAME}"),
        "mqtt": _address_of("an address that begins with mqtt:// or mqtts://", "mqtt", "mqtts"),
        "mqtt_password": _text("a text, best written as ${NAME}"),
    },
    "budget": {
        "in_flight": _whole(1, 4096, " requests"),
        "calls_per_hour": _whole(1, math.inf, " calls"),
        "price_per_call": _number(0, math.inf),
    },
    "web": {
        "host": _text("an address of this machine, such as 127.0.0.1"),
        "port": _whole(0, 65535),
        "token": _text("a text, best written as ${NAME} for a variable of the environment"),
    },
}
"""Every table but those of the cameras, and how each of its keys is read."""

CAMERA_KEYS: Mapping[str, Reader] = {
    "name": _camera_name,
    "title": _text("a text for people"),
    "source": _source,
}

RULE_KEYS: Mapping[str, Reader] = {
    "name": _text("a text for people"),
    "class": _text("the name of a class"),
    "above": _number(0, 100, " percent"),
    "below": _number(0, 100, " percent"),
    "for": _number(0, 86400, " seconds"),
    "zone": _zone,
    "hysteresis": _number(0, 100, " percent"),
    "cooldown": _number(0, 86400, " seconds"),
}
"""What a table [[camera.rule]] may say."""

CAMERA_TABLES = ("endpoint", "overlay", "picture", "redact", "record", "events")
"""Tables of which a camera may have keys of its own, such as `record.keep`."""

SECRETS = frozenset(
    {"api_key", "token", "source", "webhook", "webhook_secret", "mqtt", "mqtt_password"}
)
"""Keys whose values are not repeated in a sentence."""
