"""What can be found out about a mask before its turn comes, by the thread that got it."""

import threading
from dataclasses import dataclass
from typing import Self

from livesegment.mask import Mask
from livesegment.motion.dense import is_dense
from livesegment.motion.key import Outline

_MOST = 3  # only the newest mask is shown; another may come while it is


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A mask as it is worked on.

    Attributes:
        given: The mask as it came.
        mask: The same at the size that is worked on.
        outline: What it says of its objects; None where it has a class on every pixel.
    """

    given: Mask
    mask: Mask
    outline: Outline | None

    @classmethod
    def of(cls, given: Mask, size: tuple[int, int]) -> Self:
        """Take what a mask says at (width, height)."""
        mask = given.resized(size)
        counts = mask.pixel_counts()
        outline = None if is_dense(mask, counts) else Outline.of(given, mask, counts)
        return cls(given, mask, outline)


class PreparedMasks:
    """The masks that were prepared last; for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: list[Prepared] = []

    def prepare(self, given: Mask, size: tuple[int, int]) -> None:
        """Find out what a mask says at (width, height), and keep it for `get`."""
        self._keep(Prepared.of(given, size))

    def get(self, given: Mask, size: tuple[int, int]) -> Prepared:
        """Return what a mask says at (width, height), found out now unless it was before."""
        with self._lock:
            for each in self._newest:
                if each.given is given and each.mask.frame_size == size:
                    return each
        return self._keep(Prepared.of(given, size))

    def _keep(self, prepared: Prepared) -> Prepared:
        with self._lock:
            self._newest = [prepared, *self._newest[: _MOST - 1]]
        return prepared
