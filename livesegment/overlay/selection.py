"""Which classes, and so which pixels, are drawn."""

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.mask import ClassIds, Mask
from livesegment.overlay.palette import Colours, class_colours, is_background
from livesegment.overlay.scratch import Scratch

Pixels = npt.NDArray[np.uint8]
"""Not 0 where a class is drawn, uint8, shape (H, W)."""


class Selection:
    """The classes of one class map that are drawn, and their colours.

    Id 0 stays clear where it is named background; under any other name it is a class like others.

    Attributes:
        drawn: Whether each class id is drawn, bool of shape (256,).
        colours: BGR colour of each class id, uint8 of shape (256, 3).
    """

    def __init__(self, class_map: Mapping[int, str], classes: frozenset[str] | None) -> None:
        self._key = (class_map, classes)
        names = Mask(np.zeros((1, 1), np.uint8), class_map)
        wanted = None if classes is None else {name.strip().casefold() for name in classes}
        self.drawn = np.array(
            [
                not is_background(class_id, names.class_name(class_id))
                and (wanted is None or names.class_name(class_id).casefold() in wanted)
                for class_id in range(256)
            ]
        )
        self.colours: Colours = class_colours(class_map)

    def fits(self, class_map: Mapping[int, str], classes: frozenset[str] | None) -> bool:
        """Tell whether this selection is the one for a class map and a filter."""
        return self._key == (class_map, classes)

    def pixels(self, class_ids: ClassIds, scratch: Scratch) -> Pixels | None:
        """Return where classes are drawn; None: everywhere. Valid until the next call."""
        if self.drawn.all():
            return None
        if not self.drawn[0] and self.drawn[1:].all():
            return class_ids  # the usual case costs nothing: not 0 is drawn
        pixels = scratch.array("selection.pixels", class_ids.shape)
        if self.drawn.sum() == 1:
            np.equal(class_ids, self.drawn.argmax(), out=pixels.view(np.bool_))
        else:
            cv2.LUT(class_ids, self.drawn.view(np.uint8), dst=pixels)
        return pixels
