"""Another background behind the classes that are shown, so that the room is not seen."""

from typing import Protocol, cast

import cv2
import numpy as np

from livesegment.class_name import comparable
from livesegment.errors import OptionsError
from livesegment.frame import Frame, Image
from livesegment.mask import Mask
from livesegment.overlay.alone import Alone
from livesegment.overlay.background import Background
from livesegment.overlay.blend import Blender
from livesegment.overlay.edges import soft_edge
from livesegment.overlay.scratch import Scratch
from livesegment.overlay.selection import Pixels, Selection
from livesegment.redaction.hiding import spots
from livesegment.redaction.trust import Trusted

Names = frozenset[str] | None
"""Names of classes; None: all that a model has."""


class Behind(Protocol):
    """What stands behind the classes."""

    def at(self, size: tuple[int, int]) -> Image:
        """Return it for pictures of a (width, height), BGR uint8 (H, W, 3), contiguous.

        It returns at once, and nobody draws on what it returned.
        """


class Still:
    """The same picture always, as large as it has to be.

    Args:
        image: BGR uint8 (H, W, 3). What of it goes beyond another shape is cut off.
    """

    def __init__(self, image: Image) -> None:
        self._image = image
        self._fitted = image

    def at(self, size: tuple[int, int]) -> Image:
        """Return it at a size."""
        if self._fitted.shape[1::-1] != size:
            self._fitted = covering(self._image, size)
        return self._fitted


def covering(image: Image, size: tuple[int, int]) -> Image:
    """Return the middle of a picture, enlarged or made smaller until it covers a size.

    Args:
        image: BGR uint8 (H, W, 3).
        size: (width, height) in pixels.

    Returns:
        A contiguous picture of that size, with the proportions that things had.
    """
    width, height = size
    across = min(image.shape[1], max(1, round(image.shape[0] * width / height)))
    down = min(image.shape[0], max(1, round(image.shape[1] * height / width)))
    left, top = (image.shape[1] - across) // 2, (image.shape[0] - down) // 2
    middle = image[top : top + down, left : left + across]
    how = cv2.INTER_AREA if across > width else cv2.INTER_LINEAR
    return np.ascontiguousarray(cast(Image, cv2.resize(middle, size, interpolation=how)))


class Backdrop:
    """Puts the classes that are shown before another background.

    Args:
        behind: The other background; None: the room's own, blurred.
        classes: The classes; None: all that the model has. Only fewer can be shown later.
    """

    def __init__(self, behind: Behind | None, classes: Names = None) -> None:
        self._behind = behind
        self._classes = classes
        self._scratch = Scratch()
        blender = Blender(self._scratch)
        self._blurring = Background(blender, self._scratch)
        self._alone = Alone(blender, self._scratch)
        self._selection: Selection | None = None

    @property
    def is_blurred(self) -> bool:
        """Whether it is made of the room."""
        return self._behind is None

    def check(self, mask: Mask) -> None:
        """Check that something is left to stand behind the classes.

        Raises:
            OptionsError: If the model gives every pixel a class and nobody says which are meant.
        """
        if self._classes is None and not mask.background:
            raise OptionsError(
                "with this model everything is a class, so nothing would be behind them: say with"
                f" --classes who stands before the background; it has:"
                f" {', '.join(mask.class_map.values())}"
            )

    def alone(self, frame: Frame) -> Image:
        """Return what there is to see of a picture without a mask: nothing of anybody.

        Where it is made of the room, that is a few spots of light and colour.
        """
        if self._behind is None:
            return spots(frame.image)
        return self._behind.at(frame.frame_size)

    def before(
        self, frame: Frame, said: Mask, drawn: Mask | None, trusted: Trusted, classes: Names
    ) -> Image:
        """Return a new picture of the classes, with the background behind them.

        Args:
            frame: The picture.
            said: What the model said about it or, as far as it is trusted, about an earlier one.
            drawn: The mask carried to the picture; needed where `said` is about an earlier one.
            trusted: How far `said` is trusted.
            classes: The classes that the viewer wants to see now; None: all.
        """
        image = np.ascontiguousarray(frame.image)
        pixels, grain = self._pixels(said, classes), said.grain
        if trusted.difference is not None:
            assert drawn is not None
            # What is known to be of the classes: what was, and has not changed. What was carried
            # only takes away from that, and no colours tell where it ends.
            pixels = (pixels > 0).view(np.uint8)
            pixels[self._pixels(drawn, classes) == 0] = 0
            pixels[_changed(trusted, frame.frame_size) > 0] = 0
            grain = 1.0
        edge = soft_edge(image, pixels, grain, self._scratch)
        if self._behind is None:
            canvas = np.empty_like(image)
            self._blurring.blur(canvas, image, pixels, 1.0, edge)
        else:
            canvas = self._behind.at(frame.frame_size).copy()
            self._alone.put_before(canvas, image, pixels, edge)
        return canvas

    def _pixels(self, mask: Mask, classes: Names) -> Pixels:
        """Return where a class is shown, not 0 there, uint8 (H, W). Valid until the next call."""
        wanted = _common(self._classes, classes)
        if self._selection is None or not self._selection.fits(mask, wanted):
            self._selection = Selection(mask, wanted, warns=classes is None)
        class_ids = np.ascontiguousarray(mask.class_ids)
        pixels = self._selection.pixels(class_ids, self._scratch)
        return np.ones_like(class_ids) if pixels is None else pixels


def _common(names: Names, others: Names) -> Names:
    """Return the names that are among both."""
    if names is None or others is None:
        return others if names is None else names
    known = set(map(comparable, names))
    return frozenset(name for name in others if comparable(name) in known)


def _changed(trusted: Trusted, size: tuple[int, int]) -> Pixels:
    """Return 255 where a picture differs from an earlier one, and around, uint8 (H, W)."""
    assert trusted.difference is not None
    around = np.ones((2 * trusted.reach + 1,) * 2, np.uint8)
    cells = cv2.dilate(trusted.difference.cells, around)
    rows, columns = cells.shape
    side = trusted.cell_side
    large = cv2.resize(cells, (columns * side, rows * side), interpolation=cv2.INTER_NEAREST)
    return np.ascontiguousarray(large[: size[1], : size[0]])
