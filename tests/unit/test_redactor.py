"""Which masks are trusted for a picture, and what is hidden of it."""

import cv2
import numpy as np
import pytest
from privacy import (
    CLASS_ID,
    CLASS_NAME,
    SIZE,
    entering_shots,
    panning_shots,
    pattern_shots,
    seen_pixels,
)

from livesegment import Frame, Mask, OptionsError, RedactOptions
from livesegment.frame import Image
from livesegment.mask import ClassIds
from livesegment.redaction.hiding import Redaction
from livesegment.redaction.redactor import Redactor
from livesegment.settings.redact import RedactStyle
from livesegment.sources.pattern import CLASS_MAP

BLACK = RedactOptions(frozenset({CLASS_NAME}), "black")


def frame(image: Image, index: int) -> Frame:
    return Frame(image, index, index / 10, 0.0)


def mask(ids: ClassIds, index: int) -> Mask:
    return Mask(ids, CLASS_MAP, index)


def nothing(size: tuple[int, int] = SIZE) -> ClassIds:
    return np.zeros(size[::-1], np.uint8)


def wall() -> Image:
    return entering_shots(1, 9, (0, 0, 0))[0].image


def test_a_pictures_own_mask_is_trusted_whatever_the_pictures_before() -> None:
    redactor = Redactor(BLACK, 1.0)
    for index, shot in enumerate(pattern_shots(60)[::12]):
        own = mask(shot.class_ids, index)
        leaving = redactor.leave(frame(shot.image, index), own, own, 0.0)
        assert not leaving.is_whole
        assert seen_pixels(leaving.frame.image, shot.class_ids) == 0
        assert (leaving.frame.image == shot.image).all(axis=2).mean() > 0.7


def test_there_is_a_margin_around_the_class() -> None:
    ids = nothing()
    cv2.circle(ids, (90, 70), 20, CLASS_ID, -1)
    image = np.full((*ids.shape, 3), 200, np.uint8)
    own = mask(ids, 0)
    hidden = (Redactor(BLACK).leave(frame(image, 0), own, own, 0.0).frame.image == 0).all(axis=2)
    wider = cv2.dilate(ids, np.ones((3, 3), np.uint8)) > 0
    assert hidden[wider].all()
    assert not hidden[cv2.dilate(ids, np.ones((25, 25), np.uint8)) == 0].any()


def test_margins_grow_with_the_masks_age() -> None:
    image, ids = wall(), nothing()
    ids[60:80, 80:110] = CLASS_ID
    areas = []
    for age_s in (0.1, 0.5, 0.9):
        redactor, said = Redactor(BLACK, 1.0), mask(ids, 0)
        redactor.leave(frame(image, 0), said, said, 0.0)
        leaving = redactor.leave(frame(image, 1), said, mask(ids, 1), age_s)
        areas.append(int((leaving.frame.image == 0).all(axis=2).sum()))
    assert areas[0] < areas[1] < areas[2]


def test_both_where_the_class_was_and_where_it_is_thought_to_be_are_hidden() -> None:
    image, before, now = wall(), nothing(), nothing()
    before[20:40, 20:40], now[90:110, 120:140] = CLASS_ID, CLASS_ID
    redactor, said = Redactor(BLACK, 1.0), mask(before, 0)
    redactor.leave(frame(image, 0), said, said, 0.0)
    left = redactor.leave(frame(image, 1), said, mask(now, 1), 0.1).frame.image
    assert seen_pixels(left, before) == seen_pixels(left, now) == 0


def test_of_a_thing_of_the_walls_colour_the_inside_is_hidden_with_its_edge() -> None:
    image, ids = wall(), nothing()
    cv2.circle(ids, (100, 70), 30, CLASS_ID, -1)
    with_edge = image.copy()
    cv2.circle(with_edge, (100, 70), 30, (20, 20, 20), 2)
    redactor, said = Redactor(BLACK, 1.0), mask(nothing(), 0)
    redactor.leave(frame(image, 0), said, said, 0.0)
    left = redactor.leave(frame(with_edge, 1), said, mask(nothing(), 1), 0.1).frame.image
    assert seen_pixels(left, ids) == 0
    assert (left == with_edge).all(axis=2).mean() > 0.5


