"""The picture of bounded size that masks are carried on, whatever the camera gives."""

from dataclasses import replace
from typing import cast

import cv2
import numpy as np

from livesegment.frame import Frame, Image
from livesegment.mask import ClassIds, Mask
from livesegment.motion.prepared import Prepared
from livesegment.motion.raster import Bytes
from livesegment.motion.region import neighbourhood

_MOST_PIXELS = 410_000
"""Pixels of the largest working picture, 854x480: more of them gain nothing in overlap."""


class WorkingPicture:
    """Brings frames and masks to the size that is worked on, and masks back to the frames' size.

    A frame of at most `_MOST_PIXELS` is its own working picture. In a larger one motion is found
    to a working pixel, and only what is handed out is drawn at full size.

    Args:
        frame_size: (width, height) of the frames.

    Attributes:
        frame_size: The same.
        size: (width, height) of the working picture.
    """

    def __init__(self, frame_size: tuple[int, int]) -> None:
        self.frame_size = frame_size
        width, height = frame_size
        scale = min(1.0, (_MOST_PIXELS / max(1, width * height)) ** 0.5)
        self.size = max(1, round(width * scale)), max(1, round(height * scale))
        self._given: Mask | None = None
        self._full: Mask | None = None

    def picture(self, frame: Frame) -> Image:
        """Return a frame's picture at the working size."""
        return frame.downscaled(self.size)

    def enlarged(self, carried: Mask, prepared: Prepared, size: tuple[int, int]) -> Mask:
        """Return what became of a mask, at (width, height).

        Args:
            carried: Of the working size. With the class ids of the prepared mask those that were
                given are returned, whatever got lost on the way to the working size.
            prepared: The mask that was carried.
            size: At most that of the frames; for a smaller one than the working size, that one.
        """
        if self.size == self.frame_size:
            return carried
        if not np.may_share_memory(carried.class_ids, prepared.mask.class_ids):
            is_larger = size[0] > self.size[0] and size[1] > self.size[1]
            return _enlarged(carried, size) if is_larger else carried
        full = self._in_full(prepared.given, size)
        if carried is prepared.mask:
            return full
        return Mask(full.class_ids, carried.class_map, carried.frame_index, grain=full.grain)

    def _in_full(self, given: Mask, size: tuple[int, int]) -> Mask:
        """Return a mask as it was given at (width, height), the same one if it is asked again."""
        if self._full is None or given is not self._given or self._full.frame_size != size:
            self._given, self._full = given, given.resized(size)
        return self._full


def _enlarged(mask: Mask, size: tuple[int, int]) -> Mask:
    """Return a mask at a larger (width, height): no new ids appear.

    Where there are two classes the border between them is drawn smoothly.
    """
    ids = mask.class_ids
    low, high = (int(value) for value in cv2.minMaxLoc(ids)[:2])
    is_high = (ids == high).view(np.uint8)
    of_high = cv2.countNonZero(is_high)
    if of_high < ids.size - np.count_nonzero(ids == low):
        return mask.resized(size)
    is_rare = is_high if 2 * of_high <= ids.size else 1 - is_high
    rest = low if is_rare is is_high else high
    larger = np.full(size[::-1], rest, np.uint8)
    if low != high:
        _draw(larger, is_rare, low ^ high)
    return replace(mask, class_ids=larger, grain=mask.grain_at(size))


def _draw(larger: ClassIds, where: Bytes, change: int) -> None:
    """Change the bits of class ids inside a shape that is given at a smaller size."""
    rows, columns = where.shape
    height, width = larger.shape
    x, y, w, h = neighbourhood(where, padded=False)
    left, top, right, bottom = (
        max(0, x - 1),
        max(0, y - 1),
        min(columns, x + w + 1),
        min(rows, y + h + 1),
    )
    part = where[top:bottom, left:right] * np.uint8(255)
    left, right = (round(side * width / columns) for side in (left, right))
    top, bottom = (round(side * height / rows) for side in (top, bottom))
    soft = cv2.resize(part, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    changed = cast(Bytes, cv2.threshold(soft, 127, change, cv2.THRESH_BINARY, dst=soft)[1])
    larger[top:bottom, left:right] ^= changed
