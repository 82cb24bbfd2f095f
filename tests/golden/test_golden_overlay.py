"""Small annotated pictures that somebody has looked at, one a style.

After a wanted change write them anew, look at each, and commit them::

    python tests/golden/test_golden_overlay.py

OpenCV's versions round resizing and blurring differently by a level or two; letters differ a little
with Pillow's FreeType, so pictures with text may differ more, in few pixels.
"""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.overlay.captions import draw_hud
from livesegment.overlay.compositor import Compositor
from livesegment.settings.controls import STYLES, Controls, Style

FOLDER = Path(__file__).parent
CLASS_MAP = {0: "background", 1: "person", 2: "car", 3: "tree"}
Pixels = npt.NDArray[np.uint8]

LEVELS = 3
"""Most that any value of a picture without text may differ by."""

TEXT_LEVELS, TEXT_SHARE = 24, 0.02
"""With text, so large a share of the values may differ by more than so many levels."""


def scene(width: int, height: int) -> tuple[Frame, Mask]:
    """Return a drawn landscape and its mask."""
    rows, columns = np.mgrid[:height, :width] / height
    image = np.empty((height, width, 3), np.float64)
    image[...] = np.stack([225 - 90 * rows, 180 - 30 * rows, 120 + 60 * rows], axis=2)
    image[rows > 0.62] = (70, 105, 95)
    image += 22 * np.sign(np.sin(60 * columns) * np.sin(60 * rows))[..., None]
    ids = np.zeros((height, width), np.uint8)
    ids[(np.hypot(rows - 0.4, (columns - 1.05)) < 0.2)] = 3
    ids[(rows > 0.55) & (rows < 0.8) & (np.abs(columns - 1.0) < 0.24)] = 2
    ids[np.hypot(rows - 0.32, columns - 0.45) < 0.13] = 1
    ids[np.hypot((rows - 1.0) / 2, columns - 0.45) < 0.26] = 1
    for class_id, bgr in ((1, (90, 120, 200)), (2, (60, 50, 180)), (3, (50, 140, 60))):
        image[ids == class_id] = 0.5 * image[ids == class_id] + 0.5 * np.array(bgr)
    return Frame(np.clip(image, 0, 255).astype(np.uint8), 0, 0.0, 0.0), Mask(ids, CLASS_MAP)


def styled(style: Style) -> Pixels:
    frame, mask = scene(160, 120)
    return Compositor().draw(frame, mask, Controls(style=style, show_legend=False))


def with_text() -> Pixels:
    frame, mask = scene(320, 240)
    canvas = Compositor().draw(frame, mask, Controls())
    draw_hud(canvas, ["29.8 frames/s", "mask 83 ms old"])
    return canvas


def golden(name: str) -> Pixels:
    picture = cv2.imread(str(FOLDER / f"{name}.png"))
    assert picture is not None, f"{name}.png is missing"
    return picture.astype(np.uint8)


def difference(picture: Pixels, name: str) -> npt.NDArray[np.int64]:
    return np.abs(picture.astype(np.int64) - golden(name))


@pytest.mark.parametrize("style", STYLES)
def test_each_style_looks_as_it_did(style: Style) -> None:
    assert difference(styled(style), style).max() <= LEVELS


def test_legend_and_hud_look_as_they_did() -> None:
    differing = difference(with_text(), "text") > TEXT_LEVELS
    assert differing.mean() <= TEXT_SHARE
    frame, mask = scene(320, 240)
    without = Compositor().draw(frame, mask, Controls(show_legend=False))
    plates = (difference(without, "text") > TEXT_LEVELS).any(axis=2)
    assert plates.mean() > 0.1, "the golden picture has plates with text"


if __name__ == "__main__":
    for each in STYLES:
        cv2.imwrite(str(FOLDER / f"{each}.png"), styled(each))
    cv2.imwrite(str(FOLDER / "text.png"), with_text())
