"""Lines of text: measured, shortened, drawn."""

import unicodedata

from PIL import ImageDraw

from livesegment.overlay.fonts import runs

_ELLIPSIS = "..."
_LONGEST = 500


def printable(text: str) -> str:
    """Return a text as one line without control characters and lone surrogates."""
    line = " ".join(text[:_LONGEST].split())
    return "".join(char for char in line if unicodedata.category(char) not in ("Cc", "Cs", "Cn"))


def text_width(text: str, size: int) -> int:
    """Return the width in pixels of one printable line."""
    return round(sum(font.getlength(part) for part, font in runs(text, size)))


def shortened(text: str, size: int, width: int) -> str:
    """Return the text, or as much of its beginning as fits into a width with an ellipsis."""
    if text_width(text, size) <= width:
        return text
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if text_width(text[:middle].rstrip() + _ELLIPSIS, size) <= width:
            fits = middle
        else:
            too_long = middle
    return text[:fits].rstrip() + _ELLIPSIS


def draw_text(
    draw: ImageDraw.ImageDraw,
    left: float,
    baseline: int,
    text: str,
    size: int,
    fill: int | tuple[int, int, int],
) -> None:
    """Draw one printable line.

    Args:
        draw: Pillow's drawing of the image.
        left: Where the line begins, in pixels.
        baseline: Row of the baseline.
        text: What to write.
        size: Height of the letters in pixels.
        fill: Colour in the image's mode.
    """
    for part, font in runs(text, size):
        draw.text((left, baseline), part, fill=fill, font=font, anchor="ls")
        left += font.getlength(part)
