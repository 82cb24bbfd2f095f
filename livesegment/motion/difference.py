"""How much a picture differs: from the one before it, and from one that was marked."""

from dataclasses import dataclass
from typing import cast
from weakref import ref

import cv2
import numpy as np

from livesegment.downscale import cell_means
from livesegment.frame import Image
from livesegment.motion.cut import CutDetector
from livesegment.motion.raster import Bytes

_CHANGE_ACROSS = 160
_STILL_ACROSS = 360
# Of a flat picture nothing can be said to move; in grey levels from cell to cell.
_LEAST_CONTRAST = 2.0
_NOISE_FLOOR = 1.5
# What a codec does to a still picture with each of its key pictures stays below the least, what a
# small thing of low contrast does as it moves is above. In grey levels of the mean over 3x3 cells;
# codecs keep colours less exactly than brightness.
_LEAST_LEVEL = 5.0
_MOST_LEVEL = 12.0
_COLOUR_LEVEL = 1.4
# The lower three quarters of noise are 0.53 standard deviations on average, so eleven times that
# is a noise of six.
_CALM_SHARE = 0.75
_NOISE_FACTOR = 11.0
_NOISE_KEPT = 0.98
# Cells beside each other that must differ: fewer than a thing of 2% of the width fills.
_LEAST_CELLS = 5
_AROUND = (3, 3)


@dataclass(frozen=True, slots=True)
class Change:
    """How a picture differs from the one before it.

    Attributes:
        is_cut: It shows another scene.
        amount: 0 where nothing changed, 1 where things moved by a hundredth of the picture's width
            on average. It grows as the square root of the motion: added up, it then best tells
            how hard it is to carry a mask over these pictures (of motion itself, its root and no
            measure at all, keyframes at equal steps of the root gave the best masks).
    """

    is_cut: bool
    amount: float


class SceneChange:
    """Measures how much pictures change from one to the next, on small copies."""

    def __init__(self) -> None:
        self._cut = CutDetector()
        self._last: Bytes | None = None
        self._shape: tuple[int, ...] = ()

    def step(self, image: Image) -> Change:
        """Return how the next picture, BGR of any size, differs from the one before it.

        The first one is no cut; one of another size is. Both have an amount of 0.
        """
        small = _cells(image, _CHANGE_ACROSS)
        is_cut = self._cut.is_cut(small)
        now = cast(Bytes, cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
        (last, self._last), (shape, self._shape) = (self._last, now), (self._shape, image.shape)
        if last is None or shape != image.shape:
            return Change(is_cut=last is not None, amount=0.0)
        return Change(is_cut, _moved(last, now) ** 0.5)


class Stillness:
    """Tells whether pictures still show what a marked one showed.

    All are compared with the marked picture, not with the one before, so that slow changes add
    up. A lamp or an exposure that changes the whole picture alike is no change.
    """

    def __init__(self) -> None:
        self._marked: Image | None = None
        self._marked_shape: tuple[int, ...] = ()
        self._last: Image | None = None
        self._last_given: ref[Image] | None = None  # which may be large
        self._noise = 0.0

    def mark(self, image: Image) -> None:
        """Compare with this picture, BGR, from now on."""
        is_last = self._last_given is not None and self._last_given() is image
        self._marked = self._last if is_last else _smooth(image)
        self._marked_shape = image.shape

    def is_still(self, image: Image) -> bool:
        """Tell whether a picture shows no change worth a new mask against the marked one.

        Pictures are given in order: what the noise is shows from one to the next. Without a
        marked one, or with one of another size, nothing is still.
        """
        now = _smooth(image)
        last, self._last, self._last_given = self._last, now, ref(image)
        if last is not None and last.shape == now.shape:
            noise = _calm(now, last)
            # A picture most of which moves tells nothing of its noise.
            if noise <= _MOST_LEVEL / _NOISE_FACTOR:
                # A codec is quiet but for its key pictures: its worst counts, for some time.
                self._noise = max(noise, _NOISE_KEPT * self._noise)
        if self._marked is None or self._marked_shape != image.shape:
            return False
        level = min(max(_LEAST_LEVEL, _NOISE_FACTOR * self._noise), _MOST_LEVEL)
        brightness, *colours = cv2.split(_difference(now, self._marked))
        _, differs = cv2.threshold(brightness, level, 1, cv2.THRESH_BINARY)
        for colour in colours:
            _, differs_too = cv2.threshold(colour, _COLOUR_LEVEL * level, 1, cv2.THRESH_BINARY)
            cv2.max(differs, differs_too, dst=differs)
        if cv2.countNonZero(differs) < _LEAST_CELLS:
            return True
        _, _, stats, _ = cv2.connectedComponentsWithStats(differs)
        return bool(stats[1:, cv2.CC_STAT_AREA].max() < _LEAST_CELLS)


def _smooth(image: Image) -> Image:
    """Return a small copy as brightness and two colours, with little noise left."""
    cells = cv2.cvtColor(_cells(image, _STILL_ACROSS), cv2.COLOR_BGR2YCrCb)
    return cast(Image, cv2.blur(cells, _AROUND))


def _calm(now: Image, last: Image) -> float:
    """Return the mean difference in brightness where it is least."""
    difference = cv2.absdiff(now[::3, ::3, 0], last[::3, ::3, 0]).ravel()
    share = int(_CALM_SHARE * difference.size)
    return float(np.partition(difference, share)[: share + 1].mean())


def _difference(now: Image, then: Image) -> Image:
    """Return the difference of two pictures, without what all of it shares."""
    few = now[::5, ::5].astype(np.int16) - then[::5, ::5]
    everywhere = np.median(few.reshape(-1, 3), axis=0)
    # A scalar of four: OpenCV takes the channels' offsets from it.
    offsets = np.array([*everywhere, 0.0])
    return cast(Image, cv2.absdiff(now, cv2.add(then, offsets)))


def _cells(image: Image, across: int) -> Image:
    """Return the means over square cells, about so many along the longer side."""
    height, width = image.shape[:2]
    return cell_means(image, min(max(1, round(max(width, height) / across)), width, height))


def _moved(last: Bytes, now: Bytes) -> float:
    """Return about how far things moved, in hundredths of the width.

    Source: normal flow (Horn and Schunck, Determining Optical Flow, 1981): change over contrast.
    """
    difference = np.abs(now.astype(np.float32) - last)
    changed = float(np.maximum(difference - np.float32(_NOISE_FLOOR), 0).mean())
    across = np.abs(np.diff(now.astype(np.float32), axis=1)).mean()
    down = np.abs(np.diff(now.astype(np.float32), axis=0)).mean()
    contrast = max(_LEAST_CONTRAST, float(across + down) / 2)
    width: int = now.shape[1]
    return changed / contrast * 100 / width
