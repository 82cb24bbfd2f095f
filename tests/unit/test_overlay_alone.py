"""Classes that are cut out: nothing of the room is left, and nothing of them is lost."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.overlay.compositor import Compositor
from livesegment.settings.controls import Controls

CLASS_MAP = {0: "background", 1: "person", 2: "car"}
RED, GREEN, BLUE = (40, 30, 220), (30, 190, 40), (230, 60, 40)
Pixels = npt.NDArray[np.uint8]


def cut_out(image: Pixels, mask: Mask | None, **wishes: object) -> tuple[Pixels, Pixels]:
    controls = Controls(**{"style": "cutout", "show_legend": False, **wishes})
    return Compositor().cut_out(Frame(image, 0, 0.0, 0.0), mask, controls)


def over(image: Pixels, alpha: Pixels, colour: tuple[int, int, int]) -> npt.NDArray[np.float64]:
    """Return what somebody sees who lays it over a colour."""
    part = alpha[:, :, None] / 255
    return part * image + (1 - part) * np.array(colour)


def red_disc(size: tuple[int, int] = (320, 180)) -> tuple[Pixels, Pixels, Pixels]:
    """Return a picture of a red disc before green, what of each pixel is red, and where it is."""
    width, height = size
    large = np.zeros((4 * height, 4 * width), np.uint8)
    cv2.circle(large, (2 * width, 2 * height), height, 255, -1)
    share = cv2.resize(large, size, interpolation=cv2.INTER_AREA)
    image = np.rint(over(np.full((height, width, 3), RED, np.uint8), share, GREEN))
    return image.astype(np.uint8), share, (share > 127).astype(np.uint8)


def coarse(ids: Pixels, factor: int) -> Mask:
    """Return a mask as a model says it that sees fewer pixels."""
    height, width = ids.shape
    small = cv2.resize(ids, (width // factor, height // factor), interpolation=cv2.INTER_NEAREST)
    return Mask(small, CLASS_MAP).resized((width, height))


@pytest.mark.parametrize("factor", [1, 4])
def test_it_lies_over_any_colour_as_if_it_had_been_there(factor: int) -> None:
    image, share, ids = red_disc()
    mask = coarse(ids, factor)
    colours, alpha = cut_out(image, mask)
    assert not colours[alpha == 0].any()
    assert (alpha[cv2.dilate(ids, np.ones((25, 25))) == 0] == 0).all()
    inner = cv2.erode(ids, np.ones((25, 25))) > 0
    assert (alpha[inner] == 255).all()
    assert np.array_equal(colours[inner], image[inner])
    wanted = over(np.full_like(image, RED), share, BLUE)
    assert np.abs(over(colours, alpha, BLUE) - wanted).mean() < 1
    # Little more than half of the seam of green that the picture's own colours would leave.
    seam, worse = (
        np.maximum(over(each, alpha, BLUE)[:, :, 1] - np.maximum(wanted[:, :, 1], 60), 0).mean()
        for each in (colours, image)
    )
    assert seam < 0.6 * worse


def test_of_a_bright_wall_no_seam_is_left_around_dark_clothes() -> None:
    _, share, ids = red_disc()
    dark, wall = (30, 32, 35), (225, 228, 230)
    sharp = np.rint(over(np.full((*ids.shape, 3), dark, np.uint8), share, wall)).astype(np.uint8)
    image = cv2.GaussianBlur(sharp, (0, 0), 1.0)  # as lenses and codecs do
    colours, alpha = cut_out(image, coarse(ids, 4))
    # Beside what the picture's own colours would leave.
    seam, worse = ((over(each, alpha, dark).max(axis=2) > 75).sum() for each in (colours, image))
    assert worse > 100
    assert seam < worse / 5


def test_a_bright_thing_away_from_the_edge_is_no_wall() -> None:
    _, _, ids = red_disc()
    image = np.full((*ids.shape, 3), 230, np.uint8)
    image[ids > 0] = 30
    cv2.circle(image, (160, 90), 30, (230, 230, 230), 3)
    colours, alpha = cut_out(image, coarse(ids, 4))
    ring = cv2.circle(np.zeros_like(ids), (160, 90), 30, 1, 1) > 0
    assert (alpha[ring] == 255).all()
    assert (colours[ring] == image[ring]).all()


def test_without_a_mask_all_is_there() -> None:
    image, _, _ = red_disc()
    colours, alpha = cut_out(image, None)
    assert np.array_equal(colours, image)
    assert (alpha == 255).all()


def test_where_nobody_is_nothing_is_left() -> None:
    image, _, ids = red_disc()
    colours, alpha = cut_out(image, Mask(np.zeros_like(ids), CLASS_MAP))
    assert not colours.any()
    assert not alpha.any()


def test_classes_that_are_not_drawn_go_with_the_background() -> None:
    image, _, ids = red_disc()
    _, alpha = cut_out(image, Mask(ids, CLASS_MAP), classes=frozenset({"car"}))
    assert not alpha.any()


@pytest.mark.parametrize(("opacity", "left"), [(1.0, 0), (0.5, 0), (0.25, 128), (0.0, 255)])
def test_below_half_opacity_some_of_the_background_stays(opacity: float, left: int) -> None:
    image, _, ids = red_disc()
    colours, alpha = cut_out(image, Mask(ids, CLASS_MAP), opacity=opacity)
    assert (alpha[:20, :20] == left).all()
    assert (alpha[ids == 1] == 255).all()
    assert np.array_equal(colours[:20, :20], image[:20, :20] if left else 0 * image[:20, :20])


def test_the_legend_is_there_as_it_is_on_any_picture() -> None:
    image, _, ids = red_disc()
    mask = Mask(ids, CLASS_MAP)
    colours, alpha = cut_out(image, mask, show_legend=True)
    bare, bare_alpha = cut_out(image, mask)
    assert not np.array_equal(alpha, bare_alpha)
    below = np.rint(over(bare, bare_alpha, BLUE)).astype(np.uint8)
    controls = Controls(style="cutout", opacity=0.0)
    wanted = Compositor().draw(Frame(below, 0, 0.0, 0.0), mask, controls)
    assert np.abs(over(colours, alpha, BLUE) - wanted).max() < 4


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    grain=st.sampled_from([1.0, 4.0, 9.0, 40.0]),
    seed=st.integers(0, 99),
)
def test_of_any_picture_nothing_is_left_that_is_not_there(
    size: tuple[int, int], grain: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    ids = np.zeros(size, np.uint8)
    top, left = random.integers(0, size)
    ids[top : top + random.integers(1, 50), left:] = random.choice([1, 2, 77])
    image = random.integers(0, 256, (*size, 3), np.uint8)
    before = image.copy()
    colours, alpha = cut_out(image, Mask(ids, CLASS_MAP, grain=grain))
    assert not colours[alpha == 0].any()
    assert np.array_equal(colours[alpha == 255], image[alpha == 255])
    assert np.array_equal(image, before)
