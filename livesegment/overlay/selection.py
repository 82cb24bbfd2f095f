"""Which classes, and so which pixels, are drawn."""

import logging

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.class_name import comparable
from livesegment.mask import VOID, ClassIds, Mask
from livesegment.overlay.palette import Colours, class_colours
from livesegment.overlay.scratch import Scratch

logger = logging.getLogger(__name__)

Pixels = npt.NDArray[np.uint8]
"""Not 0 where a class is drawn, uint8, shape (H, W)."""


class Selection:
    """The classes of one class map that are drawn, and their colours.

    The background stays clear, and what is no class (`Mask.unclassed`).

    Args:
        mask: Any mask with the class map.
        classes: Names of the classes to draw, in upper or lower case; None: all.
        warns: Whether to say which of these the class map does not have.

    Attributes:
        drawn: Whether each class id is drawn, bool of shape (256,).
        colours: BGR colour of each class id, uint8 of shape (256, 3).
    """

    def __init__(self, mask: Mask, classes: frozenset[str] | None, *, warns: bool = True) -> None:
        self._key = (mask.class_map, classes)
        names = [comparable(mask.class_name(class_id)) for class_id in range(256)]
        wanted = None if classes is None else set(map(comparable, classes))
        if warns and (unknown := sorted((wanted or set()) - set(names))):
            known = ", ".join(mask.class_map.values())
            logger.warning("the model has no class '%s'; it has: %s", "', '".join(unknown), known)
        unclassed = mask.unclassed
        self.drawn = np.array(
            [
                class_id not in unclassed and (wanted is None or name in wanted)
                for class_id, name in enumerate(names)
            ]
        )
        self.colours: Colours = class_colours(mask.class_map)
        self._all_but_void = bool(self.drawn[1:VOID].all())
        self._only = int(self.drawn.argmax()) if self.drawn.sum() == 1 else None

    def fits(self, mask: Mask, classes: frozenset[str] | None) -> bool:
        """Tell whether this is the selection for a mask's class map and a filter."""
        return self._key == (mask.class_map, classes)

    def pixels(self, class_ids: ClassIds, scratch: Scratch) -> Pixels | None:
        """Return where classes are drawn; None: everywhere. Valid until the next call."""
        if self._all_but_void and (self.drawn[VOID] or class_ids.max() < VOID):
            # The usual cases cost nothing: everything is drawn, or what is not 0.
            return None if self.drawn[0] else class_ids
        pixels = scratch.array("selection.pixels", class_ids.shape)
        if self._only is not None:
            np.equal(class_ids, self._only, out=pixels.view(np.bool_))
        else:
            cv2.LUT(class_ids, self.drawn.view(np.uint8), dst=pixels)
        return pixels
