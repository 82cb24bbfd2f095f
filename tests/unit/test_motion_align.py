"""A late mask is carried to the newest frame, without inventing anything."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livesegment.errors import OptionsError
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion import MaskAligner

SIZE = (320, 180)
NAMES = {0: "background", 1: "ball", 2: "box", 7: "bird"}

Picture = npt.NDArray[np.uint8]


def texture(seed: int, width: int = 320, height: int = 180, scale: int = 6) -> Picture:
    coarse = np.random.default_rng(seed).integers(
        0, 256, (height // scale + 1, width // scale + 1, 3)
    )
    return cv2.resize(coarse.astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)


def frame(image: Picture, index: int) -> Frame:
    return Frame(image.copy(), index, index / 30, index / 30)


def disc(x: float, y: float, radius: int = 30, class_id: int = 1) -> Picture:
    ids = np.zeros(SIZE[::-1], np.uint8)
    cv2.circle(ids, (round(x), round(y)), radius, class_id, -1)
    return ids


def scene(step: int, ground: int = 0, ball: int = 9) -> tuple[Picture, Picture]:
    """A textured ball that moves by (3, 1) pixels a step before a still ground."""
    picture, cover = texture(ground), disc(90 + 3 * step, 70 + step)
    skin = np.roll(texture(ball, scale=4), (step, 3 * step), (0, 1))
    picture[cover > 0] = skin[cover > 0]
    return picture, cover


def turning(step: int) -> tuple[Picture, Picture]:
    """Three classes side by side on a plate that turns and grows: no one shift explains it."""
    ids = np.zeros(SIZE[::-1], np.uint8)
    ids[60:120, 110:150], ids[60:120, 150:180], ids[60:120, 180:210] = 1, 2, 7
    around = cv2.getRotationMatrix2D((160, 90), 4 * step, 1 + 0.02 * step)
    now = cv2.warpAffine(ids, around, SIZE, flags=cv2.INTER_NEAREST)
    skin = cv2.warpAffine(texture(5), around, SIZE)
    picture = texture(6, scale=12)
    picture[now > 0] = skin[now > 0]
    return picture, now


def test_what_is_an_object_has_a_class_whichever_there_are() -> None:
    """Whether the objects are one class or two is nothing to where they are."""
    one, two = MaskAligner(budget_ms=1000), MaskAligner(budget_ms=1000)
    for index in range(14):
        picture, _ = turning(index)
        for aligner in (one, two):
            aligner.observe(frame(picture, index))
        if index < 4:
            continue
        late = turning(index - 4)[1]
        objects = one.align(Mask((late > 0).astype(np.uint8), NAMES, index - 4))
        named = two.align(Mask(late, NAMES, index - 4))
        assert objects is not None
        assert named is not None
        np.testing.assert_array_equal(named.class_ids > 0, objects.class_ids > 0)


@pytest.mark.parametrize("kind", ["one object", "several", "a class on every pixel"])
def test_a_mask_that_was_prepared_beside_the_picture_is_carried_alike(kind: str) -> None:
    one, two = MaskAligner(budget_ms=1000), MaskAligner(budget_ms=1000)
    with ThreadPoolExecutor(1) as threads:
        for index in range(8):
            picture, ids = turning(index)
            if kind == "one object":
                ids = (ids > 0).astype(np.uint8)
            elif kind != "several":
                ids[:, :160][ids[:, :160] == 0] = 3
                ids[ids == 0] = 4
            for aligner in (one, two):
                aligner.observe(frame(picture, index))
            mask = Mask(ids, NAMES, index)
            threads.submit(two.prepare, mask).result(10)
            if index % 2 == 0:
                late = mask
            alone, prepared = one.align(late), two.align(late)
            assert alone is not None
            assert prepared is not None
            np.testing.assert_array_equal(prepared.class_ids, alone.class_ids)


def test_a_still_scene_leaves_the_mask_untouched() -> None:
    aligner = MaskAligner()
    noise = np.random.default_rng(1)
    ids = disc(100, 80)  # drawn by hand: it need not follow what the picture shows
    for index in range(12):
        image = texture(0).astype(np.int16) + noise.normal(0, 3, (180, 320, 3))
        aligner.observe(frame(np.clip(image, 0, 255).astype(np.uint8), index))
    aligned = aligner.align(Mask(ids, NAMES, 2))
    assert aligned is not None
    np.testing.assert_array_equal(aligned.class_ids, ids)


@pytest.mark.parametrize("shift", [(1, 0), (-5, 2), (0, -7)])
def test_a_pan_moves_the_mask_exactly(shift: tuple[int, int]) -> None:
    wide = texture(2, 640, 480)
    truth = np.zeros((480, 640), np.uint8)
    cv2.circle(truth, (320, 240), 30, 1, -1)
    cv2.rectangle(truth, (340, 240), (380, 270), 2, -1)
    aligner = MaskAligner()

    def view(picture: Picture, step: int) -> Picture:
        x, y = 160 - step * shift[0], 150 - step * shift[1]
        return picture[y : y + 180, x : x + 320]

    for index in range(6):
        aligner.observe(frame(view(wide, index), index))
    aligned = aligner.align(Mask(view(truth, 0).copy(), NAMES, 0))
    assert aligned is not None
    np.testing.assert_array_equal(aligned.class_ids, view(truth, 5))


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    shift=st.tuples(st.integers(-8, 8), st.integers(-6, 6)),
    ids=st.lists(st.integers(0, 255), min_size=2, max_size=5, unique=True),
    gap=st.integers(1, 3),
)
def test_any_pan_moves_any_classes_exactly(
    shift: tuple[int, int], ids: list[int], gap: int
) -> None:
    wide = texture(8, 640, 480)
    cells = np.random.default_rng(len(ids)).integers(0, len(ids), (24, 32))
    truth = np.array(ids, np.uint8)[cells].repeat(20, axis=0).repeat(20, axis=1)
    aligner = MaskAligner()
    for step in range(3):
        x, y = 160 - step * shift[0], 150 - step * shift[1]
        aligner.observe(frame(wide[y : y + 180, x : x + 320], step * gap))
    aligned = aligner.align(Mask(truth[150:330, 160:480].copy(), {}, 0))
    assert aligned is not None
    assert set(np.unique(aligned.class_ids)) <= set(ids)
    # Nothing is known of what has just come into the picture.
    known = np.s_[12:-12, 16:-16]
    np.testing.assert_array_equal(aligned.class_ids[known], truth[y : y + 180, x : x + 320][known])


def test_an_object_that_moves_before_a_still_ground_is_moved_exactly() -> None:
    aligner = MaskAligner()
    for index in range(8):
        aligner.observe(frame(scene(index)[0], index))
        aligned = aligner.align(Mask(scene(0)[1], NAMES, 0))
    assert aligned is not None
    np.testing.assert_array_equal(aligned.class_ids, scene(7)[1])


def test_several_classes_turn_with_the_picture_and_never_mix() -> None:
    aligner = MaskAligner()
    for index in range(14):
        aligner.observe(frame(turning(index)[0], index))
        if index >= 4:
            aligned = aligner.align(Mask(turning(index - 4)[1], NAMES, index - 4))
            assert aligned is not None
            assert set(np.unique(aligned.class_ids)) <= {0, 1, 2, 7}
    assert aligned is not None
    truth, late = Mask(turning(13)[1]), Mask(turning(9)[1])
    for class_id in (1, 2, 7):
        assert aligned.similarity(truth, class_id) > 0.85
        assert aligned.similarity(truth, class_id) > late.similarity(truth, class_id)


def test_classes_without_a_background_keep_their_ids() -> None:
    aligner = MaskAligner()
    ids = np.full(SIZE[::-1], 5, np.uint8)
    ids[:, 160:], ids[100:, :] = 9, 255
    for index in range(5):
        around = cv2.getRotationMatrix2D((160, 90), index, 1)
        aligner.observe(frame(cv2.warpAffine(texture(3), around, SIZE), index))
    aligned = aligner.align(Mask(ids, {5: "sky", 9: "road"}, 0))
    assert aligned is not None
    assert set(np.unique(aligned.class_ids)) <= {5, 9, 255}
    assert dict(aligned.class_map) == {5: "sky", 9: "road"}


def test_the_newest_frames_own_mask_is_returned_as_it_is() -> None:
    aligner = MaskAligner()
    aligner.observe(frame(texture(0), 4))
    ids = disc(50, 50)
    aligned = aligner.align(Mask(ids, NAMES, 4))
    assert aligned is not None
    np.testing.assert_array_equal(aligned.class_ids, ids)
    assert aligned.frame_index == 4


def test_a_smaller_mask_is_brought_to_the_frames_size() -> None:
    aligner = MaskAligner()
    for index in range(3):
        aligner.observe(frame(scene(index)[0], index))
    small = Mask(disc(90, 70), NAMES, 0).resized((160, 90))
    aligned = aligner.align(small)
    assert aligned is not None
    assert aligned.frame_size == SIZE
    assert aligned.frame_index == 2


@pytest.mark.parametrize("index", [-1, 1, 99])
def test_a_mask_of_a_frame_never_observed_is_not_aligned(index: int) -> None:
    aligner = MaskAligner()
    assert aligner.align(Mask(disc(50, 50), NAMES, 0)) is None
    for seen in (0, 2, 4):
        aligner.observe(frame(texture(0), seen))
    assert aligner.align(Mask(disc(50, 50), NAMES, index)) is None
    assert aligner.align(Mask(disc(50, 50), NAMES, 2)) is not None


def test_a_mask_that_is_too_old_is_not_aligned() -> None:
    aligner = MaskAligner(max_age_s=0.5)
    for index in range(20):
        aligner.observe(frame(texture(0), index))
    assert aligner.align(Mask(disc(50, 50), NAMES, 3)) is None
    assert aligner.align(Mask(disc(50, 50), NAMES, 5)) is not None


def test_a_cut_drops_the_masks_before_it_and_takes_those_after_it() -> None:
    aligner = MaskAligner()
    dark, bright = texture(0) // 4, 255 - texture(7) // 4
    for index in range(4):
        aligner.observe(frame(dark, index))
    assert aligner.align(Mask(disc(50, 50), NAMES, 1)) is not None
    for index in range(4, 7):
        aligner.observe(frame(bright, index))
    assert aligner.align(Mask(disc(50, 50), NAMES, 3)) is None
    assert aligner.align(Mask(disc(50, 50), NAMES, 4)) is not None


def test_a_flash_is_no_cut() -> None:
    aligner = MaskAligner()
    aligner.observe(frame(texture(0) // 3, 0))
    aligner.observe(frame(texture(0) // 3 + 160, 1))
    assert aligner.align(Mask(disc(50, 50), NAMES, 0)) is not None


def test_another_frame_size_begins_anew() -> None:
    aligner = MaskAligner()
    aligner.observe(frame(texture(0), 0))
    aligner.observe(frame(texture(0, 200, 120), 1))
    assert aligner.align(Mask(disc(50, 50), NAMES, 0)) is None
    aligned = aligner.align(Mask(disc(50, 50), NAMES, 1))
    assert aligned is not None
    assert aligned.frame_size == (200, 120)


def test_a_source_that_counts_from_0_again_begins_anew() -> None:
    aligner = MaskAligner()
    aligner.observe(frame(texture(0), 8))
    aligner.observe(frame(texture(0), 0))
    assert aligner.align(Mask(disc(50, 50), NAMES, 8)) is None
    assert aligner.align(Mask(disc(50, 50), NAMES, 0)) is not None


def test_a_picture_without_objects_stays_without() -> None:
    aligner = MaskAligner()
    for index in range(6):
        aligner.observe(frame(scene(index)[0], index))
        aligned = aligner.align(Mask(np.zeros(SIZE[::-1], np.uint8), NAMES, max(0, index - 2)))
        assert aligned is not None
        assert not aligned.class_ids.any()


def test_an_object_that_fills_the_picture_stays() -> None:
    aligner = MaskAligner()
    for index in range(6):
        aligner.observe(frame(scene(index)[0], index))
    aligned = aligner.align(Mask(np.ones(SIZE[::-1], np.uint8), NAMES, 1))
    assert aligned is not None
    assert aligned.class_ids.all()


def test_an_object_that_a_newer_mask_adds_far_away_is_shown() -> None:
    aligner = MaskAligner()
    near, both = disc(40, 40, 12), disc(40, 40, 12) | disc(270, 140, 20, 2)
    for index in range(16):
        around = cv2.getRotationMatrix2D((160, 90), 0.4 * index, 1)
        aligner.observe(frame(cv2.warpAffine(texture(3, scale=5), around, SIZE), index))
        aligned = aligner.align(Mask(near if index < 9 else both, NAMES, max(0, index - 3)))
        assert aligned is not None
        if index >= 9:
            assert (aligned.class_ids == 2).sum() > 0.7 * (both == 2).sum()


def test_memory_is_bounded() -> None:
    aligner = MaskAligner(max_age_s=0.4)
    for index in range(60):
        aligner.observe(frame(scene(index % 40)[0], index))
        aligner.align(Mask(scene(max(0, index - 3) % 40)[1], NAMES, max(0, index - 3)))
    remembered = [
        index for index in range(60) if aligner.align(Mask(disc(50, 50), NAMES, index)) is not None
    ]
    assert remembered == list(range(47, 60))


@pytest.mark.parametrize("size", [(16, 16), (33, 17), (641, 359), (48, 400)])
@pytest.mark.parametrize("budget_ms", [1.0, 6.0, 15.0])
def test_odd_and_small_frames_are_aligned(size: tuple[int, int], budget_ms: float) -> None:
    width, height = size
    wide = texture(4, width * 2, height * 2, 5)
    aligner = MaskAligner(budget_ms=budget_ms)
    ids = np.zeros((height, width), np.uint8)
    ids[height // 4 : height // 2, width // 4 : width // 2] = 3
    for index in range(4):
        around = cv2.getRotationMatrix2D((width / 2, height / 2), 3 * index, 1 + 0.03 * index)
        aligner.observe(frame(cv2.warpAffine(wide, around, size), index))
        aligned = aligner.align(Mask(ids, NAMES, 0))
        assert aligned is not None
        assert aligned.frame_size == size
        assert set(np.unique(aligned.class_ids)) <= {0, 3}


@pytest.mark.parametrize(
    "options", [{"budget_ms": 0}, {"max_age_s": -1}, {"max_age_s": float("nan")}]
)
def test_options_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(OptionsError, match="above 0"):
        MaskAligner(**options)
