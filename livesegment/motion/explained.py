"""Where each part of a picture was in an earlier one, as far as that is certain."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import cv2
import numpy as np

from livesegment.frame import Image
from livesegment.motion.raster import Bytes, Flags, Floats, add, pick, sample, worst_channel

_MOST_STEPS = 20  # pictures over which motion is followed: the errors of each add up
_THINNED = 2
_MOST_NEW = 4  # steps whose motion is found at once; the others wait for the next picture
# In cells. Followed there and back a part has to return to where it began, this near.
ASTRAY = 3.0
_BLUR = 0.5  # of the way that things go from picture to picture: what an open shutter smears
_MOST_BLUR = 6.0
# Of the range of levels around the place where it was: how far a part may be from it.
_LEAST_LEVEL = 6.0
_MOST_LEVEL = 12.0
_NOISE_FACTOR = 5.0
_OTHER_PICTURE_SHARE = 0.5
_SMALL_SHARE = 0.1
_AROUND = np.ones((3, 3), np.uint8)
_BESIDE = np.ones((5, 5), np.uint8)
_NEAR = np.ones((2 * int(ASTRAY) + 1,) * 2, np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """What motion explains of a picture by an earlier one.

    Attributes:
        source: Where each cell was, (x, y) in cells of the earlier picture; float32 (rows,
            columns, 2).
        unknown: 255 where nothing is known; uint8 (rows, columns).
        share: How much of the picture that is, 0 to 1.
        doubt: By how many cells what is known may be wrong.
    """

    source: Floats
    unknown: Bytes
    share: float
    doubt: float

    def carried(self, cells: Bytes) -> Bytes:
        """Return what stands where each cell was, uint8 or float32 (rows, columns)."""
        return pick(cells, self.source)


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """The motion between two pictures, the older of which has the index `older`.

    `back` is from the newer one, `on` from the older: displacements in cells, float32 (h, w, 2),
    at every second cell of every second row.
    """

    older: int
    back: Floats
    on: Floats


class MotionChain:
    """Follows the motion of small pictures from each to the next, there and back.

    What of a picture came from where is known if it is still in the earlier picture, if whoever
    follows the motion back and on again returns to where he began, and if it looks as it did.
    Everything else is unknown, with what that encloses, by itself or with a side of the picture:
    of a thing that came in since, only the edges may differ.
    Source: the check there and back is that of Sundaram, Brox, Keutzer, Dense Point Trajectories by
    GPU-Accelerated Large Displacement Optical Flow, ECCV 2010.
    """

    def __init__(self) -> None:
        self._steps: OrderedDict[int, _Step] = OrderedDict()
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._flow.setFinestScale(1)
        self._flow.setUseMeanNormalization(False)

    def explain(self, copies: Mapping[int, Image], first: int) -> Explained | None:
        """Explain the newest of some pictures by an earlier one.

        Args:
            copies: Small pictures by their rising indices, BGR uint8 (rows, columns, 3).
            first: Index of the earlier one.

        Returns:
            None where too many pictures lie between them, or too little of the newest is explained.
        """
        indices = [index for index in copies if index >= first]
        if not indices or indices[0] != first or not 1 < len(indices) <= _MOST_STEPS + 1:
            return None
        if not self._have_steps(copies, indices):
            return None
        newest, earlier = copies[indices[-1]], copies[first]
        steps = [self._steps[index] for index in indices[1:]]
        began = _grid(newest)
        source = add(began, _at(_followed([each.back for each in reversed(steps)]), began))
        returned = add(source, _at(_followed([each.on for each in steps]), source))
        unknown = _unsure(newest, earlier, source, returned - began)
        filled = _enclosed(unknown, _beyond(source))
        share = cv2.countNonZero(filled) / filled.size
        if share > _OTHER_PICTURE_SHARE:
            return None
        speed = float(np.median(np.abs(steps[-1].back).max(axis=2)))
        unknown = cast(Bytes, cv2.dilate(filled, _BESIDE))
        return Explained(source, unknown, share, ASTRAY + min(_MOST_BLUR, _BLUR * speed))

    def moved(self, copies: Mapping[int, Image], since: int) -> Floats | None:
        """Return where each cell of the newest picture was in the one before, if that is `since`.

        Positions as `Explained.source`.
        """
        indices = list(copies)[-2:]
        if len(indices) < 2 or indices[0] != since or not self._have_steps(copies, indices):
            return None
        began = _grid(copies[indices[1]])
        return add(began, _at(self._steps[indices[1]].back, began))

    def _have_steps(self, copies: Mapping[int, Image], indices: list[int]) -> bool:
        pairs = list(pairwise(indices))
        missing = [pair for pair in pairs if not self._is_known(*pair)]
        for older, newer in missing[:_MOST_NEW]:
            now, then = (_grey(copies[each]) for each in (newer, older))
            self._steps[newer] = _Step(older, self._between(now, then), self._between(then, now))
        while len(self._steps) > _MOST_STEPS:
            del self._steps[min(self._steps)]
        return len(missing) <= _MOST_NEW

    def _between(self, picture: Bytes, other: Bytes) -> Floats:
        nothing = np.zeros((*picture.shape, 2), np.float32)
        flow = cast(Floats, self._flow.calc(picture, other, nothing))
        return np.ascontiguousarray(flow[::_THINNED, ::_THINNED])  # it knows no more

    def _is_known(self, older: int, newer: int) -> bool:
        step = self._steps.get(newer)
        return step is not None and step.older == older

    def clear(self) -> None:
        """Forget all: other pictures come."""
        self._steps.clear()


def _grey(picture: Image) -> Bytes:
    return cast(Bytes, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))


def _near(cells: Bytes) -> Bytes:
    return cast(Bytes, cv2.dilate(cells, _NEAR))


def _grid(picture: Image) -> Floats:
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    return np.dstack([x, y])


def _at(motion: Floats, places: Floats) -> Floats:
    """Return motion as a `_Step` has it at places in cells."""
    return sample(motion, cast(Floats, places * np.float32(1 / _THINNED)))


def _followed(motions: Sequence[Floats]) -> Floats:
    """Return the motion over several steps, in the order given, as a `_Step` has it."""
    rows, columns = motions[0].shape[:2]
    y, x = np.mgrid[:rows, :columns].astype(np.float32) * _THINNED
    began = np.dstack([x, y])
    place = began
    for motion in motions:
        place = add(place, _at(motion, place))
    return cast(Floats, place - began)


def _beyond(source: Floats) -> list[Flags]:
    """Return what came from beyond each side of the earlier picture: left, top, right, bottom."""
    rows, columns = source.shape[:2]
    x, y = source[..., 0], source[..., 1]
    return [x < 0, y < 0, x > columns - 1, y > rows - 1]


def _unsure(newest: Image, earlier: Image, source: Floats, astray: Floats) -> Bytes:
    """Return 255 where the motion is not sure, or does not explain what there is to see."""
    # Levels may be those of the next cell: by so much the motion may be wrong anyway.
    most = sample(cast(Image, cv2.dilate(earlier, _AROUND)), source)
    least = sample(cast(Image, cv2.erode(earlier, _AROUND)), source)
    differs = np.maximum(cv2.subtract(newest, most), cv2.subtract(least, newest)).max(axis=2)
    noise = float(np.median(worst_channel(newest, sample(earlier, source))))
    level = min(max(_LEAST_LEVEL, _NOISE_FACTOR * noise), _MOST_LEVEL)
    is_lost = (astray**2).sum(axis=2) > ASTRAY**2
    return np.where(is_lost | (differs > level), np.uint8(255), np.uint8(0))


def _enclosed(unknown: Bytes, beyond: list[Flags]) -> Bytes:
    """Return what is unknown with what it encloses, by itself or with what came in at one side."""
    near = _near(unknown)
    filled = _filled(near)
    for side in beyond:
        if side.any():
            strip = side.astype(np.uint8) * np.uint8(255)
            filled |= _filled(near | _near(strip))
    return filled


def _filled(cells: Bytes) -> Bytes:
    """Return cells with their holes, and small parts with what lies between their ends."""
    outlines, _ = cv2.findContours(cells, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hulls = [cv2.convexHull(each) for each in outlines]
    small = [each for each in hulls if cv2.contourArea(each) <= _SMALL_SHARE * cells.size]
    filled = cv2.drawContours(np.zeros_like(cells), outlines, -1, 255, cv2.FILLED)
    return cast(Bytes, cv2.drawContours(filled, small, -1, 255, cv2.FILLED))
