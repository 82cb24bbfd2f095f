"""The keys of the window and of the page, as they are shown there."""

from dataclasses import dataclass
from typing import Literal

Place = Literal["window", "page"]


@dataclass(frozen=True, slots=True)
class Key:
    """What a key does, or a few do.

    Attributes:
        shown: How they are called.
        does: What they do.
        places: Where.
    """

    shown: str
    does: str
    places: tuple[Place, ...] = ("window", "page")


_KEYS = (
    Key("q or Esc", "quit", ("window",)),
    Key("space", "pause"),
    Key("f", "full screen", ("page",)),
    Key("s", "save a snapshot"),
    Key("a", "late masks: warp, delay, paste"),
    Key("1 to 4", "fill, outline, blur, cutout"),
    Key("[ ]", "opacity"),
    Key("o", "overlay"),
    Key("l", "legend"),
    Key("h", "figures", ("window",)),
    Key("r", "ask the endpoint at once"),
    Key("? or F1", "these keys"),
)


def shown_keys(place: Place) -> tuple[tuple[str, str], ...]:
    """Return the keys of a place and what each does, in the order in which they are shown."""
    return tuple((key.shown, key.does) for key in _KEYS if place in key.places)
