"""Parts of a source's pictures that nobody may see."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.mask import VOID, Mask
from livesegment.scene import Scene
from livesegment.settings.zone import Polygon
from livesegment.sources.base import Source
from livesegment.sources.wrapped import ChangedSource

# Where a video is coded with half as many colours as pixels, each is mixed with its neighbours'.
_BEYOND = 2  # pixels
_FRACTION_BITS = 6


def hidden(source: Source, zones: Sequence[Polygon]) -> Source:
    """Return a source whose pictures are black in some zones; without any, the source itself.

    Closing the one closes the other.
    """
    return _HiddenSource(source, zones) if zones else source


class _HiddenSource(ChangedSource):
    """Hands on a source's pictures with zones blackened."""

    def __init__(self, source: Source, zones: Sequence[Polygon]) -> None:
        super().__init__(source)
        self._zones = _Zones(zones)
        self.scene = None if source.scene is None else _HiddenScene(source.scene, self._zones)

    def _changed(self, image: Image) -> Image:
        height, width = image.shape[:2]
        seen = np.zeros(image.shape, np.uint8)
        cv2.copyTo(image, self._zones.outside((width, height)), seen)
        return seen


class _HiddenScene:
    """A drawn scene that knows nothing of what is hidden of it."""

    def __init__(self, scene: Scene, zones: "_Zones") -> None:
        self.frame_count = scene.frame_count
        self.latency_s = scene.latency_s
        self._scene = scene
        self._zones = zones

    def truth(self, index: int) -> Mask:
        """Return the mask of frame `index`, with background in the zones."""
        mask = self._scene.truth(index)
        outside = self._zones.outside(mask.frame_size)
        ground = min(mask.background, default=VOID)
        ids = np.where(outside, mask.class_ids, ground).astype(np.uint8)
        return replace(mask, class_ids=ids, certainty=None, instance_ids=None)


class _Zones:
    """Which pixels zones touch, for pictures of any size. For any thread."""

    def __init__(self, zones: Sequence[Polygon]) -> None:
        self._zones = zones
        self._drawn: tuple[tuple[int, int], npt.NDArray[np.uint8]] | None = None

    def outside(self, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
        """Return 255 for each pixel that may be seen, else 0; uint8 (H, W), not to be changed.

        Args:
            size: (width, height) of the pictures.
        """
        drawn = self._drawn
        if drawn is None or drawn[0] != size:
            self._drawn = drawn = size, _outside(self._zones, size)
        return drawn[1]


def _outside(zones: Sequence[Polygon], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    width, height = size
    around = np.ones((2 * _BEYOND + 1, 2 * _BEYOND + 1), np.uint8)
    visible = np.full((height, width), 255, np.uint8)
    for zone in zones:
        # A pixel's centre is a whole number in OpenCV, and half a pixel from its corner here.
        corners = np.array(zone) * size - 0.5
        # All of the zone is drawn, with what lies beyond the picture: only so is it known what its
        # outline encloses.
        first = np.floor(corners.min(0)).astype(int) - _BEYOND - 1
        last = np.ceil(corners.max(0)).astype(int) + _BEYOND + 1
        drawn = np.zeros((last - first + 1)[::-1], np.uint8)
        points = np.round((corners - first) * (1 << _FRACTION_BITS)).astype(np.int32)[None]
        cv2.fillPoly(drawn, list(points), 255, shift=_FRACTION_BITS)
        # What an outline that crosses itself encloses twice is not filled, and is hidden as well.
        grown = cv2.dilate(drawn, around)
        outlines, _ = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(visible, outlines, -1, 0, cv2.FILLED, offset=first.tolist())
    return visible
