"""Masks with a class on every pixel: carried late, and between keyframes."""

import cv2
import numpy as np
import pytest

from livesegment import Frame, Mask
from livesegment.motion import MaskAligner, Propagator
from livesegment.motion.borders import settled

WIDTH, HEIGHT = 320, 240
NAMES = {0: "sky", 1: "road", 2: "pole", 3: "house"}


def world(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture wider than the frames, with textures, and its classes."""
    random = np.random.default_rng(seed)
    height, width = HEIGHT, 2 * WIDTH
    ids = np.zeros((height, width), np.uint8)
    ids[150:] = 1
    ids[60:150, 200:300] = ids[40:150, 400:520] = 3
    ids[30:170, 150:152] = ids[20:190, 340:342] = 2
    base = np.array([[200, 170, 120], [70, 70, 75], [30, 220, 240], [60, 90, 160]], np.float32)
    texture = np.zeros((height, width), np.float32)
    for cells, weight in ((12, 1.0), (40, 0.7), (160, 0.5)):
        grid = random.random((cells, 2 * cells), np.float32)
        texture += weight * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    image = base[ids] + 50 * (texture[..., None] - texture.mean())
    return image.clip(0, 255).astype(np.uint8), ids


def panned(offsets: list[int]) -> tuple[list[Frame], list[Mask]]:
    image, ids = world()
    frames, masks = [], []
    for index, left in enumerate(offsets):
        part = np.s_[:, left : left + WIDTH]
        frames.append(Frame(np.ascontiguousarray(image[part]), index, index / 30, index / 30))
        masks.append(Mask(np.ascontiguousarray(ids[part]), NAMES, index))
    return frames, masks


def late(frames: list[Frame], masks: list[Mask], delay: int) -> Mask:
    """Return the last frame's mask from that of `delay` frames before, each seen on the way."""
    aligner = MaskAligner()
    shown = None
    for frame in frames:
        aligner.observe(frame)
        if frame.index >= delay:
            shown = aligner.align(masks[frame.index - delay])
    assert shown is not None
    return shown


def test_a_still_scene_stays_untouched() -> None:
    frames, masks = panned([40] * 6)
    assert np.array_equal(late(frames, masks, 5).class_ids, masks[0].class_ids)


@pytest.mark.parametrize("step", [1, 3])
def test_a_translation_is_exact(step: int) -> None:
    frames, masks = panned([40 + step * index for index in range(9)])
    shown, truth = late(frames, masks, 4).class_ids, masks[-1].class_ids
    known = np.s_[:, : WIDTH - 4 * step]
    assert np.array_equal(shown[known], truth[known])


def test_a_pole_two_pixels_wide_survives_five_frames_of_panning() -> None:
    # Speeds that change and a camera that shakes: no shift explains all of it at once.
    frames, masks = panned([40, 43, 47, 50, 52, 57, 60, 64, 67, 71])
    noise = np.random.default_rng(2)
    frames = [
        Frame(
            np.clip(frame.image + noise.normal(0, 6, frame.image.shape), 0, 255).astype(np.uint8),
            frame.index,
            frame.pts_s,
            frame.captured_at_s,
        )
        for frame in frames
    ]
    shown, truth = late(frames, masks, 5), masks[-1]
    known = np.s_[:, : WIDTH - 30]
    pole = Mask(np.ascontiguousarray(truth.class_ids[known]), NAMES)
    carried = Mask(np.ascontiguousarray(shown.class_ids[known]), NAMES)
    assert carried.similarity(pole, 2) > 0.6
    assert masks[4].similarity(truth, 2) < 0.1


def crossed() -> tuple[list[Frame], list[Mask]]:
    """Return a panning scene in which a house rolls the other way, in front of all else."""
    frames, masks = panned([40, 43, 47, 50, 52, 57, 60, 64])
    other, _ = world(5)
    thing = np.ascontiguousarray(other[100:160, 220:270])
    for index, (frame, mask) in enumerate(zip(frames, masks, strict=True)):
        part = np.s_[110:170, 60 + 6 * index : 110 + 6 * index]
        image, ids = frame.image.copy(), mask.class_ids.copy()
        image[part], ids[part] = thing, 3
        frames[index] = Frame(image, index, frame.pts_s, frame.captured_at_s)
        masks[index] = Mask(ids, NAMES, index)
    return frames, masks


def along_plain_flow(frames: list[Frame], mask: Mask) -> np.ndarray:
    """Return the class ids moved along OpenCV's flow, chained from the last frame to the mask's."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grays = [cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY) for frame in frames]
    followed = np.dstack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))).astype(np.float32)
    for index in range(len(frames) - 1, mask.frame_index, -1):
        flow = dis.calc(grays[index], grays[index - 1], None)
        followed = followed + cv2.remap(
            flow, followed, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    ids = cv2.remap(
        mask.class_ids, followed, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(ids)


@pytest.mark.parametrize("delay", [1, 2, 4])
def test_borders_of_what_moves_its_own_way_lie_better_than_along_plain_flow(delay: int) -> None:
    frames, masks = crossed()
    truth = masks[-1].class_ids
    shown = late(frames, masks, delay).class_ids
    plain = along_plain_flow(frames, masks[-1 - delay])
    assert np.count_nonzero(shown != truth) < np.count_nonzero(plain != truth)


def test_classes_never_mix_into_new_ids() -> None:
    frames, masks = panned([40, 45, 49, 55, 60, 66, 70])
    spread = {0: 3, 1: 90, 2: 160, 3: 250}
    masks = [
        Mask(np.vectorize(spread.get)(mask.class_ids).astype(np.uint8), {}, mask.frame_index)
        for mask in masks
    ]
    names = {each: f"class number {each}" for each in spread.values()} | {0: "nowhere"}
    masks = [Mask(mask.class_ids, names, mask.frame_index) for mask in masks]
    assert set(np.unique(late(frames, masks, 3).class_ids)) <= set(spread.values())


@pytest.mark.parametrize("given", ["both", "first", "last"])
def test_between_keyframes_every_class_moves(given: str) -> None:
    frames, masks = panned([40, 46, 51, 57, 62, 68, 73, 79, 84])
    first = None if given == "last" else masks[0]
    last = None if given == "first" else masks[-1]
    shown = Propagator().between(frames, first, last)
    known = np.s_[:, 50 : WIDTH - 50]
    for truth, mask in zip(masks, shown, strict=True):
        assert mask is not None
        assert mask.frame_index == truth.frame_index
        assert (mask.class_ids[known] == truth.class_ids[known]).mean() > 0.98
    if first:
        assert shown[0] is not None
        assert np.array_equal(shown[0].class_ids, masks[0].class_ids)


@pytest.mark.parametrize("step", [0, 2])
def test_between_keyframes_what_stands_still_or_shifts_is_exact(step: int) -> None:
    frames, masks = panned([40 + step * index for index in range(7)])
    known = np.s_[:, 6 * step : WIDTH - 6 * step]
    for truth, mask in zip(masks, Propagator().between(frames, masks[0], masks[-1]), strict=True):
        assert mask is not None
        assert np.array_equal(mask.class_ids[known], truth.class_ids[known])


def test_a_border_that_is_a_pixel_off_goes_where_the_colours_change() -> None:
    frames, masks = panned([40])
    truth = masks[0].class_ids
    off = cv2.warpAffine(
        truth, np.array([[1, 0, 1], [0, 1, 0]], np.float32), truth.shape[::-1],
        flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    borders = settled(off, off, frames[0].image, frames[0].image)
    assert np.count_nonzero(borders != truth) < np.count_nonzero(off != truth) / 3
    assert set(np.unique(borders)) <= set(np.unique(truth))
    one = np.full_like(truth, 3)
    assert np.array_equal(settled(one, one, frames[0].image, frames[0].image), one)


def test_a_cut_between_keyframes_is_not_carried_across() -> None:
    frames, masks = panned([40, 42, 44, 46])
    others, truths = world(9)
    for index in range(4, 8):
        picture = np.ascontiguousarray(others[::-1, 100 : 100 + WIDTH])
        ids = np.ascontiguousarray(truths[::-1, 100 : 100 + WIDTH])
        frames.append(Frame(255 - picture, index, index / 30, index / 30))
        masks.append(Mask(ids, NAMES, index))
    shown = Propagator().between(frames, masks[0], masks[-1])
    for index in (3, 4):
        mask = shown[index]
        assert mask is not None
        assert (mask.class_ids == masks[index].class_ids).mean() > 0.9


def test_the_same_calls_give_the_same_masks() -> None:
    frames, masks = panned([40, 46, 51, 57, 62])
    one, other = (Propagator().between(frames, masks[0], masks[-1]) for _ in range(2))
    for mine, theirs in zip(one, other, strict=True):
        assert mine is not None
        assert theirs is not None
        assert np.array_equal(mine.class_ids, theirs.class_ids)


def test_a_mask_of_another_kind_may_follow() -> None:
    """From classes everywhere to one object, and back."""
    frames, masks = panned([40 + 2 * index for index in range(10)])
    house = [
        Mask((mask.class_ids == 3).astype(np.uint8), {0: "background", 1: "house"}, index)
        for index, mask in enumerate(masks)
    ]
    aligner = MaskAligner()
    for frame in frames:
        aligner.observe(frame)
        if frame.index < 2:
            continue
        given = (masks, house)[frame.index // 3 % 2]
        shown = aligner.align(given[frame.index - 2])
        assert shown is not None
        known = np.s_[:, : WIDTH - 20]
        truth = given[frame.index].class_ids
        assert (shown.class_ids[known] == truth[known]).mean() > 0.95
