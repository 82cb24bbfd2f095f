"""Block matching: from which place nearby each pixel came, by how alike the surroundings look."""

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.motion.raster import Bytes

Looks = tuple[Bytes, Bytes]
"""Brightness and colour of a picture, each uint8 (h, w) and at most 127."""

_PART = 2**16


def brightness(gray: Bytes) -> Bytes:
    """Return a grey picture as it is compared."""
    return gray >> np.uint8(1)


def colour(image: Image) -> Bytes:
    """Return how much more red than blue each pixel of a picture is, as it is compared."""
    blue, _, red = (cast(Bytes, each) for each in cv2.split(image))
    return (red >> 2) + (np.uint8(64) - (blue >> 2))


def within(reach: int) -> npt.NDArray[np.intp]:
    """Return the offsets (x, y) of that many steps to a side, up or down at most, the least first.

    Shape (N, 2).
    """
    ways = range(-reach, reach + 1)
    every = [(x, y) for y in ways for x in ways if abs(x) + abs(y) <= reach]
    return np.array(sorted(every, key=lambda offset: np.hypot(*offset)))


def best_offsets(then: Looks, now: Looks, offsets: npt.NDArray[np.intp], far: int = 0) -> Bytes:
    """Return for each pixel of a picture at which offset another looks most alike, uint8 (h, w).

    Compared are 3x3 pixels, by the sum of absolute differences. Sums end at 255: what differs
    that much is something else. So bytes do, and each step is one pass of OpenCV over a long row.

    Args:
        then: What is looked at.
        now: What is looked for.
        offsets: (x, y) of the places, of which the first one wins, int (N, 2).
        far: How much more alike than the first one another place must look.

    Returns:
        Which of the offsets.
    """
    height, width = now[0].shape
    reach = int(abs(offsets).max())
    edge = reach + 1
    row = width + 2 * edge
    looked, asked = ([_in_one_row(one, edge) for one in each] for each in (then, now))
    chosen = np.zeros((1, height * row), np.uint8)
    # From the first pixel of the picture to the last, in parts that the processor has at hand.
    end = (height - 1) * row + width
    for begin in range(0, end, _PART):
        part = slice(begin, min(end, begin + _PART))
        _choose(chosen[:, part], looked, asked, reach * (row + 1) + begin, row, offsets, far)
    return chosen.reshape(height, row)[:, :width]


def _in_one_row(plane: Bytes, edge: int) -> Bytes:
    """Return a plane with its edges continued, (1, N)."""
    padded = cv2.copyMakeBorder(plane, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    return cast(Bytes, padded).reshape(1, -1)


def _choose(
    chosen: Bytes,
    looked: list[Bytes],
    asked: list[Bytes],
    first: int,
    row: int,
    offsets: npt.NDArray[np.intp],
    far: int,
) -> None:
    """Choose the offsets of some pixels that follow each other.

    Args:
        chosen: To fill, (1, N).
        looked: What is looked at, (1, L).
        asked: What is looked for, likewise.
        first: Where the surroundings of the first of the pixels begin in these.
        row: From one row of the picture to the next.
        offsets: As for `best_offsets`.
        far: Likewise.
    """
    wanted = chosen.shape[1]
    around = wanted + 2 * (row + 1)
    asked = [one[:, first : first + around] for one in asked]
    unlike, of_colour = np.empty((2, 1, around), np.uint8)
    across = np.empty((1, around - 2), np.uint8)
    rows = [across[:, k * row : k * row + wanted] for k in range(3)]
    sums, better, least, same = np.empty((4, 1, wanted), np.uint8)
    for number, (x, y) in enumerate(offsets.tolist()):
        begin = first + y * row + x
        there = np.s_[:, begin : begin + around]
        cv2.absdiff(looked[0][there], asked[0], unlike)
        cv2.add(unlike, cv2.absdiff(looked[1][there], asked[1], of_colour), unlike)
        cv2.add(cv2.add(unlike[:, :-2], unlike[:, 1:-1], across), unlike[:, 2:], across)
        cv2.add(cv2.add(rows[0], rows[1], sums), rows[2], sums)
        if number == 0:
            same.fill(far)
            cv2.subtract(sums, same, least)
            continue
        cv2.compare(sums, least, cv2.CMP_LT, better)
        cv2.min(least, sums, least)
        same.fill(number)
        cv2.copyTo(same, better, chosen)


def taken(ids: Bytes, chosen: Bytes, offsets: npt.NDArray[np.intp]) -> Bytes:
    """Return the ids at the offset that was chosen for each pixel: no new ones appear.

    Args:
        ids: uint8 (h, w).
        chosen: From `best_offsets`, of the same shape.
        offsets: The same.
    """
    height, width = ids.shape
    edge = int(abs(offsets).max())
    around = cv2.copyMakeBorder(ids, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    out = ids.copy()
    for number, (x, y) in enumerate(offsets.tolist()):
        if (x, y) != (0, 0):
            there = around[edge + y : edge + y + height, edge + x : edge + x + width]
            cv2.copyTo(there, cv2.inRange(chosen, number, number), out)
    return out
