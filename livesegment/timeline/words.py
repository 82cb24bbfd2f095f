"""How the page says things: escaped texts, times, shares, prices."""

import html
from dataclasses import dataclass

from livesegment.address import shown_url
from livesegment.class_name import is_half_a_character

_MOST_LETTERS = 300


@dataclass(frozen=True, slots=True)
class Price:
    """What a call costs.

    Attributes:
        per_call: In units of the currency; None: not known.
        currency: Which; None: it is not said.
    """

    per_call: float | None
    currency: str | None

    def of(self, calls: int) -> str:
        """Return what so many calls cost, escaped; empty where that is not known."""
        if self.per_call is None:
            return ""
        return f"{calls * self.per_call:,.2f} {shown(self.currency or '')}".strip()


def shown(text: str) -> str:
    """Return a text of strangers for HTML: bounded and escaped."""
    cut = text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}..."
    if not cut.isprintable():
        cut = "".join("\ufffd" if is_half_a_character(each) else each for each in cut)
    return html.escape(cut)


def shown_source(source: str) -> str:
    """Return the name of an input for HTML; an address without a password."""
    return shown(shown_url(source) if "://" in source else source)


def clock(seconds: float) -> str:
    """Return a time in a film, such as `1:02:03` or `0:04.2`."""
    if seconds < 60:
        return f"0:{seconds:04.1f}"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def percent(share: float) -> str:
    """Return a share, 0 to 1, in percent."""
    return f"{100 * share:.1f} %" if share >= 0.001 or share == 0 else "under 0.1 %"


def fact(name: str, value: str) -> str:
    """Return a line of a list of facts; nothing where there is no value, which is HTML."""
    return f"<div><dt>{html.escape(name)}</dt><dd>{value}</dd></div>" if value else ""
