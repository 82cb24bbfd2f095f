"""How the page says things: escaped texts, times, shares, prices."""

import glob
import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from livesegment.address import shown_source
from livesegment.class_name import is_half_a_character

_MOST_LETTERS = 300
# Of an absolute path, not of an address or within a relative path.
_FOLDERS = re.compile(r"(?<![\w:/.~*-])/(?:[^\s/:'\"]+/)+")


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


def short_names(sources: Sequence[str]) -> list[str]:
    """Return what inputs are called on a page that is sent around: files without their folders.

    Those that have one name keep as much of their folders as tells them apart; addresses are
    without a password.
    """
    names = [_name(source, 1) for source in sources]
    for parts in range(2, max((len(Path(each).parts) for each in sources), default=0) + 1):
        kinds: dict[str, set[str]] = {}
        for name, source in zip(names, sources, strict=True):
            kinds.setdefault(name, set()).add(source)
        names = [
            _name(source, parts) if len(kinds[name]) > 1 else name
            for name, source in zip(names, sources, strict=True)
        ]
    return names


def _name(source: str, parts: int) -> str:
    """Return the last parts of a path; what is none is shown as it is."""
    if "://" in source:
        return shown_source(source)
    path = Path(source)
    if glob.has_magic(source) and not path.exists():
        parts += 1  # "*.png" alone says nothing
    elif path.name in {"", ".."}:
        path = path.resolve()  # "." is the folder that somebody stands in
    return "/".join(path.parts[-parts:]) or source


def without_folders(text: str, paths: Iterable[str]) -> str:
    """Return a sentence about files without the folders that they are in.

    Args:
        text: The sentence.
        paths: Files that it may be about; absolute paths of others are found by their look.
    """
    for folder in sorted((str(Path(path).parent) for path in paths), key=len, reverse=True):
        if folder not in {".", "/"}:
            text = re.sub(rf"(?<![\w/.-]){re.escape(folder)}/", "", text)
    return _FOLDERS.sub("", text)


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
