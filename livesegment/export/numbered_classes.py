"""Class numbers as those want them who train on a class for every pixel: from 0, without gaps."""

import numpy as np
import numpy.typing as npt

from livesegment.errors import SinkError
from livesegment.mask import VOID, ClassIds, Mask

_MOST = VOID  # numbers below the one that says nothing


class NumberedClasses:
    """Numbers the classes of masks as they are noted, the background's among them.

    255 stays what it is in masks and in training: pixels about which nothing is said.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._table: npt.NDArray[np.uint8] = np.full(256, VOID, np.uint8)

    def numbered(self, mask: Mask) -> ClassIds:
        """Return a mask's class numbers, uint8 (H, W), 255 where nothing is said.

        Raises:
            SinkError: If there are more classes than numbers.
        """
        for class_id in sorted(mask.class_map.keys() | mask.coverage().keys()):
            if class_id == VOID and not mask.class_map.get(VOID):
                continue
            number = self._numbers.setdefault(class_id, len(self._numbers))
            if number >= _MOST:
                raise SinkError(f"a data set of this kind has {_MOST} classes at the most")
            self._table[class_id] = number
        return self._table[mask.class_ids]

    @property
    def ids(self) -> list[int]:
        """Ids of all classes, by their numbers."""
        return list(self._numbers)
