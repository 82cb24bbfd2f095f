"""Square cells of a picture, of which only some are worked on."""

import math
from dataclasses import dataclass, replace
from typing import Any, Self, cast

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.overlay.scratch import Scratch

Indices = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Some cells of a grid over a picture, which begins at the picture's corner.

    Attributes:
        side: Pixels along a side, a power of two: halving is by far the fastest way to a smaller
            picture.
        grid: Rows and columns of the grid.
        numbers: Of the cells on the grid, row by row, rising, shape (cells,).
        rows: Theirs, likewise.
        columns: The same.
        places: Where their pixels are in an array of the picture's size, as many pixels of a row
            at a time as `together` says.
        together: The cells' side, where the picture's width is a multiple of it.
    """

    side: int
    grid: tuple[int, int]
    numbers: Indices
    rows: Indices
    columns: Indices
    places: Indices
    together: int

    @classmethod
    def where(cls, wanted: npt.NDArray[np.bool_], side: int, width: int) -> Self:
        """Return those of a grid that are wanted.

        Args:
            wanted: Which, bool of shape (rows, columns).
            side: Pixels along a side.
            width: The picture's.
        """
        height, across = wanted.shape
        numbers = np.flatnonzero(wanted)
        rows, columns = np.divmod(numbers, across)
        together = math.gcd(width, side)
        steps, in_cell = width // together, side // together
        first = rows * (side * steps) + columns * in_cell
        within = (first[:, None] + np.arange(in_cell)).reshape(1, -1)
        places = within + np.arange(side)[:, None] * steps
        return cls(side, (height, across), numbers, rows, columns, places, together)

    def only(self, chosen: Indices) -> Self:
        """Return some of them, by their places in `numbers`."""
        at = [each.take(chosen) for each in (self.numbers, self.rows, self.columns)]
        return replace(
            self,
            numbers=at[0],
            rows=at[1],
            columns=at[2],
            places=_chosen(self.places, chosen, self.numbers.size),
        )

    def taken_of(self, taken: Bytes, chosen: Indices) -> Bytes:
        """Return what `take` of only some of them returns, given what it returned for all."""
        part: Bytes = _chosen(taken, chosen, self.numbers.size)
        return part.reshape(self.side, -1, *taken.shape[2:])

    def take(self, array: Bytes) -> Bytes:
        """Return their part of an array of the picture's size, the cells side by side.

        Args:
            array: uint8 (H, W) or (H, W, 3), contiguous.

        Returns:
            uint8 (side, cells x side) or (side, cells x side, 3).
        """
        taken = flat_view(array, self.together).take(self.places).view(np.uint8)
        return taken.reshape(self.side, -1, *array.shape[2:])

    def put(self, array: Bytes, values: Bytes) -> None:
        """Write what `take` returned, or something like it, back to where it belongs."""
        flat = flat_view(array, self.together)
        flat[self.places.ravel()] = np.ascontiguousarray(values).reshape(-1).view(flat.dtype)

    def means(self, taken: Bytes) -> Bytes:
        """Return the mean colour of each, uint8 (cells, 3), given their pixels of a picture."""
        side, wide = self.side, cast(Any, taken)
        while side > 1:
            side //= 2
            size = self.rows.size * side, side
            wide = cv2.resize(wide, size, interpolation=cv2.INTER_AREA)
        return cast(Bytes, wide.reshape(-1, 3))


def means_of_all(picture: Bytes, side: int, scratch: Scratch) -> Bytes:
    """Return the means over the whole cells of a side, a power of two, uint8 (rows, columns)."""
    height, width = (each // side * side for each in picture.shape)
    picture = picture[:height, :width]
    while side > 1:
        height, width, side = height // 2, width // 2, side // 2
        half = scratch.array(f"cells.half.{side}", (height, width))
        cv2.resize(picture, (width, height), dst=half, interpolation=cv2.INTER_AREA)
        picture = half
    return picture


def _chosen(values: Any, chosen: Indices, count: int) -> Any:
    """Return the part of some of so many cells, in an array that has them side by side."""
    rows = values.shape[0]
    return values.reshape(rows, count, -1).take(chosen, axis=1).reshape(rows, -1)


def flat_view(array: Bytes, together: int) -> npt.NDArray[Any]:
    """Return a picture, or an array of its size, as one row of so many pixels at a time."""
    channels = array.shape[2] if array.ndim == 3 else 1
    size = channels * together
    # Numbers are moved faster than what numpy knows nothing of.
    return array.reshape(-1).view(f"u{size}" if size in (1, 2, 4, 8) else f"V{size}")
