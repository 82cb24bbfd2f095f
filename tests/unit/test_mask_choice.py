"""How far a late mask is trusted."""

import numpy as np
import pytest

from livesegment.frame import Frame
from livesegment.live.alignment import MaskChoice, Paste
from livesegment.live.mask_buffer import ArrivedMask, MaskBuffer
from livesegment.mask import Mask

GREY = np.full((48, 64, 3), 90, np.uint8)


def frame(index: int, image: np.ndarray = GREY) -> Frame:
    return Frame(image, index, index / 10, captured_at_s=100 + index / 10)


def board_with(index: int) -> MaskBuffer:
    board = MaskBuffer()
    mask = Mask(np.ones((48, 64), np.uint8), {1: "thing"}, index)
    board.post(ArrivedMask(mask, 100 + index / 10, 0.1))
    return board


@pytest.mark.parametrize(
    ("now", "strength"), [(1, 1.0), (6, 1.0), (10, 1.0), (12, 0.6), (14, 0.2), (15, 0.0), (30, 0.0)]
)
def test_an_old_mask_fades_and_goes(now: int, strength: float) -> None:
    choice = MaskChoice(board_with(0), Paste(), mask_ttl_s=1.5)
    choice.choose(frame(0))
    chosen = choice.choose(frame(now))
    assert chosen.strength == pytest.approx(strength)
    assert (chosen.mask is None) == (strength == 0)


def test_a_scene_cut_drops_the_mask_of_the_scene_before() -> None:
    noise = np.random.default_rng(3)
    scenes = [
        np.kron(noise.integers(0, 255, (6, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)
        for _ in range(2)
    ]
    scenes[1] = 255 - scenes[0] // 2
    board = board_with(0)
    choice = MaskChoice(board, Paste())
    assert choice.choose(frame(0, scenes[0])).mask is not None
    assert choice.choose(frame(1, scenes[0])).mask is not None
    assert choice.choose(frame(2, scenes[1])).mask is None
    assert choice.choose(frame(3, scenes[1])).mask is None
    board.post(ArrivedMask(Mask(np.ones((48, 64), np.uint8), {}, 2), 100.2, 0.1))
    assert choice.choose(frame(4, scenes[1])).mask is not None


def test_a_mask_of_another_size_is_not_drawn() -> None:
    choice = MaskChoice(board_with(0), Paste())
    choice.choose(frame(0))
    assert choice.choose(frame(1, GREY[:24])).mask is None


def test_a_picture_that_stands_is_only_drawn_again_for_a_newer_mask() -> None:
    board = board_with(0)
    choice = MaskChoice(board, Paste())
    chosen = choice.choose(frame(2))
    assert not choice.has_newer(frame(2), chosen)
    board.post(ArrivedMask(Mask(np.ones((48, 64), np.uint8), {}, 1), 100.1, 0.1))
    assert choice.has_newer(frame(2), chosen)
    assert not choice.has_newer(frame(2), choice.choose_again(frame(2)))
