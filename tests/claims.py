"""Sentences with measured figures in them, and where each figure was measured.

`generate.py` writes the figures into the sentences. A hole is `{table|row|column:format}`: a cell
of the tables that were kept (`kept.py`), the row by its first column. The format is Python's; with
an `s` before it a figure below 1 goes without its zero. A sentence stands in its file once, broken
into lines anywhere; figures that were never measured to be kept stay as they are written.
"""

import re
from collections.abc import Iterator

from kept import Tables

_HOLE = re.compile(r"\{([^|{}]+)\|([^|{}]+)\|([^|{}]+):(s?)([^{}]+)\}")
_FIGURE = r"[\d,]*\.?\d+"

README = (
    "Eight frames late, a mask that is moved along has a mean IoU of"
    " {late|`--align warp`|8:.2f} with the true one; drawn where it was,"
    " {late|the old mask as it is|8:.2f}.",
    "A picture takes one core about as long on OpenCV 5 as on LiteRT"
    " ({runtimes|OpenCV 5|times LiteRT's CPU:.2f} times), and"
    " {runtimes|ONNX Runtime|times LiteRT's CPU:.1f} times that with ONNX Runtime.",
)

CHANGELOG = (
    "masks 1 / 2 / 5 / 8 / 12 frames late show J {late|`--align warp`|1:s.3f} /"
    " {late|`--align warp`|2:s.3f} / {late|`--align warp`|5:s.3f} /"
    " {late|`--align warp`|8:s.3f} / {late|`--align warp`|12:s.3f} of the truth",
    "one frame in 4 / 8 / 16, {keyframes|`annotate --every`|4:s.3f} /"
    " {keyframes|`annotate --every`|8:s.3f} / {keyframes|`annotate --every`|16:s.3f}",
    "with a class on every pixel, 1 / 2 / 5 late, mean IoU"
    " {dense|`--align warp`, `annotate --every`|late by 1:s.3f} /"
    " {dense|`--align warp`, `annotate --every`|late by 2:s.3f} /"
    " {dense|`--align warp`, `annotate --every`|late by 5:s.3f}, before",
    "the built-in model's masks have J {hard frames|all, as by chance|mean:s.3f} on all frames,"
    " {hard frames|`--export-uncertain`, the model says how sure it is|mean:s.3f} on those chosen"
    " by its certainty, and {hard frames|`--export-uncertain`, it does not|mean:s.3f} on those"
    " chosen without it.",
    "`live sample:` has a mask in its window after {starting|`live sample:`|s:.2f} s,"
    " {starting|`live sample:`|times:.1f} times",
    "`annotate sample:` writes its first frame after {starting|`annotate sample:`|s:.2f} s,"
    " {starting|`annotate sample:`|times:.1f} times",
)


def with_claims(text: str, sentences: tuple[str, ...], tables: Tables) -> str:
    """Return a text with the figures of its sentences as they were measured.

    Raises:
        ValueError: If a sentence is not in the text.
    """
    for sentence in sentences:
        figures = list(_figures(sentence, tables))
        parts = [_loosely(part) for part in _HOLE.split(sentence)[:: _HOLE.groups + 1]]
        found = re.search(f"{_FIGURE}".join(f"({part})" for part in parts), text)
        if found is None:
            raise ValueError(f"there is no such sentence: {sentence}")
        if None in figures:
            continue
        said = [word for pair in zip(found.groups(), [*figures, ""], strict=True) for word in pair]
        text = text[: found.start()] + "".join(map(str, said)) + text[found.end() :]
    return text


def _loosely(part: str) -> str:
    """Return what finds a part of a sentence, however it is broken into lines."""
    return r"\s+".join(re.escape(word) for word in re.split(r"\s+", part))


def _figures(sentence: str, tables: Tables) -> Iterator[str | None]:
    """Yield what stands in each hole; None: it was not measured."""
    for table, label, column, is_short, form in _HOLE.findall(sentence):
        rows = [row for row in tables.get(table, []) if next(iter(row.values())) == label]
        value = rows[0].get(column) if rows else None
        if value is None:
            yield None
        else:
            said = format(value, form)
            yield said.removeprefix("0") if is_short else said
