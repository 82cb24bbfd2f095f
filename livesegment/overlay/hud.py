"""A few lines about the run, in the upper left corner."""

from collections.abc import Sequence
from functools import lru_cache

from livesegment.frame import Image
from livesegment.overlay.panel import Panel, text_size
from livesegment.overlay.text import printable, text_width

# The panel's width goes in steps of this many letter heights: numbers that change with every frame
# would make its edge tremble.
_WIDTH_STEP = 2


def draw_hud(canvas: Image, lines: Sequence[str]) -> None:
    """Write lines of text on a dark plate, in place; nothing where they have no room.

    Lines that were written lately are not drawn again, only stamped.

    Args:
        canvas: BGR uint8 (H, W, 3).
        lines: What to write, from top to bottom.
    """
    if not lines:
        return
    size = text_size(canvas)
    panel = _drawn(tuple(lines), size)
    margin = round(0.8 * size)
    width, height = panel.size
    if width + margin <= canvas.shape[1] and height + margin <= canvas.shape[0]:
        panel.stamp(canvas, margin, margin)


@lru_cache(maxsize=8)
def _drawn(lines: tuple[str, ...], size: int) -> Panel:
    texts = [printable(line) for line in lines]
    padding, row, step = round(0.6 * size), round(1.4 * size), _WIDTH_STEP * size
    width = max(text_width(text, size) for text in texts) + 2 * padding
    width = -(-width // step) * step
    panel = Panel(width, row * len(texts) + padding, round(0.45 * size))
    for number, text in enumerate(texts):
        panel.text(padding, padding // 2 + row * number + round(1.05 * size), text, size)
    return panel
