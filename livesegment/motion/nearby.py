"""What the motion of a whole picture missed, looked for nearby."""

from functools import lru_cache
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.mask import ClassIds
from livesegment.motion.blocks import Looks, best_offsets, brightness, colour, taken, within
from livesegment.motion.carry import Picture
from livesegment.motion.history import SMALL, Seen
from livesegment.motion.raster import Bytes, Floats, Whole, add, nearest, pick, reduce, sample
from livesegment.motion.region import Points, Region, whole

_NEARBY = within(2)
_FAR = 8  # see `best_offsets`


def found_again(picture: Region, moved: Points, then: Image, now: Image) -> tuple[Points, Image]:
    """Return the motion that fits best near each cell, and the older picture as that carries it.

    Beside a border, that is the motion on one side of it or the other.

    Args:
        picture: The whole one.
        moved: Displacement to the older picture on a grid over it.
        then: The older picture, made smaller by `SMALL`.
        now: The newest one, likewise.
    """
    rows, columns = moved.shape[:2]
    size = columns, rows
    looked = sample(then, picture.displaced(moved, size, SMALL))
    chosen = best_offsets(_looks(looked), _looks(reduce(now, size)), _NEARBY, _FAR)
    steps = _fetched(_NEARBY, chosen)
    pixels = _fetched(_NEARBY * [picture.width / columns, picture.height / rows], chosen)
    cells = add(steps, whole(size).grid(size))
    return add(pick(moved, cells), pixels), pick(looked, cells)


def _fetched(table: npt.ArrayLike, chosen: Bytes) -> Floats:
    """Return the pairs of a table (N, 2) that are chosen for each cell, float32 (h, w, 2)."""
    # One complex number is fetched several times faster than two real ones.
    pairs = np.ascontiguousarray(table, np.float32).view(np.complex64)[:, 0]
    fetched: Floats = pairs[chosen].view(np.float32)
    return fetched.reshape(*chosen.shape, 2)


def moved_and_found(
    class_ids: ClassIds, moved: Points, arrived: Image, then: Seen | Picture, now: Seen | Picture
) -> ClassIds:
    """Return class ids moved, each pixel from where it looks most alike nearby.

    Args:
        class_ids: At the pictures' size.
        moved: Displacement to the older picture on a grid over the newest.
        arrived: The older picture as that carries it, on the same grid.
        then: The older picture.
        now: The newest one.
    """
    size = class_ids.shape[1], class_ids.shape[0]
    # Whole pixels are several times faster, and what is between them is looked for anyway.
    pixels = np.rint(moved).astype(np.int16)
    there = cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST)
    there = cast(Whole, cv2.add(there, _whole_grid(size), there))
    chosen = best_offsets(
        (brightness(pick(then.gray, there)), nearest(colour(arrived), size)),
        (brightness(now.gray), nearest(colour(now.small), size)),
        _NEARBY,
    )
    return taken(pick(class_ids, there), chosen, _NEARBY)


@lru_cache(maxsize=2)
def _whole_grid(size: tuple[int, int]) -> Whole:
    """Return the position of each pixel of a picture of (width, height)."""
    grid = whole(size).grid(size).astype(np.int16)
    grid.flags.writeable = False
    return grid


def _looks(image: Image) -> Looks:
    return brightness(cast(Bytes, cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))), colour(image)
