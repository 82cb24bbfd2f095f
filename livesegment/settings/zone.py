"""A part of the picture, as rules look at one and as one is hidden."""

import itertools
import math
from dataclasses import dataclass
from typing import Any

from livesegment.settings.group import Settings, option
from livesegment.settings.kinds import Kind

Polygon = tuple[tuple[float, float], ...]
"""Corners (x, y) in shares of the picture: (0, 0) is its upper left, (1, 1) its lower right."""

_FLAT = 1e-9  # of the picture, as an area


def corners() -> Kind:
    """Return the kind of a zone's corners, whatever they enclose."""

    def read(value: Any) -> Polygon:
        try:
            return tuple((float(x), float(y)) for x, y in value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(
                "a list of corners in shares of the picture, such as [[0, 0], [1, 0], [1, 1]]"
            ) from None

    def parse(written: str) -> Polygon:
        return read([corner.split(",") for corner in written.split()])

    corner = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    schema = {"type": "array", "items": corner, "minItems": 3}
    return Kind("list", read, read, parse, schema, "X,Y X,Y X,Y")


def zone_text(zone: Polygon) -> str:
    """Return a zone as a command line has it."""
    return " ".join(f"{x!r},{y!r}" for x, y in zone)


def zone_mistake(zone: Polygon) -> str | None:
    """Return what is wrong with a zone, as a clause about it; None: nothing."""
    if len(zone) < 3:
        return "a zone has at least three corners"
    for x, y in zone:
        if not (math.isfinite(x) and math.isfinite(y) and min(x, y) >= -1 and max(x, y) <= 2):
            return "a zone's corners are shares of the picture, from 0 to 1"
    if _is_line(zone):
        return "its zone has no area"
    return None if _reaches_in(zone) else "its zone lies outside of the picture"


def hidden_zone() -> Kind:
    """Return the kind of a zone that is hidden: one that would hide nothing is a mistake."""
    kind = corners()

    def read(value: Any) -> Polygon:
        return _checked(kind.read(value), "[[0, 0], [0.3, 0], [0.3, 1]]")

    def parse(written: str) -> Polygon:
        return _checked(kind.parse(written), "0,0 0.3,0 0.3,1")

    return Kind("list", read, read, parse, kind.schema, kind.metavar)


def _checked(zone: Polygon, example: str) -> Polygon:
    if zone_mistake(zone) is not None:
        raise ValueError(
            "a zone of at least three corners in shares of the picture, from 0 to 1 and with an"
            f" area between them, such as {example}"
        )
    return zone


def _is_line(zone: Polygon) -> bool:
    (x0, y0), *others = zone
    ways = [(x - x0, y - y0) for x, y in others]
    along = max(ways, key=lambda way: abs(way[0]) + abs(way[1]))
    return all(abs(along[0] * y - along[1] * x) < _FLAT for x, y in ways)


def _reaches_in(zone: Polygon) -> bool:
    """Tell whether a zone has a part in the picture: by one of its edges, or all around."""
    edges = list(zip(zone, (*zone[1:], zone[0]), strict=True))
    return any(itertools.starmap(_crosses, edges)) or sum(itertools.starmap(_turn, edges)) != 0


def _crosses(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Tell whether an edge goes through the picture, and not only along its border.

    Source: Liang and Barsky, ACM Transactions on Graphics, 1984.
    """
    enters, leaves = 0.0, 1.0
    for begin, end in zip(one, other, strict=True):
        if begin == end:
            if not 0 < begin < 1:
                return False
            continue
        sides = sorted(((0 - begin) / (end - begin), (1 - begin) / (end - begin)))
        enters, leaves = max(enters, sides[0]), min(leaves, sides[1])
    return enters < leaves


def _turn(one: tuple[float, float], other: tuple[float, float]) -> int:
    """Return 1 or -1 if an edge passes the picture's middle on its right, down or up, else 0."""
    (x0, y0), (x1, y1) = one, other
    if (y0 <= 0.5) == (y1 <= 0.5) or x0 + (0.5 - y0) * (x1 - x0) / (y1 - y0) <= 0.5:
        return 0
    return 1 if y1 > y0 else -1


@dataclass(frozen=True, slots=True)
class HiddenZone(Settings):
    """What a table [[camera.hide]] says.

    Attributes:
        zone: What nobody may see: the corners of a part of the picture, as the camera gives it.
    """

    zone: Polygon = option(
        ...,
        hidden_zone(),
        "What nobody may see, in shares of the picture as the camera gives it.",
        key="hide.zone",
    )
