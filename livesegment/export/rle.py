"""Class ids as run lengths, in the form that COCO keeps masks in.

Source: the Mask API of the COCO annotation format (Lin et al., Microsoft COCO: Common Objects in
Context, ECCV 2014), as `pycocotools.mask` reads it. A mask is read down its columns, from left to
right; the lengths of its runs, of 0 and 1 in turn and of 0 first, are the counts. They are written
as text: from the fourth on less the one two before, then in groups of five bits, the lowest first,
each as one character from `0` on; the sixth bit says that more groups follow.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from livesegment.mask import ClassIds

_Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Region:
    """All pixels of one class.

    Attributes:
        class_id: Their class.
        counts: Their run lengths as compressed text.
        area: Their number.
        box: Smallest box around them: left, top, width and height in pixels.
    """

    class_id: int
    counts: str
    area: int
    box: tuple[int, int, int, int]


def regions(class_ids: ClassIds) -> Iterator[Region]:
    """Yield the region of every class that occurs, by ascending id.

    Args:
        class_ids: uint8 (H, W).
    """
    height = class_ids.shape[0]
    # One pass finds the runs of all classes: the time does not grow with their number.
    column_major = class_ids.T.ravel()
    starts = np.concatenate(([0], np.flatnonzero(column_major[1:] != column_major[:-1]) + 1))
    ends = np.append(starts[1:], column_major.size)
    run_ids = column_major[starts]
    for class_id in np.unique(run_ids).tolist():
        mine = run_ids == class_id
        first, end = starts[mine], ends[mine]
        counts = _compressed(_counts(first, end, column_major.size))
        area = int((end - first).sum())
        yield Region(class_id, counts, area, _box(first, end, height))


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
