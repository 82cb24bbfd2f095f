"""The curve of a long run, as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from endurance.held import Sample

_WIDTH, _HEIGHT = 1200, 220  # of what one process held
_LEFT, _TOP, _BOTTOM = 70, 28, 24
_INK, _FAINT, _LOSS = (40, 40, 40), (225, 225, 225), (190, 190, 240)
_COLOURS = {"rss_mb": (180, 90, 0), "anonymous_mb": (90, 160, 0)}
_COUNTS = {"threads": (30, 30, 200), "descriptors": (180, 60, 180)}


def draw(
    path: Path, samples: Mapping[str, Sequence[Sample]], losses: Sequence[float], warm_up: float
) -> None:
    """Draw what every process held over the time.

    Args:
        path: The PNG file.
        samples: By process.
        losses: Minutes at which something was killed.
        warm_up: Minutes that do not count.
    """
    last = max(each[-1].minute for each in samples.values())
    panels = [_panel(name, each, losses, warm_up, last) for name, each in samples.items()]
    cv2.imwrite(str(path), np.vstack(panels))


def _panel(
    name: str, samples: Sequence[Sample], losses: Sequence[float], warm_up: float, last: float
) -> np.ndarray:
    image = np.full((_HEIGHT, _WIDTH, 3), 255, np.uint8)
    minutes = np.array([each.minute for each in samples])
    x = _LEFT + minutes / last * (_WIDTH - _LEFT - 10)
    for minute in losses:
        _upright(image, minute / last, _LOSS)
    _upright(image, warm_up / last, _INK)
    _axis(image, last)
    _write(image, name, (8, 18), _INK)
    at = 130
    for what, colour in {**_COLOURS, **_COUNTS}.items():
        values = np.array([getattr(each, what) for each in samples], float)
        low, high = values.min(), values.max()
        least = 4.0 if what in _COLOURS else 8.0  # no curve makes a mountain of a molehill
        room = max(high - low, least)
        y = _HEIGHT - _BOTTOM - 4 - (values - low) / room * (_HEIGHT - _TOP - _BOTTOM - 8)
        points = np.stack([x, y], 1).round().astype(np.int32)
        # Another process begins another line.
        cuts = np.flatnonzero(np.diff([each.pid for each in samples])) + 1
        for part in np.split(points, cuts):
            cv2.polylines(image, [part], isClosed=False, color=colour, lineType=cv2.LINE_AA)
        _write(image, f"{what} {low:g} to {high:g}", (at, 18), colour)
        at += 260
    return image


def _axis(image: np.ndarray, last: float) -> None:
    bottom = _HEIGHT - _BOTTOM
    cv2.line(image, (_LEFT, bottom), (_WIDTH - 10, bottom), _INK)
    step = next(each for each in (1, 2, 5, 10, 20, 60, 120, 1e9) if last / each <= 15)
    for minute in np.arange(0, last + 1e-9, step):
        at = int(_LEFT + minute / last * (_WIDTH - _LEFT - 10))
        _write(image, f"{minute:g}", (at - 6, _HEIGHT - 8), _INK)


def _upright(image: np.ndarray, share: float, colour: tuple[int, int, int]) -> None:
    at = int(_LEFT + share * (_WIDTH - _LEFT - 10))
    cv2.line(image, (at, _TOP), (at, _HEIGHT - _BOTTOM), colour)


def _write(image: np.ndarray, text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)
