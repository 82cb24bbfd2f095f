"""Smoothed masks: edges stand still where the picture does, and nowhere else."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livesegment.frame import Frame, Image
from livesegment.mask import ClassIds, Mask
from livesegment.motion.smooth import MaskSmoother

FPS = 30
CLASS_MAP = {0: "background", 1: "cup", 200: "table"}
WIDTH, HEIGHT = 160, 120


def frame(image: Image, index: int) -> Frame:
    return Frame(image, index, index / FPS, index / FPS)


def mask(class_ids: ClassIds, index: int = 0) -> Mask:
    return Mask(class_ids, CLASS_MAP, index)


def scene(seed: int = 0) -> Image:
    """Return a picture of coarse blocks."""
    blocks = np.random.default_rng(seed).integers(30, 220, (12, 16, 3), np.uint8)
    return np.kron(blocks, np.ones((10, 10, 1), np.uint8))


def noisy(image: Image, rng: np.random.Generator, deviation: float) -> Image:
    noise = rng.normal(0, deviation, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def square(left: int, class_id: int = 1, side: int = 40) -> ClassIds:
    ids = np.zeros((HEIGHT, WIDTH), np.uint8)
    ids[40 : 40 + side, left : left + side] = class_id
    return ids


def drawn(background: Image, left: float, side: int = 40) -> Image:
    """Draw a bright square at a position that may lie between pixels."""
    edge = np.arange(WIDTH)
    cover = np.clip(edge + 1 - left, 0, 1) * np.clip(left + side - edge, 0, 1)
    rows = np.zeros(HEIGHT)
    rows[40 : 40 + side] = 1
    share = np.outer(rows, cover)[..., None]
    return (background * (1 - share) + 250 * share).astype(np.uint8)


def changes(shown: list[Mask]) -> int:
    return sum(np.count_nonzero(a.class_ids != b.class_ids) for a, b in pairwise(shown))


@pytest.mark.parametrize("deviation", [0, 3, 10])
def test_edges_that_wander_on_a_still_picture_stand_still(deviation: float) -> None:
    rng = np.random.default_rng(1)
    picture, smoother = scene(), MaskSmoother()
    given_masks, shown = [], []
    for index in range(90):
        given_masks.append(mask(square(60 + int(rng.integers(-2, 3))), index))
        shown.append(smoother.smooth(frame(noisy(picture, rng, deviation), index), given_masks[-1]))
    # The noise is known and the edge agreed upon after the first second.
    assert changes(shown[30:]) * 10 < changes(given_masks[30:])


def test_the_edge_of_something_that_moves_is_where_the_mask_says() -> None:
    background, smoother = scene(), MaskSmoother()
    for index in range(30):
        left = 20 + 2 * index
        true = square(left)
        shown = smoother.smooth(frame(drawn(background, left), index), mask(true, index))
        assert np.array_equal(shown.class_ids, true)


def test_an_edge_too_slow_to_be_seen_between_two_frames_does_not_lag() -> None:
    background, smoother = np.full((HEIGHT, WIDTH, 3), 90, np.uint8), MaskSmoother()
    for index in range(120):
        left = 40 + index / 10
        true = square(round(left))
        shown = smoother.smooth(frame(drawn(background, left), index), mask(true, index))
        behind = np.count_nonzero((shown.class_ids != true).any(axis=0))
        assert behind <= 2, "columns at both edges of the square"


def test_an_error_on_a_still_picture_is_gone_after_half_a_second() -> None:
    picture, smoother = scene(), MaskSmoother()
    for index in range(30):
        smoother.smooth(frame(picture, index), mask(square(20, 200), index))
    frames_shown = [
        smoother.smooth(frame(picture, index), mask(square(20, 1), index)).class_ids[60, 40]
        for index in range(30, 60)
    ]
    held = frames_shown.index(1)
    assert 5 < held <= FPS / 2
    assert frames_shown == [200] * held + [1] * (30 - held)


def test_one_wrong_mask_is_not_shown() -> None:
    picture, smoother = scene(), MaskSmoother()
    for index in range(10):
        smoother.smooth(frame(picture, index), mask(square(60), index))
    wrong = smoother.smooth(frame(picture, 10), mask(np.zeros((HEIGHT, WIDTH), np.uint8), 10))
    assert np.array_equal(wrong.class_ids, square(60))


def test_a_late_mask_of_a_change_is_taken_when_it_comes() -> None:
    background, smoother, late = scene(), MaskSmoother(), 6
    for index in range(60):
        seen = square(20 if index < 30 + late else 90)
        picture = drawn(background, 20 if index < 30 else 90)
        shown = smoother.smooth(frame(picture, index), mask(seen, index), age_s=late / FPS)
        assert np.array_equal(shown.class_ids, seen)


def settled(smoother: MaskSmoother) -> None:
    for index in range(10, 30):
        smoother.smooth(frame(scene(), index), mask(square(20), index))


def test_a_cut_takes_the_new_mask() -> None:
    smoother = MaskSmoother()
    settled(smoother)
    shown = smoother.smooth(frame(scene(seed=7), 30), mask(square(90), 30))
    assert np.array_equal(shown.class_ids, square(90))


def test_reset_takes_the_new_mask() -> None:
    smoother = MaskSmoother()
    settled(smoother)
    smoother.reset()
    shown = smoother.smooth(frame(scene(), 30), mask(square(90), 30))
    assert np.array_equal(shown.class_ids, square(90))


def test_a_source_that_begins_again_takes_the_new_mask() -> None:
    smoother = MaskSmoother()
    settled(smoother)
    shown = smoother.smooth(frame(scene(), 0), mask(square(90), 0))
    assert np.array_equal(shown.class_ids, square(90))


def test_other_classes_take_the_new_mask() -> None:
    smoother = MaskSmoother()
    settled(smoother)
    other = Mask(square(20, 2), {0: "background", 2: "car"}, 30)
    shown = smoother.smooth(frame(scene(), 30), other)
    assert np.array_equal(shown.class_ids, other.class_ids)
    assert shown.class_map == other.class_map


def test_another_frame_size_takes_the_new_mask() -> None:
    smoother = MaskSmoother()
    settled(smoother)
    ids = np.full((50, 70), 200, np.uint8)
    shown = smoother.smooth(frame(np.zeros((50, 70, 3), np.uint8), 30), mask(ids, 30))
    assert np.array_equal(shown.class_ids, ids)


def test_a_mask_of_another_size_than_the_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="is not for a frame of"):
        MaskSmoother().smooth(frame(scene(), 0), mask(np.zeros((5, 5), np.uint8)))


def test_masks_given_out_do_not_change_afterwards() -> None:
    background, smoother = scene(), MaskSmoother()
    shown, copies = [], []
    for index in range(20):
        left = 20 + 3 * index
        shown.append(
            smoother.smooth(frame(drawn(background, left), index), mask(square(left), index))
        )
        copies.append(shown[-1].class_ids.copy())
    assert all(np.array_equal(a.class_ids, b) for a, b in zip(shown, copies, strict=True))


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (3, 2), (361, 543)])
def test_pictures_of_any_size_are_taken(shape: tuple[int, int]) -> None:
    smoother = MaskSmoother()
    picture = np.zeros((*shape, 3), np.uint8)
    for index in range(10):
        smoother.smooth(frame(picture, index), mask(np.zeros(shape, np.uint8), index))
    shown = smoother.smooth(frame(picture, 10), mask(np.ones(shape, np.uint8), 10))
    assert shown.class_ids.shape == shape
    assert not shown.class_ids.any()


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    noise=st.sampled_from([0, 10, 120]),
    age_s=st.floats(0, 5),
    elapsed_s=st.floats(0, 3),
)
def test_each_pixel_has_the_class_given_now_or_shown_before(
    seed: int, height: int, width: int, noise: int, age_s: float, elapsed_s: float
) -> None:
    rng = np.random.default_rng(seed)
    smoother, before = MaskSmoother(), None
    for index in range(8):
        image = (100 + rng.integers(-noise, noise + 1, (height, width, 3))).clip(0, 255)
        given_mask = Mask(rng.integers(0, 256, (height, width), np.uint8), CLASS_MAP, index - 2)
        now = Frame(image.astype(np.uint8), index, index * elapsed_s, 0.0)
        shown = smoother.smooth(now, given_mask, age_s)
        fits = shown.class_ids == given_mask.class_ids
        if before is not None:
            fits |= shown.class_ids == before
        assert fits.all()
        assert (shown.frame_index, shown.class_map) == (index - 2, CLASS_MAP)
        before = shown.class_ids
