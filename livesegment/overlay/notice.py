"""A sentence across a picture that is not live any more."""

from functools import lru_cache

import cv2
import numpy as np

from livesegment.frame import Image
from livesegment.overlay.panel import Panel, text_size
from livesegment.overlay.text import printable, text_width

_BRIGHTNESS = 0.5


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
    plate = _drawn(text, text_size(canvas))
    if plate.size[0] <= width and plate.size[1] <= height:
        plate.stamp(canvas, (width - plate.size[0]) // 2, (height - plate.size[1]) // 2)


@lru_cache(maxsize=2)
def _drawn(text: str, size: int) -> Panel:
    text = printable(text)
    padding = round(0.8 * size)
    plate = Panel(text_width(text, size) + 2 * padding, 2 * size + padding, round(0.45 * size))
    plate.text(padding, padding // 2 + round(1.35 * size), text, size)
    return plate
