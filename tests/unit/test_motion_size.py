"""A mask is carried as well on a large picture as on a small one."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion import MaskAligner

NAMES = {0: "background", 1: "person"}
SMALL, LARGE, ODD = (854, 480), (3840, 2160), (1919, 1081)

Picture = npt.NDArray[np.uint8]
Size = tuple[int, int]


def texture(seed: int, cells: int) -> Picture:
    grid = np.random.default_rng(seed).integers(0, 256, (cells * 9 // 16, cells, 3))
    return cv2.resize(grid.astype(np.uint8), SMALL, interpolation=cv2.INTER_CUBIC)


def walking(step: int) -> tuple[Picture, Picture]:
    """Somebody with a head who walks and sways before a still ground."""
    turn = cv2.getRotationMatrix2D((360, 260), 3 * np.sin(step), 1 + 0.01 * step)
    turn[:, 2] += 5 * step, step
    shape = np.zeros(SMALL[::-1], np.uint8)
    cv2.ellipse(shape, (360, 290), (45, 110), 0, 0, 360, 255, -1)
    cv2.circle(shape, (360, 160), 32, 255, -1)
    shape = cv2.warpAffine(shape, turn, SMALL)
    picture = texture(1, 60)
    picture[shape > 127] = cv2.warpAffine(texture(2, 90) // 2 + 100, turn, SMALL)[shape > 127]
    return picture, shape


def at(size: Size, step: int) -> tuple[Frame, Mask]:
    picture, shape = (cv2.resize(one, size) for one in walking(step))
    ids = (shape > 127).astype(np.uint8)
    return Frame(picture, step, step / 30, step / 30), Mask(ids, NAMES, step)


def overlap(size: Size, mask_size: Size | None = None) -> float:
    """Return how much of the truth masks show that come three frames late."""
    # Time without end: what a machine that is busy would leave out is not asked here.
    aligner, masks, found = MaskAligner(budget_ms=1000), [], []
    for step in range(8):
        frame, mask = at(size, step)
        masks.append(mask)
        aligner.observe(frame)
        if step < 3:
            continue
        given = masks[step - 3]
        shown = aligner.align(given if mask_size is None else given.resized(mask_size))
        assert shown is not None
        assert shown.frame_size == size
        assert set(np.unique(shown.class_ids)) == {0, 1}
        found.append(shown.similarity(mask, 1))
    return float(np.mean(found))


def test_the_edge_of_what_moves_lies_where_the_picture_has_it() -> None:
    assert overlap(SMALL) > 0.96


@pytest.mark.parametrize("size", [LARGE, ODD])
def test_a_large_picture_shows_as_much_of_the_truth(size: Size) -> None:
    assert overlap(size) > overlap(SMALL) - 0.01


def test_a_mask_smaller_than_a_large_picture_is_carried() -> None:
    assert overlap(ODD, mask_size=(427, 240)) > overlap(SMALL) - 0.02


def test_a_mask_is_made_no_larger_than_is_asked_for() -> None:
    aligner = MaskAligner(budget_ms=1000)
    frames, masks = zip(*(at((1920, 1080), step) for step in range(4)), strict=True)
    for frame in frames:
        aligner.observe(frame)
    whole = aligner.align(masks[1])
    assert whole is not None
    for enough in ((1280, 720), (160, 90)):
        shown = aligner.align(masks[1], enough)
        assert shown is not None
        assert shown.frame_size == max(enough, SMALL)
        assert shown.similarity(whole.resized(shown.frame_size), 1) > 0.98
    # One that need not be moved is made of what was given, not of what was worked on.
    untouched = aligner.align(masks[3], (1280, 720))
    assert untouched is not None
    expected = masks[3].resized((1280, 720)).class_ids
    np.testing.assert_array_equal(untouched.class_ids, expected)


@pytest.mark.parametrize("size", [LARGE, ODD, (1081, 1919)])
@pytest.mark.parametrize("classes", [2, 5])
def test_a_still_large_picture_leaves_the_mask_untouched(size: Size, classes: int) -> None:
    width, height = size
    # Finer than the picture that is worked on.
    ids = np.random.default_rng(3).integers(0, classes, (height, width)).astype(np.uint8)
    picture = cv2.resize(texture(4, 80), size)
    aligner = MaskAligner()
    for index in range(3):
        aligner.observe(Frame(picture, index, index / 30, index / 30))
        for source in (index, 0):
            shown = aligner.align(Mask(ids, {}, source))
            assert shown is not None
            assert shown.frame_index == index
            np.testing.assert_array_equal(shown.class_ids, ids)


@pytest.mark.parametrize("ids", [(0, 200, 31), (5, 9), (255, 0, 128, 64)])
def test_classes_of_a_large_picture_never_mix(ids: tuple[int, ...]) -> None:
    strips = np.array(ids, np.uint8)[np.arange(1280) * 7 // 1280 % len(ids)]
    late = Mask(np.tile(strips, (720, 1)), {}, 0)
    aligner = MaskAligner()
    for index in range(3):
        turn = cv2.getRotationMatrix2D((427, 240), 3 * index, 1.05**index)
        picture = cv2.resize(cv2.warpAffine(texture(5, 80), turn, SMALL), (1280, 720))
        aligner.observe(Frame(picture, index, index / 30, index / 30))
    shown = aligner.align(late)
    assert shown is not None
    assert not np.array_equal(shown.class_ids, late.class_ids)
    assert set(np.unique(shown.class_ids)) == set(ids)
