"""Where what is drawn ends, as softly as the picture says.

A mask that was decided on a grid coarser than the picture has steps for edges, or edges that lie
somewhere near the true ones. Around them a guided filter fits what is drawn to the colours of the
picture, and so each pixel gets a share that is drawn. Only drawing uses it: whatever counts, keeps
or hides pixels has them by their ids.
"""

import math
from dataclasses import dataclass, replace
from typing import Self, cast

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.mask import ClassIds
from livesegment.overlay.cells import Bytes, Cells, means_of_all
from livesegment.overlay.guided import guided
from livesegment.overlay.scratch import Scratch
from livesegment.overlay.selection import Pixels

COARSE = 2.0
"""The `Mask.grain` above which edges are refined."""

# Where edges have more pixels than both, they stay as they are: three times a person's at 720p.
_MOST_PIXELS = 60_000
_MOST_SHARE = 1 / 14  # of the picture
_HALF = 127
_SQUARE = np.ones((3, 3), np.uint8)
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def reach_of(pixels: Pixels) -> int:
    """Return how wide, in pixels, an edge is softened that nothing tells how to: 1 at 1280x720."""
    return max(1, round(math.sqrt(pixels.size) / 960))


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """The cells of a picture in which what is drawn ends, and how much of each pixel is drawn.

    Attributes:
        cells: The cells.
        picture: Their pixels, uint8 (side, cells x side, 3), as `Cells.take` orders them.
        coverage: 0 (not drawn) to 255, likewise, uint8 (side, cells x side).
    """

    cells: Cells
    picture: Image
    coverage: Bytes

    def inverted(self) -> Self:
        """Return the edge of everything else."""
        return replace(self, coverage=~self.coverage)

    def classes(self, class_ids: ClassIds, pixels: Pixels) -> ClassIds:
        """Return which class each of its pixels has if it is drawn: its own, or the next one.

        Args:
            class_ids: uint8 (H, W).
            pixels: Not 0 where a class is drawn, uint8 (H, W).

        Returns:
            uint8 of the coverage's shape.
        """
        cells = self.cells
        own = cells.take(class_ids)
        drawn = own if pixels is class_ids else cells.take(pixels)
        lowest, highest, _, _ = cv2.minMaxLoc(own, drawn)
        if lowest == highest:
            return np.full_like(own, int(lowest))
        # A cell without a class has one beside it: else it would not be of the edge. 0: none yet.
        is_drawn = drawn > 0
        of_cell = np.multiply(own.astype(np.int16) + 1, is_drawn)
        # Column by column: numpy is slow along a short axis.
        columns = of_cell.max(axis=0).reshape(-1, cells.side)
        best = columns[:, 0].copy()
        for column in columns.T[1:]:
            np.maximum(best, column, out=best)
        around = np.zeros(cells.grid, np.int16)
        around[cells.rows, cells.columns] = best
        around = cast("npt.NDArray[np.int16]", cv2.dilate(around, _SQUARE))
        best = np.where(best > 0, best, around[cells.rows, cells.columns]) - 1
        return np.where(is_drawn, own, best.astype(np.uint8).repeat(cells.side))

    def decided(
        self, class_ids: ClassIds, pixels: Pixels, undrawn: int, scratch: Scratch
    ) -> ClassIds:
        """Return the class ids with the edge where half of a pixel is drawn.

        They are valid until the next call.

        Args:
            class_ids: uint8 (H, W).
            pixels: Not 0 where a class is drawn, uint8 (H, W).
            undrawn: The id of what is not drawn any more.
            scratch: Where to keep them.
        """
        cells, is_drawn = self.cells, self.coverage > _HALF
        own = cells.take(class_ids)
        was_drawn = own if pixels is class_ids else cells.take(pixels)
        outside = np.where(was_drawn > 0, np.uint8(undrawn), own)
        decided: ClassIds = scratch.array("edges.decided", class_ids.shape)
        np.copyto(decided, class_ids)
        cells.put(decided, np.where(is_drawn, self.classes(class_ids, pixels), outside))
        return decided


def soft_edge(image: Image, pixels: Pixels, grain: float, scratch: Scratch) -> Edge | None:
    """Return where what is drawn ends, and how softly.

    The cells begin at the picture's corner and see no further than two cells around: wherever an
    object is, the same pixels give the same edge.

    Args:
        image: BGR uint8 (H, W, 3), contiguous.
        pixels: Not 0 where a class is drawn, uint8 (H, W), contiguous.
        grain: `Mask.grain` of the mask.
        scratch: Memory to work in.

    Returns:
        The edge; None where the mask is fine enough, nothing ends in the picture, or there are so
        many edges that refining them would take too long.
    """
    if grain <= COARSE:
        return None
    # From a cell as large as the grain to one of half of it the filter does equally well.
    side = 1 << int(math.log2(grain))
    if min(pixels.shape) < 3 * side:
        return None
    inside = scratch.array("edges.inside", pixels.shape)
    cv2.threshold(pixels, 0, 255, cv2.THRESH_BINARY, dst=inside)
    drawn = means_of_all(inside, side, scratch)
    ends = cv2.dilate(drawn, _CROSS) != cv2.erode(drawn, _CROSS)
    most = max(_MOST_PIXELS, _MOST_SHARE * pixels.size)
    if not 0 < cv2.countNonZero(ends.view(np.uint8)) * side**2 <= most:
        return None
    near = cv2.dilate(ends.view(np.uint8), _SQUARE).view(np.bool_)
    known = Cells.where(near, side, pixels.shape[1])
    wanted = np.flatnonzero(ends.reshape(-1).take(known.numbers))
    cells, around = known.only(wanted), known.take(image)
    guide = known.taken_of(around, wanted)
    values = cv2.cvtColor(known.means(around)[None], cv2.COLOR_BGR2BGRA)[0]
    values[:, 3] = drawn.reshape(-1).take(known.numbers)
    return Edge(cells, guide, guided(values, guide, known, cells, scratch))
