"""Edges of masks that are coarser than the picture, as they are drawn."""

import itertools
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.overlay.compositor import Compositor
from livesegment.overlay.palette import class_colours
from livesegment.redaction.redactor import Redactor
from livesegment.settings import RedactOptions
from livesegment.settings.controls import STYLES, Controls, Style

CLASS_MAP = {0: "background", 1: "person", 2: "car", 9: "tree"}
SIZE = (1280, 720)
Pixels = npt.NDArray[np.uint8]


def person(size: tuple[int, int] = SIZE) -> Pixels:
    """Return the true mask of somebody at a desk, with an arm that is slanted and thin."""
    width, height = size
    ids = np.zeros((height, width), np.uint8)
    cv2.ellipse(ids, (width // 2, height // 3), (height // 6, height // 4), 10, 0, 360, 1, -1)
    cv2.ellipse(ids, (width // 2, height), (width // 5, height // 2), 0, 0, 360, 1, -1)
    cv2.line(ids, (width // 2, height * 3 // 4), (width // 5, height // 4), 1, height // 14)
    return ids


def picture(ids: Pixels) -> Pixels:
    """Return a picture in which each class has its colour, as noisy as a camera's."""
    colours = np.zeros((256, 3), np.uint8)
    colours[:10] = np.random.default_rng(3).permuted(np.linspace(30, 210, 30)).reshape(10, 3)
    noise = np.random.default_rng(1).normal(0, 3, (*ids.shape, 3))
    return np.clip(colours[ids] + noise, 0, 255).astype(np.uint8)


def coarse(ids: Pixels, size: tuple[int, int] = (256, 256)) -> Mask:
    """Return what a model of a size knows of a true mask, brought to the picture's size."""
    shares = [
        cv2.resize((ids == each) * np.float32(1), size, interpolation=cv2.INTER_AREA)
        for each in CLASS_MAP
    ]
    small = np.array(list(CLASS_MAP), np.uint8)[np.argmax(shares, axis=0)]
    return Mask(small, CLASS_MAP).resized((ids.shape[1], ids.shape[0]))


def drawn(image: Pixels, mask: Mask, style: Style = "fill", opacity: float = 1.0) -> Pixels:
    controls = Controls(style=style, opacity=opacity, show_legend=False)
    return Compositor().draw(Frame(image, 0, 0.0, 0.0), mask, controls)


def difference(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize("size", [(160, 90), (256, 256)])
@pytest.mark.parametrize("style", STYLES)
def test_a_soft_edge_is_nearer_to_the_true_one_than_a_hard_one(
    style: Style, size: tuple[int, int]
) -> None:
    truth = person()
    image, mask = picture(truth), coarse(truth, size)
    wanted = drawn(image, Mask(truth, CLASS_MAP), style)
    hard = drawn(image, replace(mask, grain=1.0), style)
    assert difference(drawn(image, mask, style), wanted) < 0.6 * difference(hard, wanted)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", [SIZE, (640, 360)])
def test_a_mask_of_half_the_pictures_size_and_more_is_drawn_as_it_is(
    style: Style, size: tuple[int, int]
) -> None:
    truth = person()
    image, mask = picture(truth), coarse(truth, size)
    as_it_is = drawn(image, Mask(mask.class_ids, CLASS_MAP), style)
    assert np.array_equal(drawn(image, mask, style), as_it_is)
    if style == "fill":
        colours = class_colours(CLASS_MAP)[mask.class_ids]
        expected = np.where(mask.class_ids[..., None] > 0, colours, image)
        assert np.array_equal(as_it_is, expected)


@pytest.mark.parametrize("style", STYLES)
def test_nothing_changes_away_from_the_edges(style: Style) -> None:
    truth = person()
    image, mask = picture(truth), coarse(truth)
    reach = np.ones((41, 41), np.uint8)
    is_away = cv2.dilate(mask.class_ids, reach) == cv2.erode(mask.class_ids, reach)
    if style == "blur":
        is_away &= truth > 0  # the blurred background is another one: it leaves the edges out
    hard = drawn(image, replace(mask, grain=1.0), style)
    assert np.array_equal(drawn(image, mask, style)[is_away], hard[is_away])


def test_a_pole_that_is_thin_and_pale_stays_drawn() -> None:
    truth = np.zeros(SIZE[::-1], np.uint8)
    cv2.line(truth, (600, 60), (650, 640), 1, 6)
    noise = np.random.default_rng(0).normal(0, 3, (*truth.shape, 3))
    for paler in (0, 5, 60):
        image = np.clip(120 + paler * truth[..., None] + noise, 0, 255).astype(np.uint8)
        mask = coarse(truth, (256, 144))
        colour = class_colours(CLASS_MAP)[1].astype(float)
        on_pole = (truth > 0) & (mask.class_ids > 0)
        before = image[on_pole].astype(float)
        tinted = np.abs(drawn(image, mask)[on_pole] - before).sum()
        assert tinted > 0.75 * np.abs(colour - before).sum()


@pytest.mark.parametrize("style", ["fill", "cutout"])
def test_edges_do_not_shimmer_where_everything_moves(style: Style) -> None:
    truth = person((1400, 800))
    image, ids = picture(truth), coarse(truth, (280, 160)).class_ids
    shots = []
    for x, y in ((0, 0), (64, 32)):
        part = np.s_[y : y + 720, x : x + 1280]
        mask = Mask(ids[part], CLASS_MAP, grain=5.0)
        shots.append(drawn(np.ascontiguousarray(image[part]), mask, style)[32 - y :, 64 - x :])
    inner = np.s_[16 : 720 - 64, 16 : 1280 - 96]
    assert np.abs(shots[0][inner].astype(int) - shots[1][inner]).max() <= 1


def test_the_colours_of_classes_never_mix() -> None:
    """Each pixel lies between the picture and one class; where two classes meet as well."""
    truth = person()
    truth[:, 700:][truth[:, 700:] > 0] = 2
    truth[500:][truth[500:] > 0] = 9
    image = np.full((*truth.shape, 3), 128, np.uint8)
    image[truth > 0] = 90
    result = drawn(image, coarse(truth)).astype(float)
    distances = []
    for class_id in (1, 2, 9):
        towards = class_colours(CLASS_MAP)[class_id] - image.astype(float)
        length = (towards**2).sum(axis=2)
        share = ((result - image) * towards).sum(axis=2) / length
        on_line = image + np.clip(share, 0, 1)[..., None] * towards
        distances.append(np.abs(result - on_line).max(axis=2))
    assert np.min(distances, axis=0).max() <= 2


def test_what_is_not_chosen_to_be_drawn_is_not_tinted_beside_it() -> None:
    truth = person()
    truth[:, 640:] = 2
    image, mask = picture(truth), coarse(truth)
    controls = Controls(opacity=1.0, classes=frozenset({"person"}), show_legend=False)
    result = Compositor().draw(Frame(image, 0, 0.0, 0.0), mask, controls)
    assert np.array_equal(result[:, 660:], image[:, 660:])
    wanted = Compositor().draw(Frame(image, 0, 0.0, 0.0), Mask(truth, CLASS_MAP), controls)
    hard = Compositor().draw(Frame(image, 0, 0.0, 0.0), replace(mask, grain=1.0), controls)
    assert difference(result, wanted) < 0.6 * difference(hard, wanted)


@pytest.mark.parametrize("style", ["pixelate", "black"])
def test_redaction_is_never_soft(style: str) -> None:
    truth = person((640, 360))
    image, mask = picture(truth), coarse(truth, (64, 64))
    frame = Frame(image, 0, 0.0, 0.0)
    left = []
    for grain in (1.0, mask.grain):
        redactor = Redactor(RedactOptions(classes=frozenset({"person"}), style=style))
        said = replace(mask, grain=grain)
        left.append(redactor.leave(frame, said, said, 0.0).frame.image)
    assert np.array_equal(*left)
    if style == "black":
        assert not left[1][mask.class_ids == 1].any()


@pytest.mark.parametrize("style", STYLES)
def test_a_picture_of_nothing_but_edges_is_drawn_as_it_is(style: Style) -> None:
    ids = np.random.default_rng(2).integers(0, 2, (120, 160), np.uint8)
    ids = cv2.resize(ids, (640, 480), interpolation=cv2.INTER_NEAREST)
    image = picture(ids)
    hard = drawn(image, Mask(ids, CLASS_MAP), style)
    assert np.array_equal(drawn(image, Mask(ids, CLASS_MAP, grain=4.0), style), hard)


@pytest.mark.parametrize("style", ["fill", "cutout"])
def test_a_large_picture_may_have_very_long_edges(style: Style) -> None:
    truth = np.zeros((1440, 2560), np.uint8)
    for top in range(20, 1420, 140):
        cv2.line(truth, (20, top), (2540, top + 30), 1, 50)
    image, mask = picture(truth), coarse(truth, (2560 // 3, 1440 // 3))
    wanted = drawn(image, Mask(truth, CLASS_MAP), style)
    hard = drawn(image, replace(mask, grain=1.0), style)
    assert difference(drawn(image, mask, style), wanted) < 0.8 * difference(hard, wanted)


def test_one_compositor_draws_masks_of_changing_grain() -> None:
    compositor = Compositor()
    for size, grain in itertools.product(((160, 90), (97, 61), (320, 180)), (5.0, 1.0, 3.0, 16.0)):
        truth = person(size)
        image, mask = picture(truth), Mask(truth, CLASS_MAP, grain=grain)
        for style in STYLES:
            controls = Controls(style=style, show_legend=False)
            result = compositor.draw(Frame(image, 0, 0.0, 0.0), mask, controls)
            assert np.array_equal(result, drawn(image, mask, style, controls.opacity))


@settings(max_examples=150, deadline=None)
@given(
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    grain=st.sampled_from([2.1, 4.0, 5.3, 9.0, 40.0, 1e6]),
    style=st.sampled_from(STYLES),
    opacity=st.sampled_from([0.0, 0.3, 1.0]),
    seed=st.integers(0, 99),
)
def test_any_picture_is_drawn(
    size: tuple[int, int], grain: float, style: Style, opacity: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    ids = np.zeros(size, np.uint8)
    top, left = random.integers(0, size)
    ids[top : top + random.integers(1, 50), left:] = random.choice([1, 2, 77, 254, 255])
    ids[:, : random.integers(0, 9)] = random.choice([0, 1])
    image = random.integers(0, 256, (*size, 3), np.uint8)
    before = image.copy()
    result = drawn(image, Mask(ids, CLASS_MAP, grain=grain), style, opacity)
    assert result.shape == image.shape
    assert np.array_equal(image, before)
    if style == "fill" and not ids.any():
        assert np.array_equal(result, image)
