"""The names of the classes in the picture and their share of it, in the lower left corner."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from livesegment.frame import Image
from livesegment.mask import ClassIds, Mask, pixel_counts
from livesegment.overlay.panel import GREY, WHITE, Panel, text_size
from livesegment.overlay.selection import Pixels, Selection
from livesegment.overlay.text import printable, shortened, text_width

# A shown number changes only once the measured one is this far, in per cent, from it: half a per
# cent is rounding, the rest keeps noise around the middle from making it jump.
_STICKY = 0.8

# A class appears above the first share, in per cent, and goes below the second.
_APPEARS, _GOES = 0.1, 0.03

# Counting all pixels of 720 rows costs more than blending them; so many tell the same.
_PIXELS_ENOUGH = 60_000


class SteadyShares:
    """Turns shares of a noisy mask into whole per cent that do not flicker."""

    def __init__(self) -> None:
        self._shown: dict[int, int] = {}

    def update(self, mask: Mask) -> dict[int, int]:
        """Return the share in whole per cent of each class id present, 0 for less than one."""
        sampled = _sampled(mask.class_ids)
        shown: dict[int, int] = {}
        for class_id, count in pixel_counts(sampled).items():
            before = self._shown.get(class_id)
            per_cent = 100 * count / sampled.size
            if before is None and per_cent >= _APPEARS:
                shown[class_id] = round(per_cent)
            elif before is not None and per_cent >= _GOES:
                moved = abs(per_cent - before) >= _STICKY
                shown[class_id] = round(per_cent) if moved else before
        self._shown = shown
        return shown


def _sampled(class_ids: ClassIds) -> ClassIds:
    """Return about so many pixels as are enough, on lines that are slanted against all columns."""
    step = max(1, math.isqrt(class_ids.size // _PIXELS_ENOUGH))
    lines = np.ascontiguousarray(class_ids[::step]).reshape(-1)
    while math.gcd(step, class_ids.shape[1]) > 1:
        step += 1
    return np.ascontiguousarray(lines[::step])[None]


_MOST_ROWS = 8

# Parts of the picture's height and width that the legend may take.
_MOST_HEIGHT, _MOST_NAME_WIDTH = 0.5, 0.22


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    share: str
    rgb: tuple[int, int, int] | None


class Legend:
    """Draws the legend; draws it anew only when a name, a number or a colour in it changes."""

    def __init__(self) -> None:
        self._shares = SteadyShares()
        self._key: tuple[tuple[int, int], list[_Row], int] | None = None
        self._panel: Panel | None = None

    def draw(
        self,
        canvas: Image,
        mask: Mask,
        selection: Selection,
        *,
        swatches: bool,
        alpha: Pixels | None = None,
    ) -> None:
        """Draw on the canvas, in place; nothing where there is no room or no drawn class.

        The largest class comes first. What has no room is counted in a last row.

        Args:
            canvas: BGR uint8 (H, W, 3).
            mask: The mask that the canvas shows.
            selection: The drawn classes and their colours.
            swatches: Whether to show the colours.
            alpha: How much of each pixel of the canvas is there, uint8 (H, W), changed in place;
                None: all of everything.
        """
        rows, count = self._rows(mask, selection, swatches=swatches)
        key = (mask.frame_size, rows, count)
        if key != self._key:
            self._panel = _drawn(rows, count, canvas)
            self._key = key
        if self._panel is not None:
            margin = round(0.8 * text_size(canvas))
            top = canvas.shape[0] - margin - self._panel.size[1]
            self._panel.stamp(canvas, margin, top, alpha)

    def _rows(self, mask: Mask, selection: Selection, *, swatches: bool) -> tuple[list[_Row], int]:
        """Return as many rows as there may be, and how many there would be with more room."""
        shares = self._shares.update(mask)
        present = sorted((-shares[each], each) for each in shares if selection.drawn[each])
        rows = [
            _Row(
                mask.class_name(class_id),
                f"{-share}%" if share else "<1%",
                _rgb(selection, class_id) if swatches else None,
            )
            for share, class_id in present[:_MOST_ROWS]
        ]
        return rows, len(present)


def _rgb(selection: Selection, class_id: int) -> tuple[int, int, int]:
    blue, green, red = selection.colours[class_id].tolist()
    return red, green, blue


@lru_cache(maxsize=1024)
def _fitting(name: str, size: int, width: int) -> str:
    return shortened(printable(name), size, width)


def _drawn(rows: list[_Row], count: int, canvas: Image) -> Panel | None:
    height, width = canvas.shape[:2]
    size = text_size(canvas)
    padding, line = round(0.7 * size), round(1.5 * size)
    room = min(_MOST_ROWS, (round(height * _MOST_HEIGHT) - padding) // line)
    if not rows or room < 1:
        return None
    if count > room:
        hidden = count - max(1, room - 1)
        rows = [*rows[: max(1, room - 1)], _Row(f"+{hidden} more", "", None)][:room]
    most = max(6 * size, round(width * _MOST_NAME_WIDTH))
    names = [_fitting(row.name, size, most) for row in rows]
    indent = round(1.3 * size) if any(row.rgb for row in rows) else 0
    name_width = max(text_width(name, size) for name in names)
    share_width = text_width("100%", size)
    panel_width = padding + indent + name_width + size + share_width + padding
    if panel_width + 2 * padding > width:
        return None
    panel = Panel(panel_width, padding + line * len(rows), round(0.45 * size))
    for number, (row, name) in enumerate(zip(rows, names, strict=True)):
        top = padding // 2 + line * number
        baseline = top + round(1.1 * size)
        if row.rgb is not None:
            panel.swatch(padding, baseline - round(0.74 * size), round(0.8 * size), row.rgb)
        panel.text(padding + indent, baseline, name, size, GREY if not row.share else WHITE)
        share_left = panel_width - padding - text_width(row.share, size)
        panel.text(share_left, baseline, row.share, size, GREY)
    return panel
