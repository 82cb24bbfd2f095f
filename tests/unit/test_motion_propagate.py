"""Masks of keyframes are carried to the frames between them."""

from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion import Propagator
from livesegment.sources.pattern import PatternSource

SIZE = (320, 240)
FPS = 15.0
CLASSES = (1, 2, 3)

Picture = npt.NDArray[np.uint8]


@cache
def pattern() -> tuple[list[Frame], list[Mask]]:
    """Return 66 frames of a ball, a box and a star, and their true masks."""
    source = PatternSource(SIZE, FPS, 66)
    frames = [frame for frame in iter(source.read, None) if frame is not None]
    return frames, [source.truth(index) for index in range(66)]


def similarity(shown: list[Mask | None], truth: list[Mask]) -> float:
    """Return the mean J over frames and classes."""
    values = [
        true.similarity(one, class_id)
        for one, true in zip(shown, truth, strict=True)
        if one is not None
        for class_id in CLASSES
    ]
    assert len(values) == len(CLASSES) * len(truth)
    return float(np.mean(values))


def copied(first: Mask, last: Mask, count: int) -> list[Mask | None]:
    return [first if place <= (count - 1) / 2 else last for place in range(count)]


@pytest.mark.parametrize(("step", "least"), [(4, 0.93), (8, 0.92), (16, 0.9)])
def test_masks_from_both_sides_come_close_to_the_truth(step: int, least: float) -> None:
    frames, truth = pattern()
    propagator = Propagator()
    carried: list[Mask | None] = []
    pasted: list[Mask | None] = []
    for start in range(0, 32, step):
        part = slice(start, start + step + 1)
        ends = truth[start], truth[start + step]
        carried += propagator.between(frames[part], *ends)[1:-1]
        pasted += copied(*ends, step + 1)[1:-1]
    true = [mask for mask in truth[:32] if mask.frame_index % step]
    assert similarity(carried, true) > least
    assert similarity(carried, true) > similarity(pasted, true) + 0.05


def test_each_mask_belongs_to_its_frame_and_keyframes_keep_theirs() -> None:
    frames, truth = pattern()
    shown = Propagator().between(frames[3:8], truth[3], truth[7])
    assert [mask.frame_index for mask in shown if mask] == [3, 4, 5, 6, 7]
    assert all(mask is not None and mask.frame_size == SIZE for mask in shown)
    for place in (0, -1):
        mask = shown[place]
        assert mask is not None
        np.testing.assert_array_equal(mask.class_ids, truth[3:8][place].class_ids)
        assert mask.class_map == truth[3].class_map


@pytest.mark.parametrize("only", ["first", "last"])
def test_one_keyframe_is_enough(only: str) -> None:
    frames, truth = pattern()
    first, last = (truth[10], None) if only == "first" else (None, truth[18])
    shown = Propagator().between(frames[10:19], first, last)
    known = truth[10] if only == "first" else truth[18]
    assert similarity(shown, truth[10:19]) > 0.78
    assert similarity(shown, truth[10:19]) > similarity([known] * 9, truth[10:19]) + 0.1


def test_both_sides_are_better_than_one() -> None:
    frames, truth = pattern()
    part = slice(20, 37)
    one = Propagator().between(frames[part], truth[20], None)
    two = Propagator().between(frames[part], truth[20], truth[36])
    assert similarity(two, truth[part]) > similarity(one, truth[part])


def test_without_a_keyframe_nothing_is_known() -> None:
    frames, _ = pattern()
    assert Propagator().between(frames[:5], None, None) == [None] * 5


def test_a_keyframe_without_frames_between() -> None:
    frames, truth = pattern()
    propagator = Propagator()
    assert propagator.between([], None, None) == []
    alone = propagator.between(frames[:1], truth[0], truth[0])
    assert [mask.frame_index for mask in alone if mask] == [0]
    pair = propagator.between(frames[:2], truth[0], truth[1])
    assert [mask.frame_index for mask in pair if mask] == [0, 1]


def test_as_many_frames_as_are_held_at_once() -> None:
    frames, truth = pattern()
    shown = Propagator().between(frames, truth[0], truth[65])
    assert similarity(shown, truth) > similarity(copied(truth[0], truth[65], 66), truth) + 0.2


def test_masks_of_other_sizes_become_the_frames_size() -> None:
    frames, truth = pattern()
    first, last = truth[0].resized((160, 120)), truth[8].resized((500, 375))
    shown = Propagator().between(frames[:9], first, last)
    assert {mask.frame_size for mask in shown if mask} == {SIZE}
    assert similarity(shown, truth[:9]) > 0.85


