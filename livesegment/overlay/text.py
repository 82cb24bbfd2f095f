"""Lines of text: measured, shortened, drawn."""

import unicodedata
from functools import lru_cache

from PIL import Image as PillowImage
from PIL import ImageDraw

from livesegment.overlay.fonts import runs

_ELLIPSIS = "..."
_LONGEST = 500


def printable(text: str) -> str:
    """Return a text as one line without control characters and lone surrogates."""
    line = " ".join(text[:_LONGEST].split())
    return "".join(char for char in line if unicodedata.category(char) not in ("Cc", "Cs", "Cn"))


@lru_cache(maxsize=1024)
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


@lru_cache(maxsize=1024)
def text_bitmap(text: str, size: int) -> tuple[PillowImage.Image, int, int]:
    """Draw one printable line.

    Args:
        text: What to write.
        size: Height of the letters in pixels.

    Returns:
        Coverage from 0 to 255 as a Pillow image of mode L, shared by all callers, and the column
        and row in it where the line's baseline begins.
    """
    left, baseline = size // 2, round(1.5 * size)
    bitmap = PillowImage.new("L", (text_width(text, size) + 2 * left, round(2.2 * size)))
    draw = ImageDraw.Draw(bitmap)
    column: float = left
    for part, font in runs(text, size):
        draw.text((column, baseline), part, fill=255, font=font, anchor="ls")
        column += font.getlength(part)
    return bitmap, left, baseline