def test_a_mask_that_is_too_old_or_of_a_picture_not_seen_is_not_trusted() -> None:
    image = wall()
    redactor, said = Redactor(BLACK, 1.0), mask(nothing(), 2)
    for index in (2, 3):
        redactor.leave(frame(image, index), None, None, 0.0)
    carried = mask(nothing(), 4)
    assert not redactor.leave(frame(image, 4), said, carried, 0.9).is_whole
    assert redactor.leave(frame(image, 4), said, carried, 1.0).is_whole
    assert redactor.leave(frame(image, 4), said, None, 0.1).is_whole
    for not_seen in (1, 5):
        assert redactor.leave(frame(image, 4), mask(nothing(), not_seen), carried, 0.1).is_whole


def test_a_picture_with_little_in_common_is_hidden_whole_even_if_a_mask_was_carried_to_it() -> None:
    first = pattern_shots(1)[0].image
    for changed in (first[::-1], cv2.add(first, np.full_like(first, 25))):
        redactor, said = Redactor(BLACK, 1.0), mask(nothing(), 0)
        redactor.leave(frame(first, 0), said, said, 0.0)
        assert redactor.leave(frame(changed, 1), said, mask(nothing(), 1), 0.1).is_whole


LOOKS = {"bright": 240, "dark": 20, "grey as the wall": 130, "as the wall": None}


@pytest.mark.parametrize("looks", LOOKS)
def test_whoever_comes_in_while_the_camera_pans_is_hidden_and_something_is_left_to_see(
    looks: str,
) -> None:
    level = LOOKS[looks]
    body = None if level is None else np.full((180, 320, 3), level, np.uint8)
    shots = panning_shots(9, body, enters_at=2)
    redactor, said = Redactor(BLACK, 1.0), mask(shots[0].class_ids, 0)
    redactor.leave(frame(shots[0].image, 0), said, said, 0.0)
    for index, shot in enumerate(shots[1:], 1):
        carried = mask(said.class_ids, index)
        leaving = redactor.leave(frame(shot.image, index), said, carried, index / 10)
        assert not leaving.is_whole
        assert (leaving.frame.image == shot.image).all(axis=2).mean() > 0.3
        assert seen_pixels(leaving.frame.image, shot.class_ids) == 0
    assert seen_pixels(shots[-1].image, shots[-1].class_ids) > 3000, "else nothing is tested"


def test_a_class_is_carried_while_the_camera_pans_though_a_mask_overlooks_it_once() -> None:
    shots = panning_shots(12, np.full((180, 320, 3), 130, np.uint8))
    redactor = Redactor(BLACK, 1.0)
    answers = {0: shots[0].class_ids, 4: nothing((320, 180)), 8: shots[8].class_ids}
    said = mask(nothing((320, 180)), 0)
    for index, shot in enumerate(shots):
        if index in answers:
            said = mask(answers[index], index)
        drawn = mask(said.class_ids, index)
        age_s = (index - said.frame_index) / 10
        leaving = redactor.leave(frame(shot.image, index), said, drawn, age_s)
        assert not leaving.is_whole
        assert seen_pixels(leaving.frame.image, shot.class_ids) == 0
        assert (leaving.frame.image == shot.image).all(axis=2).mean() > 0.3


def test_a_pan_that_was_not_seen_from_picture_to_picture_is_hidden_whole() -> None:
    shots = panning_shots(26)
    empty = mask(nothing((320, 180)), 0)
    for shown in ([0, 25], list(range(26))):  # too far at once, and over too many pictures
        redactor = Redactor(BLACK, 9.0)
        for index in shown:
            said = mask(empty.class_ids, 0)
            left = redactor.leave(frame(shots[index].image, index), said, empty, index / 10)
        assert left.is_whole


def test_a_mask_of_another_size_is_not_trusted_even_if_it_is_the_pictures_own() -> None:
    own = mask(nothing((64, 48)), 0)
    assert Redactor(BLACK).leave(frame(wall(), 0), own, None, 0.0).is_whole


def test_a_mask_may_be_in_use_for_long_while_nothing_moves() -> None:
    image, ids = wall(), nothing()
    ids[20:40, 20:40] = CLASS_ID
    redactor, said = Redactor(BLACK), mask(ids, 0)
    for index in range(400):
        left = redactor.leave(frame(image, index), said, mask(ids, index), index / 10)
        assert not left.is_whole
    assert seen_pixels(left.frame.image, ids) == 0


