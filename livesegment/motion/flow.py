"""Motion between neighbouring frames, and from a frame back to an older one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from livesegment.motion.raster import Bytes, Floats, add, reduce, sample, scale_and_shift
from livesegment.motion.region import Points, Region


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Values on a grid over a region; outside of the region those at its edge go on.

    Attributes:
        values: float32 (rows, columns) or (rows, columns, 2). A flow keeps displacements in
            full-resolution pixels: where each cell was one frame earlier.
        region: What the grid covers.
    """

    values: Floats
    region: Region

    def at(self, points: Points) -> Floats:
        """Return the values at full-resolution positions, interpolated."""
        rows, columns = self.values.shape[:2]
        scale_x, scale_y = columns / self.region.width, rows / self.region.height
        # Half a pixel on either side: a grid cell's value belongs to its centre.
        shift_x = (0.5 - self.region.x) * scale_x - 0.5
        shift_y = (0.5 - self.region.y) * scale_y - 0.5
        cells = scale_and_shift(points, (scale_x, scale_y), (shift_x, shift_y))
        return sample(self.values, cells)


class FlowEstimator:
    """Dense inverse search on a small picture of the neighbourhood of the objects.

    The settings differ from OpenCV's presets: small patches and a weak smoothness term keep the
    edges of the motion where the edges of the objects are.
    Source: Kroeger et al., Fast Optical Flow using Dense Inverse Search, ECCV 2016; the settings
    were compared by the overlap of moved masks with true ones.

    Args:
        pixels: Size of the picture that the flow is computed on.
        stride: Pixels from one patch to the next; 3 is a little better and takes half as long
            again.
        refines: Whether the flow is found at half of that size and smoothed at the end, which is
            good for the edges of few objects; else it is found pixel by pixel and left as it is.
    """

    def __init__(self, pixels: int, *, stride: int = 4, refines: bool = True) -> None:
        self.pixels = pixels
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._dis.setPatchSize(5)
        self._dis.setPatchStride(stride)
        self._dis.setGradientDescentIterations(12 if refines else 4)
        self._dis.setVariationalRefinementAlpha(4.0)
        self._dis.setVariationalRefinementIterations(2 if refines else 0)
        self._dis.setFinestScale(1 if refines else 0)
        self._dis.setUseMeanNormalization(False)

    def estimate(self, current: Bytes, previous: Bytes, region: Region) -> Field:
        """Return the backward motion from one picture to another in a region."""
        # Smaller than this, DIS has no level of its pyramid left to work on.
        columns, rows = (max(40, side) for side in region.grid_size(self.pixels, 1.0))
        now, then = (
            reduce(region.crop(picture), (columns, rows)) for picture in (current, previous)
        )
        flow = cast(Floats, self._dis.calc(now, then, np.zeros((rows, columns, 2), np.float32)))
        full = scale_and_shift(flow, (region.width / columns, region.height / rows), (0, 0))
        return Field(full, region)


def chain(flows: Iterable[Field], points: Points) -> Points:
    """Follow points backwards through the flows, the newest first.

    Args:
        flows: The motion of each frame to the one before it.
        points: Positions in the newest frame.

    Returns:
        Displacement from each point to where it was in the oldest frame, full-resolution pixels.
    """
    followed = points
    for flow in flows:
        followed = add(followed, flow.at(followed))
    return followed - points
