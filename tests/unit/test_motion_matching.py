"""What looks alike around a cell, in the picture of the mask's frame."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from livesegment.motion.matching import matches

Picture = npt.NDArray[np.uint8]


def painted(x: int, *, columns: int = 96) -> tuple[Picture, npt.NDArray[np.bool_]]:
    """Return a picture of a spotted object at a column before a striped ground, and where it is."""
    random = np.random.default_rng(0)
    stripes = np.where(np.arange(columns) % 6 < 3, 60, 90).astype(np.uint8)
    picture = np.repeat(np.tile(stripes, (48, 1))[..., None], 3, axis=2)
    spots = random.integers(140, 220, (20, 16, 3)).astype(np.uint8)
    picture[14:34, x : x + 16] = spots
    is_object = np.zeros(picture.shape[:2], np.bool_)
    is_object[14:34, x : x + 16] = True
    return picture, is_object


@pytest.mark.parametrize("far", [0, 3, 8, 24])
def test_an_object_is_told_where_its_motion_was_lost(far: int) -> None:
    older, objects = painted(30)
    now, is_there = painted(30 + far)
    by_cell, by_square = matches(now, older, objects)
    assert ((by_cell > 0) == is_there).all()
    inside = cv2.erode(is_there.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    outside = cv2.dilate(is_there.view(np.uint8), np.ones((3, 3), np.uint8)) == 0
    assert (by_square[inside] > 0).all()
    assert (by_square[outside] < 0).all()


def test_where_nothing_of_either_is_in_reach_the_other_is_nearest() -> None:
    picture, _ = painted(30)
    for objects in (np.zeros((48, 96), np.bool_), np.ones((48, 96), np.bool_)):
        for found in matches(picture, picture, objects):
            assert ((found > 0) == objects).all()
            assert np.abs(found).max() <= 1


def test_it_is_what_comparing_cell_by_cell_gives() -> None:
    random = np.random.default_rng(1)
    now, older = random.integers(0, 256, (2, 30, 40, 3)).astype(np.uint8)
    objects = random.random((30, 40)) < 0.2
    by_cell, by_square = matches(now, older, objects)
    far = (1, 2, 3, 4, 6, 8, 12, 16, 24)
    ways = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    for row, column in ((0, 0), (15, 20), (29, 39), (7, 31)):
        least = {True: [255, 255], False: [255, 255]}
        for x, y in {(x * each, y * each) for each in far for x, y in ways}:
            from_row, from_column = np.clip(row + y, 0, 29), np.clip(column + x, 0, 39)
            rows = np.clip(np.arange(row - 1, row + 2), 0, 29)
            columns = np.clip(np.arange(column - 1, column + 2), 0, 39)
            there = np.ix_(np.clip(rows + y, 0, 29), np.clip(columns + x, 0, 39))
            square = np.abs(now[np.ix_(rows, columns)].astype(int) - older[there]).max(axis=2)
            best = least[bool(objects[from_row, from_column])]
            best[0] = min(best[0], square[1, 1])
            best[1] = min(best[1], round(square.mean()))
        for of_kind, found in enumerate((by_cell, by_square)):
            near, ground = least[True][of_kind], least[False][of_kind]
            wanted = (ground - near) / (ground + near + 4)
            assert found[row, column] == pytest.approx(wanted, abs=0.02)
