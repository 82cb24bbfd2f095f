"""Stretches of eight pixels of a picture's rows, of which only some are worked on."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from livesegment.overlay.cells import Bytes, Indices, flat_view

EIGHT = 8

# Of the eight pixels of a stretch and one at each side: how many of each three, a byte for each.
_TEN = np.arange(1024)[:, None] >> np.arange(10) & 1
_OF_THREE = (_TEN[:, :-2] + _TEN[:, 1:-1] + _TEN[:, 2:]).astype(np.uint8).view(np.uint64).ravel()


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Some of the stretches of eight pixels that the rows of a picture are made of.

    Where the width is no multiple of eight, a row's last one lies over the one before.

    Attributes:
        numbers: Which, row by row, rising, shape (stretches,).
        width: The picture's, at least eight.
    """

    numbers: Indices
    width: int

    def parts(self, count: int) -> Iterator[Self]:
        """Yield them, at most so many at a time."""
        for first in range(0, self.numbers.size, count):
            yield type(self)(self.numbers[first : first + count], self.width)

    @property
    def last_row(self) -> int:
        """The row of the last one."""
        return int(self.numbers[-1]) // -(-self.width // EIGHT)

    def take(self, array: Bytes) -> Bytes:
        """Return their part of an array of the picture's size, one after the other.

        Args:
            array: uint8 (H, W) or (H, W, 3), contiguous.

        Returns:
            uint8 (1, stretches x 8) or (1, stretches x 8, 3).
        """
        places, together = self._places()
        taken = flat_view(array, together).take(places).view(np.uint8)
        return taken.reshape(1, -1, *array.shape[2:])

    def put(self, array: Bytes, values: Bytes) -> None:
        """Write what `take` returned, or something like it, back to where it belongs."""
        places, together = self._places()
        flat = flat_view(array, together)
        flat[places.ravel()] = values.reshape(-1).view(flat.dtype)

    def _places(self) -> tuple[Indices, int]:
        together = math.gcd(self.width, EIGHT)
        if together == EIGHT:
            return self.numbers, together
        rows, columns = np.divmod(self.numbers, -(-self.width // EIGHT))
        first = np.minimum(columns * EIGHT, self.width - EIGHT) + rows * self.width
        return (first // together)[:, None] + np.arange(EIGHT // together), together


def around_each(tens: npt.NDArray[np.uint16], stretches: Stretches) -> Bytes:
    """Return how many of the nine pixels around each of some stretches are of a set, 0 to 9.

    Args:
        tens: What `Bits.tens` returned.
        stretches: Of the same picture.

    Returns:
        uint8 (1, stretches x 8).
    """
    flat, across = tens.reshape(-1), tens.shape[1]
    above, here, below = (
        _OF_THREE.take(flat.take(stretches.numbers + step)) for step in (0, across, 2 * across)
    )
    above += here
    above += below
    counts: Bytes = above.view(np.uint8)
    return counts.reshape(1, -1)
