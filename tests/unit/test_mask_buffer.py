"""Which of the masks that arrived is drawn."""

import numpy as np

from livesegment.live.mask_buffer import ArrivedMask, MaskBuffer
from livesegment.mask import Mask


def arrived(index: int) -> ArrivedMask:
    return ArrivedMask(Mask(np.zeros((2, 2), np.uint8), {}, index), 100.0 + index, 0.1)


def index(found: ArrivedMask | None) -> int | None:
    return None if found is None else found.frame_index


def test_the_newest_frames_mask_wins_whatever_the_order() -> None:
    board = MaskBuffer()
    assert board.newest() is None
    assert [board.post(arrived(each)) for each in (1, 3, 2, 4)] == [True, True, False, True]
    assert index(board.newest(up_to=9)) == 4


def test_a_held_back_frame_gets_its_own_mask_or_the_nearest_earlier_one() -> None:
    board = MaskBuffer(for_delayed=True)
    assert all(board.post(arrived(each)) for each in (5, 2, 8))
    assert [index(board.newest(up_to=each)) for each in (1, 2, 4, 5, 7, 8, 9)] == [
        None,
        2,
        2,
        5,
        5,
        8,
        8,
    ]


def test_a_mask_that_comes_after_a_newer_one_was_drawn_is_stale() -> None:
    board = MaskBuffer(for_delayed=True)
    board.post(arrived(5))
    board.newest(up_to=6)
    assert not board.post(arrived(4))
    assert not board.post(arrived(5))
    assert board.post(arrived(6))


def test_memory_is_bounded_when_nothing_is_drawn() -> None:
    board = MaskBuffer(for_delayed=True)
    for each in range(2000):
        board.post(arrived(each))
    assert board.newest(up_to=1400) is None
    assert index(board.newest(up_to=1500)) == 1500
