"""How much pictures change, and whether they still show what was marked."""

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from livesegment.motion.difference import Change, SceneChange, Stillness

SIZE = (640, 360)

Picture = npt.NDArray[np.uint8]


def texture(seed: int, size: tuple[int, int] = SIZE, scale: int = 12) -> Picture:
    width, height = size
    cells = (height // scale + 1, width // scale + 1, 3)
    coarse = np.random.default_rng(seed).integers(0, 256, cells).astype(np.uint8)
    return cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)


def noisy(picture: Picture, seed: int, sigma: float = 4.0) -> Picture:
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def compressed(picture: Picture, quality: int) -> Picture:
    _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)


def with_box(picture: Picture, x: int, contrast: int, side: int) -> Picture:
    """Return a picture with a small box that is a little lighter than a grey wall."""
    done = picture.copy()
    done[100 : 100 + side, x : x + side] = 120 + contrast
    return done


def wall() -> Picture:
    picture = texture(3)
    picture[60:200] = 120
    return picture


def pan(speed: int, count: int = 12) -> list[Picture]:
    wide = texture(1, (1280, 360))
    return [wide[:, 20 + speed * i : 660 + speed * i].copy() for i in range(count)]


def amounts(pictures: list[Picture]) -> list[float]:
    change = SceneChange()
    return [change.step(picture).amount for picture in pictures]


def test_a_cut_is_a_cut_and_a_pan_is_none() -> None:
    change = SceneChange()
    pictures = [*pan(12, 5), *(255 - picture // 2 for picture in pan(12, 5))]
    pictures[5:] = [cv2.flip(picture, -1) for picture in pictures[5:]]
    assert [change.step(picture).is_cut for picture in pictures] == [False] * 5 + [True] + [
        False
    ] * 4


def test_the_amount_grows_with_the_motion() -> None:
    still, slow, fast = (sum(amounts(pan(speed))) for speed in (0, 2, 8))
    assert still == 0
    assert 0 < slow < fast
    assert fast > 1.4 * slow


def test_noise_is_hardly_a_change() -> None:
    still = amounts([noisy(texture(1), seed) for seed in range(8)])
    moving = amounts(pan(2, 8))
    assert sum(still) < 0.2 * sum(moving)


def test_a_larger_part_that_moves_is_a_larger_change() -> None:
    def moving(height: int) -> float:
        pictures = pan(0, 8)
        for picture, moved in zip(pictures, pan(6, 8), strict=True):
            picture[:height] = moved[:height]
        return sum(amounts(pictures))

    assert 0 < moving(60) < moving(300)


def test_the_first_picture_is_no_cut_and_one_of_another_size_is() -> None:
    change = SceneChange()
    picture = texture(1)
    half = cv2.resize(picture, None, fx=0.5, fy=0.5)
    assert change.step(picture) == Change(is_cut=False, amount=0)
    assert change.step(half) == Change(is_cut=True, amount=0)
    assert not change.step(half).is_cut


def test_nothing_is_still_before_a_picture_is_marked() -> None:
    stillness = Stillness()
    assert not stillness.is_still(texture(1))
    stillness.mark(texture(1))
    assert stillness.is_still(texture(1))
    assert not stillness.is_still(cv2.resize(texture(1), None, fx=0.5, fy=0.5))


@pytest.mark.parametrize("sigma", [1.0, 4.0, 8.0])
def test_noise_and_codecs_leave_a_still_picture_still(sigma: float) -> None:
    # Half as colourful: codecs spoil colours that change from pixel to pixel.
    grey = cv2.cvtColor(cv2.cvtColor(wall(), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    picture = cv2.addWeighted(wall(), 0.3, grey, 0.7, 0)
    shown = [compressed(noisy(picture, seed, sigma), 75) for seed in range(12)]
    stillness = Stillness()
    stillness.is_still(shown[0])
    stillness.mark(shown[1])
    assert all(stillness.is_still(one) for one in shown[2:])


def test_a_lamp_leaves_a_still_picture_still() -> None:
    stillness, picture = Stillness(), (40 + wall() * 0.6).astype(np.uint8)
    stillness.mark(picture)
    assert stillness.is_still(picture + np.uint8(12))


@pytest.mark.parametrize("size", [(640, 360), (1280, 720)])
def test_a_small_thing_of_low_contrast_that_moves_is_noticed(size: tuple[int, int]) -> None:
    side = round(0.02 * SIZE[0])
    at = [cv2.resize(with_box(wall(), 200 + x, 14, side), size) for x in (0, side)]
    stillness = Stillness()
    stillness.is_still(noisy(at[0], 0, 2))
    stillness.mark(noisy(at[0], 1, 2))
    assert stillness.is_still(noisy(at[0], 2, 2))
    assert not stillness.is_still(noisy(at[1], 3, 2))


def test_a_slow_drift_is_noticed_though_no_step_is() -> None:
    big = cv2.resize(wall(), (6400, 3600), interpolation=cv2.INTER_CUBIC)
    # A tenth of a pixel a frame.
    pictures = [
        cv2.resize(big[:3400, i : 6200 + i], (620, 340), interpolation=cv2.INTER_AREA)
        for i in range(40)
    ]
    against_last, against_first = Stillness(), Stillness()
    against_first.mark(pictures[0])
    still = []
    for before, now in pairwise(pictures):
        against_last.mark(before)
        assert against_last.is_still(now)
        still.append(against_first.is_still(now))
    assert still[0]
    assert not still[-1]