def test_the_same_calls_give_the_same_masks() -> None:
    frames, truth = pattern()

    def run() -> list[Picture]:
        propagator = Propagator()
        parts = [
            propagator.between(frames[start : start + 7], truth[start], truth[start + 6])
            for start in (0, 6, 12)
        ]
        return [mask.class_ids for part in parts for mask in part if mask]

    first, second = run(), run()
    assert len(first) == 21
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("ids", [(0, 7, 255), (3, 9, 200), (0, 1)])
def test_no_new_ids_appear(ids: tuple[int, ...]) -> None:
    frames, truth = pattern()
    table = np.array([*ids, *ids, *ids], np.uint8)[:4]
    masks = [Mask(table[truth[i].class_ids], {}, i) for i in (0, 8)]
    shown = Propagator().between(frames[:9], *masks)
    found = {int(class_id) for mask in shown if mask for class_id in np.unique(mask.class_ids)}
    assert found <= set(ids)
    assert len(found) > 1


def test_an_object_that_one_keyframe_has_not_is_shown_beside_the_other() -> None:
    frames, truth = pattern()
    without = np.where(truth[0].class_ids == 2, 0, truth[0].class_ids)
    first = Mask(without.astype(np.uint8), truth[0].class_map, 0)
    shown = Propagator().between(frames[:9], first, truth[8])
    beside = shown[7]
    assert beside is not None
    assert beside.similarity(truth[7], 2) > 0.8
    assert beside.similarity(truth[7], 1) > 0.8


def test_names_of_classes_come_from_both_keyframes() -> None:
    frames, truth = pattern()
    first = Mask(truth[0].class_ids, {0: "background", 1: "ball"}, 0)
    last = Mask(truth[4].class_ids, {2: "box", 3: "star"}, 4)
    shown = Propagator().between(frames[:5], first, last)[2]
    assert shown is not None
    assert dict(shown.class_map) == {0: "background", 1: "ball", 2: "box", 3: "star"}


def test_a_picture_that_an_object_fills_has_no_ground_of_its_own() -> None:
    frames, truth = pattern()
    full = Mask(np.full_like(truth[0].class_ids, 1), truth[0].class_map, 6)
    shown = Propagator().between(frames[:7], truth[0], full)
    assert all(mask is not None for mask in shown)
    near_first, near_last = shown[1], shown[5]
    assert near_first is not None
    assert near_last is not None
    assert near_first.similarity(truth[1], 0) > 0.8
    assert near_last.coverage()[1] > near_first.coverage()[1]


def test_masks_without_objects_stay_without() -> None:
    frames, _ = pattern()
    empty = np.zeros(SIZE[::-1], np.uint8)
    shown = Propagator().between(frames[:5], Mask(empty, {}, 0), Mask(empty, {}, 4))
    assert all(mask is not None and not mask.class_ids.any() for mask in shown)


def test_a_still_picture_keeps_the_mask_exactly() -> None:
    frames, truth = pattern()
    still = [Frame(frames[0].image, index, index / FPS, 0.0) for index in range(6)]
    shown = Propagator().between(still, truth[0], truth[0])
    for mask in shown:
        assert mask is not None
        np.testing.assert_array_equal(mask.class_ids, truth[0].class_ids)


def test_nothing_is_carried_across_a_cut() -> None:
    frames, truth = pattern()
    other = [
        Frame((np.full_like(one.image, 255) - one.image)[::-1, ::-1] // 3, one.index, one.pts_s, 0)
        for one in frames
    ]
    cut = frames[:4] + other[4:8]
    last = Mask(truth[7].class_ids[::-1, ::-1], truth[7].class_map, 7)
    shown = Propagator().between(cut, truth[0], last)
    alone = Propagator().between(frames[:4], truth[0], None)
    for mask, wanted in zip(shown[:4], alone, strict=True):
        assert mask is not None
        assert wanted is not None
        np.testing.assert_array_equal(mask.class_ids, wanted.class_ids)
    turned = [Mask(one.class_ids[::-1, ::-1], {}, one.frame_index) for one in truth[4:8]]
    assert similarity(shown[4:], turned) > 0.85


def test_weights_are_read_once_whoever_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading them parses Python, which 3.11 and 3.12 fail at now and then in several threads."""
    Propagator()

    def read(*_: object) -> None:
        raise AssertionError("they are read again")

    monkeypatch.setattr(np, "load", read)
    with ThreadPoolExecutor(2) as threads:
        for begun in [threads.submit(Propagator) for _ in range(4)]:
            begun.result(60)
