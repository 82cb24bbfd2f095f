"""What of a mask is annotated by itself: its instances, and what else there is of each class."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from livesegment.mask import Mask

_FIRST_CLASS = 65_536  # beyond the numbers of instances
_DIGITS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """The objects of a mask.

    Attributes:
        ids: Which object each pixel belongs to, whole numbers of shape (H, W); those of no object
            are not in `class_of`.
        class_of: The class of each object, by rising id: instances first, then what is in none.
        score_of: How sure the model is of it, 0 to 1, rounded to four digits: its confidence in an
            instance, else the mean certainty of its pixels; an object of which it does not say so
            is left out.
    """

    ids: npt.NDArray[np.unsignedinteger[Any]]
    class_of: dict[int, int]
    score_of: dict[int, float]

    @classmethod
    def of(cls, mask: Mask, unclassed: Collection[int]) -> "Objects":
        """Return the objects of a mask, of which each is one instance or one class.

        Args:
            mask: The mask.
            unclassed: Ids that are no class to annotate.
        """
        if mask.instance_ids is None:
            classes = {each: each for each in mask.pixel_counts() if each not in unclassed}
            return cls(mask.class_ids, classes, _certainties(mask.class_ids, mask, classes))
        is_one = mask.instance_ids > 0
        beyond = mask.class_ids.astype(np.uint32) + _FIRST_CLASS
        ids = np.where(is_one, mask.instance_ids, beyond)
        # An instance has one class, so that it does not matter which of its pixels says it.
        class_of = np.full(_FIRST_CLASS + 256, -1, np.int16)
        class_of[ids] = mask.class_ids
        classes = {each: int(class_of[each]) for each in np.flatnonzero(class_of >= 0).tolist()}
        classes = {each: of for each, of in classes.items() if of not in unclassed}
        scores = _certainties(ids, mask, [each for each in classes if each >= _FIRST_CLASS])
        for each in classes:
            if each < _FIRST_CLASS:
                is_told = each <= len(mask.confidences)
                scores[each] = round(mask.confidences[each - 1], _DIGITS) if is_told else 1.0
        return cls(ids, classes, scores)

    def region(self, object_id: int) -> npt.NDArray[np.uint8]:
        """Return 1 where an object is, else 0; uint8 (H, W)."""
        region: npt.NDArray[np.uint8] = (self.ids == object_id).view(np.uint8)
        return region


def _certainties(
    ids: npt.NDArray[np.unsignedinteger[Any]], mask: Mask, which: Collection[int]
) -> dict[int, float]:
    if mask.certainty is None:
        return {}
    return {each: round(float(mask.certainty[ids == each].mean()) / 255, _DIGITS) for each in which}
