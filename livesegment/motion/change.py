"""Tells where the picture has changed from where it only looks a little different."""

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image

ChangeMap = npt.NDArray[np.uint8]
"""uint8 (H, W), 255 where the picture has changed, else 0."""

Cells = npt.NDArray[np.uint8]
"""uint8 (rows, columns), a value for each cell."""

_NEIGHBOURS = np.ones((3, 3), np.uint8)

_CELLS_ACROSS = 360
# An edge that moves by half a pixel must pass the level at any visible contrast, what a codec does
# to a still wall must not; both in grey levels of a cell.
_LEAST_LEVEL = 12.0
_MOST_LEVEL = 30.0
# A quarter of the cells of a still picture differ by less than 0.9 standard deviations of their
# noise (the largest of three channels), so five times that is a noise of 4.5 deviations.
_CALM_SHARE = 0.25
_NOISE_FACTOR = 5.0
_NOISE_WEIGHT = 0.1
# A picture most of which moves tells nothing of its noise.
_TELLING_SHARE = 0.3
_OTHER_PICTURE_SHARE = 0.5


class ChangeDetector:
    """Compares each picture, cell by cell, with the one in which the cell last changed.

    A change that is too slow to be seen from one frame to the next adds up until it counts. The
    level above which a cell has changed follows the noise of the pictures.
    """

    def __init__(self, first: Image) -> None:
        height, width = first.shape[:2]
        side = max(2, round(max(width, height) / _CELLS_ACROSS))
        side = min(side, width, height)
        columns, rows = width // side, height // side
        # Whole cells only: a fraction costs INTER_AREA four times the time.
        self._covered = slice(0, rows * side), slice(0, columns * side)
        self._size = columns, rows
        self._now = np.empty((rows, columns, 3), np.uint8)
        self._reference = np.empty_like(self._now)
        self._difference = np.empty_like(self._now)
        self._channels = [np.empty((rows, columns), np.uint8) for _ in range(3)]
        self._cells = np.empty((rows, columns), np.uint8)
        self._changed = np.empty((height, width), np.uint8)
        self._noise = 0.0
        self._shrink(first, self._reference)

    def changed(self, image: Image) -> ChangeMap | None:
        """Compare the next picture, BGR of the first one's size.

        Returns:
            Where it has changed, a cell wider than what did, valid until the next call; None when
            it is another picture altogether: a cut, or a camera that moves.
        """
        self._shrink(image, self._now)
        cv2.absdiff(self._now, self._reference, dst=self._difference)
        # Twenty times as fast as one reduction over the channels of each cell.
        cv2.split(self._difference, self._channels)
        largest, *others = self._channels
        for other in others:
            cv2.max(largest, other, dst=largest)
        cv2.threshold(largest, self._level(), 255, cv2.THRESH_BINARY, dst=self._cells)
        if cv2.countNonZero(self._cells) < _TELLING_SHARE * self._cells.size:
            self._measure_noise(largest)
        cv2.dilate(self._cells, _NEIGHBOURS, dst=self._cells)
        if cv2.countNonZero(self._cells) > _OTHER_PICTURE_SHARE * self._cells.size:
            self._now, self._reference = self._reference, self._now
            return None
        cv2.copyTo(self._now, self._cells, self._reference)
        size = self._changed.shape[1], self._changed.shape[0]
        cv2.resize(self._cells, size, dst=self._changed, interpolation=cv2.INTER_NEAREST)
        return self._changed

    def _shrink(self, image: Image, into: Image) -> None:
        cv2.resize(image[self._covered], self._size, dst=into, interpolation=cv2.INTER_AREA)

    def _level(self) -> float:
        return min(max(_LEAST_LEVEL, _NOISE_FACTOR * self._noise), _MOST_LEVEL)

    def _measure_noise(self, differences: Cells) -> None:
        counts = cv2.calcHist([differences], [0], None, [256], [0, 256])
        calm = int(np.searchsorted(counts.cumsum(), _CALM_SHARE * differences.size))
        self._noise += _NOISE_WEIGHT * (calm - self._noise)