@pytest.mark.parametrize("spacing_s", [0.1, 2.0])
def test_a_mask_that_overlooks_the_class_once_does_not_show_it(spacing_s: float) -> None:
    image, ids = wall(), nothing()
    ids[40:80, 40:80] = CLASS_ID
    redactor, seen = Redactor(BLACK), []
    for index in range(16):
        own = mask(ids if index in (0, 2) else nothing(), index)
        picture = Frame(image, index, index * spacing_s, 0.0)
        left = redactor.leave(picture, own, own, 0.0).frame.image
        seen.append(seen_pixels(left, ids))
    assert seen[:4] == [0] * 4
    assert seen[15] == seen_pixels(image, ids), "gone for long, it does not stay hidden for ever"
    assert (seen[4] == 0) == (spacing_s < 1)


def test_names_are_found_in_upper_and_lower_case_and_others_refused() -> None:
    own = mask(nothing(), 0)
    redactor = Redactor(RedactOptions(frozenset({" Ball", "STAR "})))
    assert not redactor.leave(frame(wall(), 0), own, own, 0.0).is_whole
    with pytest.raises(OptionsError, match="no class 'stair' to redact; it has: background, ball"):
        Redactor(RedactOptions(frozenset({"stair"}))).leave(frame(wall(), 0), own, own, 0.0)
    with pytest.raises(OptionsError, match="it has: no names"):
        Redactor(BLACK).leave(frame(wall(), 0), Mask(nothing()), None, 0.0)
    with pytest.raises(OptionsError, match=r"class names.*none of them empty"):
        RedactOptions(frozenset({"person", " "}))


@pytest.mark.parametrize("size", [(192, 144), (201, 77), (16, 16)])
def test_pixelated_is_nothing_but_the_mean_of_blocks(size: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 255, (*size[::-1], 3), np.uint8)
    hidden = nothing(size)
    hidden[5:12, 3:14] = 1
    hidden[-1, -1] = 1
    left = Redaction(RedactOptions(frozenset({"x"}))).parts(image, hidden)
    side = 8
    for y in range(0, size[1], side):
        for x in range(0, size[0], side):
            block = slice(y, y + side), slice(x, x + side)
            if hidden[block].any():
                assert (left[block] == left[y, x]).all()
            else:
                assert (left[block] == image[block]).all()
    mean = image[:8, :8].reshape(-1, 3).mean(axis=0)
    assert np.abs(left[0, 0] - mean).max() <= 1


@pytest.mark.parametrize("side", [1, 3, 5, 16])
@pytest.mark.parametrize("style", ["pixelate", "black"])
def test_no_pixel_of_a_hidden_cell_is_left(style: RedactStyle, side: int) -> None:
    width, height = 201, 77
    shape = -(-height // side), -(-width // side)
    random = np.random.default_rng(side)
    cells = (random.random(shape) < 0.02).astype(np.uint8)
    cells[-1, -1] = 1
    hidden = np.kron(cells, np.ones((side, side), np.uint8))[:height, :width]
    checkers = (np.indices((height, width)).sum(axis=0) % 2 * 200).astype(np.uint8)
    image = np.repeat(checkers[..., None], 3, axis=2)
    options = RedactOptions(frozenset({"x"}), style=style)
    left = Redaction(options).parts(image, cells, side)
    shown = left[hidden > 0]
    assert shown.max(initial=0) <= (0 if style == "black" else 160)
    assert shown.min(initial=255) >= (0 if style == "black" else 40)
    far = cv2.dilate(hidden, np.ones((17, 17), np.uint8)) == 0
    assert far.any()
    assert (left[far] == image[far]).all()


def test_a_picture_blurred_whole_tells_no_more_than_a_hundred_spots() -> None:
    redaction = Redaction(RedactOptions(frozenset({"x"}), unmasked="blur"))
    image = pattern_shots(1, (480, 360), begin=20)[0].image
    shuffled, side = image.copy(), 40
    for y in range(0, 360, side):
        for x in range(0, 480, side):
            spot = image[y : y + side, x : x + side].reshape(-1, 3)
            mixed = np.random.default_rng(x + y).permutation(spot)
            shuffled[y : y + side, x : x + side] = mixed.reshape(side, side, 3)
    assert (redaction.whole(image) == redaction.whole(shuffled)).all()
    assert redaction.whole(image).any()
