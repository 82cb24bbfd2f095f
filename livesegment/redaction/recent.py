"""Where a class was lately."""

from collections import deque

import numpy as np
import numpy.typing as npt

Cells = npt.NDArray[np.uint8]
"""255 where it was, else 0; uint8 (rows, columns)."""

LINGERS_S = 1.0
_LAST_LINGERS_S = 5.0


class RecentCells:
    """Remembers where a class was, so that a reply that overlooks it once does not show it.

    What counts is every reply about a picture of the last second; where replies are rarer than
    that, the one before the newest, if it is about a picture of the last five seconds.
    """

    def __init__(self) -> None:
        self._said: deque[tuple[float, Cells]] = deque()

    def add(self, at_s: float, cells: Cells) -> None:
        """Take the next reply's cells; of another shape, or about an earlier time, they begin anew.

        Args:
            at_s: Media time of the reply's picture.
            cells: Where the class is there.
        """
        if self._said and (self._said[-1][1].shape != cells.shape or at_s < self._said[-1][0]):
            self._said.clear()
        self._said.append((at_s, cells))

    def at(self, now_s: float) -> Cells:
        """Return where the class was, the newest reply included. There must be one."""
        while len(self._said) > 1:
            limit_s = _LAST_LINGERS_S if len(self._said) == 2 else LINGERS_S
            if now_s - self._said[0][0] <= limit_s:
                break
            self._said.popleft()
        union = self._said[-1][1]
        for _, cells in list(self._said)[:-1]:
            union = np.maximum(union, cells)
        return union
