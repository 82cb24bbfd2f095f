"""Where lines are drawn, against what they are made of written plainly."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.overlay.compositor import Compositor
from livesegment.overlay.outline import line_width
from livesegment.overlay.palette import class_colours
from livesegment.settings.controls import Controls

CLASS_MAP = {0: "background", 1: "person", 2: "car", 9: "tree"}
RIM = 0.7
Pixels = npt.NDArray[np.uint8]


def grown(array: Pixels, steps: int, *, least: bool = False) -> Pixels:
    """Return the largest or the smallest value near each pixel, squares and crosses by turns."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    for step in range(steps):
        kernel = cross if step % 2 else np.ones((3, 3), np.uint8)
        array = (cv2.erode if least else cv2.dilate)(array, kernel)
    return array


def plainly(image: Pixels, ids: Pixels, alpha: float) -> Pixels:
    """Return the outline style step by step over the whole picture."""
    width = line_width(ids.shape)
    inside = (ids > 0).astype(np.uint8)
    line = (grown(ids, width) != grown(ids, width, least=True)) & (inside > 0)
    rim = grown(inside, max(1, width // 2)) - inside
    weight = cv2.blur(255 * alpha * (line + rim * RIM), (3, 3))[..., None] / 255
    colours = class_colours(CLASS_MAP).copy()
    colours[0] = 16
    mixed: Pixels = np.rint(image * (1 - weight) + colours[ids] * weight).astype(np.uint8)
    return mixed


@pytest.mark.parametrize(
    "size", [(1, 1), (3, 5), (9, 8), (40, 7), (33, 31), (480, 853), (1080, 1366)]
)
@pytest.mark.parametrize("alpha", [0.4, 1.0])
def test_an_outline_is_as_its_formula_says_at_every_size(
    size: tuple[int, int], alpha: float
) -> None:
    random = np.random.default_rng(size[0])
    coarse = random.choice(np.array([0, 0, 1, 2, 9], np.uint8), [-(-each // 7) for each in size])
    ids = np.kron(coarse, np.ones((7, 7), np.uint8))[: size[0], : size[1]]
    image = random.integers(0, 256, (*size, 3), np.uint8)
    controls = Controls(style="outline", opacity=alpha / 2, show_legend=False)
    drawn = Compositor().draw(Frame(image, 0, 0.0, 0.0), Mask(ids, CLASS_MAP), controls)
    wanted = plainly(image, np.ascontiguousarray(ids), alpha)
    assert np.abs(drawn.astype(int) - wanted).max() <= 2
    untouched = (grown(ids, 9) == grown(ids, 9, least=True))[..., None]
    assert np.array_equal(drawn * untouched, image * untouched)


@pytest.mark.parametrize("size", [(90, 120), (480, 853), (1080, 1366)])
@pytest.mark.parametrize("corner", [(0, 0), (40, 33), (69, 103)])
def test_a_small_object_is_outlined_as_the_formula_says_wherever_it_is(
    size: tuple[int, int], corner: tuple[int, int]
) -> None:
    ids = np.zeros(size, np.uint8)
    ids[corner[0] :, corner[1] :][:21, :17] = 1
    image = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    controls = Controls(style="outline", show_legend=False)
    drawn = Compositor().draw(Frame(image, 0, 0.0, 0.0), Mask(ids, CLASS_MAP), controls)
    assert np.abs(drawn.astype(int) - plainly(image, ids, 1.0)).max() <= 2
