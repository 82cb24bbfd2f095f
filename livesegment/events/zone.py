"""Which pixels of a mask lie in a zone."""

import math
from collections.abc import Collection

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.mask import ClassIds
from livesegment.settings.zone import Polygon

_MOST_SAMPLES = 64_000  # of a picture of 720p every fourth pixel of every fourth line
_WHOLE: Polygon = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


class ZoneGrid:
    """The pixels of a zone that are looked at, for masks of one size.

    Of a large zone they are a regular grid, of a small one all its pixels: the centre of a pixel
    decides, by the even-odd rule where the outline crosses itself. What lies outside of the
    picture does not count.

    Args:
        zone: The corners; None: the whole picture.
        frame_size: (width, height) of the masks in pixels.
        most: Pixels that are looked at.

    Attributes:
        rows: Those of the grid.
        columns: Those of the grid.
        inside: uint8 (rows, columns), 255 for each pixel that lies in the zone.
        frame_size: As given.
        sample_share: The share of the picture, 0 to 1, for which a pixel of the grid stands.
    """

    def __init__(
        self,
        zone: Polygon | None,
        frame_size: tuple[int, int],
        most: int = _MOST_SAMPLES,
    ) -> None:
        width, height = frame_size
        corners = np.array(_WHOLE if zone is None else zone) * (width, height)
        left, top = np.clip(np.floor(corners.min(0)), 0, (width - 1, height - 1)).astype(int)
        right, bottom = np.clip(np.ceil(corners.max(0)), (left + 1, top + 1), frame_size)
        step = math.ceil(math.sqrt((right - left) * (bottom - top) / most))
        first = min(step // 2, int(right - left) - 1, int(bottom - top) - 1)
        self.rows = slice(int(top) + first, int(bottom), step)
        self.columns = slice(int(left) + first, int(right), step)
        self.inside = _inside(corners, np.r_[self.columns] + 0.5, np.r_[self.rows] + 0.5)
        if not self.inside.any():
            # A sliver between the pixels: the nearest one stands for it.
            self.inside.flat[self.inside.size // 2] = 255
        self._count = int(np.count_nonzero(self.inside))
        self.sample_share = step**2 / (width * height)
        self.frame_size = frame_size

    def inside_of(self, zone: Polygon) -> npt.NDArray[np.bool_]:
        """Return which of the grid's pixels lie in another zone, (rows, columns)."""
        width, height = self.frame_size
        across, down = range(width)[self.columns], range(height)[self.rows]
        corners = np.array(zone) * self.frame_size
        return _inside(corners, np.array(across) + 0.5, np.array(down) + 0.5) > 0

    def coverage(self, class_ids: ClassIds, wanted: Collection[int]) -> float:
        """Return the share of the zone, 0 to 1, that has one of the wanted ids.

        Args:
            class_ids: uint8 (H, W), of the size given before.
            wanted: Class ids.
        """
        samples = np.ascontiguousarray(class_ids[self.rows, self.columns])
        counts = cv2.calcHist([samples], [0], self.inside, [256], [0, 256]).reshape(-1)
        return float(sum(counts[class_id] for class_id in wanted)) / self._count


def _inside(
    corners: npt.NDArray[np.float64], across: npt.NDArray[np.float64], down: npt.NDArray[np.float64]
) -> npt.NDArray[np.uint8]:
    """Return 255 for every point of a grid within a polygon, (len(down), len(across)).

    Source: the crossings test of Shimrat, Algorithm 112, Communications of the ACM, 1962.
    """
    inside = np.zeros((down.size, across.size), bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, 0), strict=True):
        crossed = (y0 <= down) != (y1 <= down)
        if crossed.any():
            at = x0 + (down[crossed] - y0) * (x1 - x0) / (y1 - y0)
            inside[crossed] ^= across[None, :] < at[:, None]
    return inside.astype(np.uint8) * np.uint8(255)
