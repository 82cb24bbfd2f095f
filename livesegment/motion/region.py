"""The part of the picture in which motion matters: the neighbourhood of the objects."""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.motion.raster import stretch

Points = npt.NDArray[np.float32]
"""Positions or displacements in full-resolution pixels, float32, shape (h, w, 2), as (x, y)."""

_PADDING = 0.2
_MIN_SIDE_PX = 96
_MIN_PADDING_PX = 16


class Region(NamedTuple):
    """A rectangle of the picture in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def area(self) -> int:
        """Pixels inside."""
        return self.width * self.height

    def inside(self, other: "Region") -> bool:
        """Tell whether this lies wholly in another region."""
        return around(self, other) == other

    def holds(self, points: Points) -> npt.NDArray[np.bool_]:
        """Tell which of some positions (h, w, 2) lie inside."""
        x, y = points[..., 0] - self.x, points[..., 1] - self.y
        inside: npt.NDArray[np.bool_] = (x >= 0) & (x < self.width) & (y >= 0) & (y < self.height)
        return inside

    def crop(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return the view of a full-resolution picture that lies inside."""
        return picture[self.y : self.y + self.height, self.x : self.x + self.width]

    def grid_size(self, pixels: int, finest: float, multiple: int = 1) -> tuple[int, int]:
        """Return (columns, rows) of a grid over the region.

        Args:
            pixels: Most cells the grid may have.
            finest: Most cells for a pixel, along one side.
            multiple: What both sides are a multiple of.
        """
        scale = min(finest, (pixels / self.area) ** 0.5)
        columns, rows = (
            max(24, round(side * scale / multiple) * multiple) for side in (self.width, self.height)
        )
        return columns, rows

    def grid(self, size: tuple[int, int], scale: float = 1.0) -> Points:
        """Return the positions of the centres of a grid of (columns, rows) over the region.

        Args:
            size: (columns, rows) of the grid.
            scale: Give the positions in a picture that is smaller by this, along one side.
        """
        columns, rows = size
        grid = np.empty((rows, columns, 2), np.float32)
        grid[..., 0], grid[..., 1] = self._centres(size, scale)
        return grid

    def displaced(self, moved: Points, size: tuple[int, int], scale: float = 1.0) -> Points:
        """Return where the points of a grid of (columns, rows) come from.

        Args:
            moved: Displacement in pixels of the full picture, on another grid over the region.
            size: (columns, rows) of the grid.
            scale: Give the positions in a picture that is smaller by this, along one side.
        """
        if scale != 1.0:
            moved = moved * np.float32(scale)
        there = stretch(moved, size)
        # In place: at full resolution another array of this size costs more than the addition.
        x, y = self._centres(size, scale)
        there[..., 0] += x
        there[..., 1] += y
        return there

    def _centres(
        self, size: tuple[int, int], scale: float
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return the x of the columns, (columns,), and the y of the rows, (rows, 1)."""
        columns, rows = size
        step_x, step_y = scale * self.width / columns, scale * self.height / rows
        x = (scale * self.x - 0.5) + (np.arange(columns, dtype=np.float32) + 0.5) * step_x
        y = (scale * self.y - 0.5) + (np.arange(rows, dtype=np.float32) + 0.5) * step_y
        return x.astype(np.float32), y.astype(np.float32)[:, None]


def whole(frame_size: tuple[int, int]) -> Region:
    """Return the region that is the whole picture of (width, height)."""
    return Region(0, 0, *frame_size)


def around(first: Region, second: Region) -> Region:
    """Return the smallest region that holds both."""
    x, y = min(first.x, second.x), min(first.y, second.y)
    right = max(first.x + first.width, second.x + second.width)
    bottom = max(first.y + first.height, second.y + second.height)
    return Region(x, y, right - x, bottom - y)


def neighbourhood(objects: npt.NDArray[np.uint8], *, padded: bool = True) -> Region:
    """Return the rectangle around all objects, with room for them to move and turn.

    Args:
        objects: uint8 of shape (H, W), not 0 where an object is.
        padded: Leave that room.

    Returns:
        The whole picture where there is no object.
    """
    height, width = objects.shape
    x, y, w, h = cv2.boundingRect(objects)
    if w == 0:
        return Region(0, 0, width, height)
    found = Region(x, y, w, h)
    return room_around(found, (width, height)) if padded else found


def room_around(objects: Region, frame_size: tuple[int, int]) -> Region:
    """Return a rectangle around objects in which they can move and turn.

    Args:
        objects: The rectangle that they fill.
        frame_size: (width, height) of the picture.
    """
    x, y, w, h = objects
    width, height = frame_size
    padding = _PADDING * max(w, h)
    pad_x = max(padding, (_MIN_SIDE_PX - w) / 2, _MIN_PADDING_PX)
    pad_y = max(padding, (_MIN_SIDE_PX - h) / 2, _MIN_PADDING_PX)
    left, top = int(max(0, x - pad_x)), int(max(0, y - pad_y))
    right, bottom = int(min(width, x + w + pad_x)), int(min(height, y + h + pad_y))
    return Region(left, top, right - left, bottom - top)
