"""Stretches of eight pixels of a picture's rows, of which only some are worked on."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from livesegment.overlay.cells import Bytes, Indices, flat_view
from livesegment.overlay.scratch import Scratch

EIGHT = 8


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

    @classmethod
    def where(cls, array: Bytes, scratch: Scratch) -> Self:
        """Return those in which anything is not 0.

        Args:
            array: uint8 (H, W), contiguous, at least eight pixels wide.
            scratch: Memory to work in.
        """
        height, width = array.shape
        if over := -width % EIGHT:
            wider: Bytes = scratch.array("stretches.wider", (height, width + over))
            wider[:, :width], wider[:, width:] = array, 0
            array = wider
        return cls(np.flatnonzero(array.view(np.uint64) != 0), width)

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
