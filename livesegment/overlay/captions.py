"""Words on the window's picture: figures in its corner, a sentence across it, a table in it."""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from livesegment.frame import Image
from livesegment.overlay.panel import GREY, Panel, text_size
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
    draw_sentence(canvas, text)


def draw_sentence(canvas: Image, text: str, *, at: float = 0.5) -> None:
    """Write a line across a picture, in place; nothing where it has no room.

    Args:
        canvas: BGR uint8 (H, W, 3).
        text: What to write.
        at: Where, as a share of the picture's height.
    """
    _stamp(canvas, _plate(text, text_size(canvas)), at)


def draw_table(canvas: Image, rows: Sequence[tuple[str, str]]) -> None:
    """Write two columns into the middle of a picture, in place; nothing where they have no room.

    Args:
        canvas: BGR uint8 (H, W, 3).
        rows: What to write, from top to bottom.
    """
    _stamp(canvas, _table(tuple(rows), text_size(canvas)), 0.5)


def _stamp(canvas: Image, plate: Panel, at: float) -> None:
    """Lay a plate over the middle of the canvas, at a share of its height, if it has room."""
    left, top = canvas.shape[1] - plate.size[0], canvas.shape[0] - plate.size[1]
    if left >= 0 and top >= 0:
        plate.stamp(canvas, left // 2, min(top, max(0, round(top * at))))


@lru_cache(maxsize=1)
def _table(rows: tuple[tuple[str, str], ...], size: int) -> Panel:
    padding, row, gap = round(0.8 * size), round(1.4 * size), round(1.2 * size)
    left = max(text_width(first, size) for first, _ in rows)
    right = max(text_width(second, size) for _, second in rows)
    width, height = left + gap + right + 2 * padding, row * len(rows) + 2 * padding
    panel = Panel(width, height, round(0.45 * size))
    for number, (first, second) in enumerate(rows):
        baseline = padding + row * number + round(1.05 * size)
        panel.text(padding, baseline, first, size)
        panel.text(padding + left + gap, baseline, second, size, GREY)
    return panel


@lru_cache(maxsize=4)
def _plate(text: str, size: int) -> Panel:
    text = printable(text)
    padding = round(0.8 * size)
    plate = Panel(text_width(text, size) + 2 * padding, 2 * size + padding, round(0.45 * size))
    plate.text(padding, padding // 2 + round(1.35 * size), text, size)
    return plate
