"""Words on the window's picture: the figures in its corner, and a sentence across it."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from livesegment.frame import Image
from livesegment.overlay.panel import Panel, text_size
from livesegment.overlay.text import printable, text_width

# The panel's width goes in steps of this many letter heights: numbers that change with every frame
# would make its edge tremble.
_WIDTH_STEP = 2

_BRIGHTNESS = 0.5  # of a picture that is not live any more


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


def draw_notice(canvas: Image, text: str) -> None:
    """Take the colours out of a picture and write a line in its middle, in place.

    The line is left out where it has no room; the grey stays.

    Args:
        canvas: BGR uint8 (H, W, 3).
        text: What to write.
    """
    gray = cv2.cvtColor(canvas, cv2.COLOR_BGR2GRAY)
    gray = cv2.convertScaleAbs(gray, alpha=_BRIGHTNESS)
    np.copyto(canvas, gray[:, :, np.newaxis])
    height, width = canvas.shape[:2]
    plate = _plate(text, text_size(canvas))
    if plate.size[0] <= width and plate.size[1] <= height:
        plate.stamp(canvas, (width - plate.size[0]) // 2, (height - plate.size[1]) // 2)


@lru_cache(maxsize=2)
def _plate(text: str, size: int) -> Panel:
    text = printable(text)
    padding = round(0.8 * size)
    plate = Panel(text_width(text, size) + 2 * padding, 2 * size + padding, round(0.45 * size))
    plate.text(padding, padding // 2 + round(1.35 * size), text, size)
    return plate
