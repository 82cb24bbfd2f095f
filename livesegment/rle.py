"""Regions as run lengths, in the form that COCO keeps masks in, both directions.

Source: the Mask API of the COCO annotation format (Lin et al., Microsoft COCO: Common Objects in
Context, ECCV 2014), as `pycocotools.mask` reads it. A mask is read down its columns, from left to
right; the lengths of its runs, of 0 and 1 in turn and of 0 first, are the counts. They are written
as text: from the fourth on less the one two before, then in groups of five bits, the lowest first,
each as one character from `0` on; the sixth bit says that more groups follow. Uncompressed they are
a list of numbers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_Integers = npt.NDArray[np.int64]

_MOST_GROUPS = 6  # of a number: thirty bits


@dataclass(frozen=True, slots=True)
class Region:
    """All pixels of one class, or of one instance.

    Attributes:
        id: Their class, or their instance.
        counts: Their run lengths as compressed text.
        area: Their number.
        box: Smallest box around them: left, top, width and height in pixels.
    """

    id: int
    counts: str
    area: int
    box: tuple[int, int, int, int]


def regions(ids: npt.NDArray[np.unsignedinteger[Any]]) -> Iterator[Region]:
    """Yield the region of every id that occurs, by ascending id.

    Args:
        ids: Whole numbers of shape (H, W).
    """
    height = ids.shape[0]
    # One pass finds the runs of all ids: the time does not grow with their number.
    column_major = ids.T.ravel()
    starts = np.concatenate(([0], np.flatnonzero(column_major[1:] != column_major[:-1]) + 1))
    ends = np.append(starts[1:], column_major.size)
    run_ids = column_major[starts]
    for number in np.unique(run_ids).tolist():
        mine = run_ids == number
        first, end = starts[mine], ends[mine]
        counts = _compressed(_counts(first, end, column_major.size))
        area = int((end - first).sum())
        yield Region(number, counts, area, _box(first, end, height))


def _counts(starts: _Integers, ends: _Integers, size: int) -> _Integers:
    edges = np.stack((starts, ends), axis=1).ravel()
    counts = np.diff(edges, prepend=0)
    return counts if ends[-1] == size else np.append(counts, size - ends[-1])


def _box(starts: _Integers, ends: _Integers, height: int) -> tuple[int, int, int, int]:
    lasts = ends - 1
    left, right = int(starts[0] // height), int(lasts[-1] // height)
    if np.any(starts // height != lasts // height):
        # A run that goes on in the next column touches both the lower and the upper border.
        top, bottom = 0, height - 1
    else:
        top, bottom = int((starts % height).min()), int((lasts % height).max())
    return left, top, right - left + 1, bottom - top + 1


def _compressed(counts: _Integers) -> str:
    left = counts.copy()
    left[3:] -= counts[1:-2]
    is_open = np.ones(left.shape, bool)
    groups = []
    while is_open.any():
        low, left = left & 31, left >> 5
        # The last group's highest bit is the sign of all.
        goes_on = is_open & (left != np.where(low & 16, -1, 0))
        groups.append(np.where(is_open, low + 48 + 32 * goes_on, 0))
        is_open = goes_on
    characters = np.stack(groups, axis=1).astype(np.uint8)
    return characters[characters > 0].tobytes().decode("ascii")


@dataclass(frozen=True, slots=True)
class Runs:
    """A region as runs of pixels, down the columns from left to right.

    Attributes:
        size: (width, height) of the picture in pixels.
        starts: Where each run begins, int64 of shape (N,).
        ends: Where it has ended.
    """

    size: tuple[int, int]
    starts: _Integers
    ends: _Integers

    @property
    def area(self) -> int:
        """How many pixels the region has."""
        return int((self.ends - self.starts).sum())

    def fill(self, columns: npt.NDArray[Any], value: int) -> None:
        """Give the region's pixels a value.

        Args:
            columns: A picture by its columns, of shape (width, height), contiguous.
            value: The value.
        """
        flat = columns.reshape(-1)
        # Copying runs takes a tenth of unpacking them into a picture of their own.
        for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True):
            flat[start:end] = value


def read_runs(counts: Any, size: tuple[int, int]) -> Runs:
    """Return the runs of a region from its counts, compressed or not.

    Args:
        counts: Whatever stands in their place.
        size: (width, height) of the picture in pixels; the caller bounds it.

    Raises:
        ValueError: If they are not the run lengths of a picture of that size.
    """
    lengths = _uncompressed(counts) if isinstance(counts, str) else _listed(counts)
    pixels = size[0] * size[1]
    # Each by itself first: the sum of numbers without a bound has none either.
    if lengths.size > pixels + 1 or np.any(lengths < 0) or np.any(lengths > pixels):
        raise ValueError("its counts are no run lengths")
    edges = np.cumsum(lengths)
    if lengths.sum() != pixels:
        raise ValueError(f"its counts are not those of {size[0]}x{size[1]} pixels")
    starts, ends = edges[:-1:2], edges[1::2]
    is_run = starts < ends
    return Runs(size, starts[is_run], ends[is_run])


def _listed(counts: Any) -> _Integers:
    if not isinstance(counts, list) or not set(map(type, counts)) <= {int}:
        raise ValueError("its counts are no list of whole numbers and no text")
    try:
        return np.array(counts, np.int64)
    except OverflowError:
        raise ValueError("its counts are no run lengths") from None


def _uncompressed(text: str) -> _Integers:
    try:
        characters = np.frombuffer(text.encode("ascii"), np.uint8)
    except UnicodeEncodeError:
        raise ValueError("its counts hold characters of no run lengths") from None
    groups = characters.astype(np.int64) - 48
    if not groups.size or np.any((groups < 0) | (groups > 63)) or groups[-1] & 32:
        raise ValueError("its counts hold characters of no run lengths, or are cut off")
    is_last = groups & 32 == 0
    begins = np.concatenate(([0], np.flatnonzero(is_last)[:-1] + 1))
    number = np.cumsum(is_last) - is_last  # to which each group belongs
    place = np.arange(groups.size) - begins[number]
    if place.max() >= _MOST_GROUPS:
        raise ValueError("its counts are no run lengths")
    values = np.add.reduceat((groups & 31) << (5 * place), begins)
    is_negative = groups[is_last] & 16 != 0
    values = values - np.where(is_negative, 1 << (5 * (place[is_last] + 1)), 0)
    counts: _Integers = values
    # Each is written less the one two before it, from the fourth on.
    counts[1::2] = np.cumsum(values[1::2])
    counts[2::2] = np.cumsum(values[2::2])
    return counts
