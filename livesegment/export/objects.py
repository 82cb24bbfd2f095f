"""What of a mask is annotated by itself: its instances, and what else there is of each class."""

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from livesegment.mask import Mask

_FIRST_CLASS = 65_536  # beyond the numbers of instances
_DIGITS = 4


class Objects:
    """The objects of a mask: each is one instance, or what is in none of one class.

    Args:
        mask: The mask.
        unclassed: Ids that are no class to annotate.

    Attributes:
        ids: Which object each pixel belongs to, whole numbers of shape (H, W); those of no object
            are not in `class_of`.
        class_of: The class of each object, by rising id: instances first.
    """

    def __init__(self, mask: Mask, unclassed: Collection[int]) -> None:
        self._mask = mask
        self.ids: npt.NDArray[np.unsignedinteger[Any]] = mask.class_ids
        self.class_of = {each: each for each in mask.pixel_counts() if each not in unclassed}
        if mask.instance_ids is None:
            return
        beyond = mask.class_ids.astype(np.uint32) + _FIRST_CLASS
        self.ids = np.where(mask.instance_ids > 0, mask.instance_ids, beyond)
        # An instance has one class, so that it does not matter which of its pixels says it.
        classes = np.full(_FIRST_CLASS + 256, -1, np.int16)
        classes[self.ids] = mask.class_ids
        found = np.flatnonzero(classes >= 0).tolist()
        self.class_of = {
            each: int(classes[each]) for each in found if classes[each] in self.class_of
        }

    def region(self, object_id: int) -> npt.NDArray[np.uint8]:
        """Return 1 where an object is, else 0; uint8 (H, W)."""
        region: npt.NDArray[np.uint8] = (self.ids == object_id).view(np.uint8)
        return region

    def score(self, object_id: int) -> float | None:
        """Return how sure the model is of an object, 0 to 1, in four digits; None: nobody says.

        That is its confidence in an instance, else the mean certainty of the object's pixels.
        """
        mask = self._mask
        if mask.instance_ids is not None and object_id < _FIRST_CLASS:
            is_told = object_id <= len(mask.confidences)
            return round(mask.confidences[object_id - 1], _DIGITS) if is_told else 1.0
        if mask.certainty is None:
            return None
        return round(float(mask.certainty[self.ids == object_id].mean()) / 255, _DIGITS)
