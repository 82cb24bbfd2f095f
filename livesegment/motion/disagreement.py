"""How much a mask differs from the one that was given before it, carried to its picture."""

from dataclasses import replace
from typing import cast

import cv2
import numpy as np

from livesegment.downscale import fitting
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion.cut import CutDetector
from livesegment.motion.flow import FlowEstimator
from livesegment.motion.raster import Bytes, Floats, add, pick, sample
from livesegment.motion.region import Points, whole

LEAST_SHARE = 0.01
"""Of the picture: what is smaller than this hardly counts, be it a class or a difference."""

_ACROSS = 320
_FLOW_PIXELS = 20_000


def disagreement(first: Mask, second: Mask) -> float:
    """Return how much two masks of one size differ: 0 where they agree, up to 1.

    It is 1 - mean IoU over the classes that occur in either, with `LEAST_SHARE` of the picture
    added to each union, so that a few pixels that come and go are no disagreement.
    """
    both_ids = first.class_ids.astype(np.uint16) << 8 | second.class_ids
    pairs = np.bincount(both_ids.ravel(), minlength=1 << 16).reshape(256, 256)
    both = pairs.diagonal()
    either = pairs.sum(axis=0) + pairs.sum(axis=1) - both
    occurs = either > 0
    occurs[list(first.unclassed | second.unclassed)] = False
    if not occurs.any():
        return 0.0
    differing = (either - both) / (either + LEAST_SHARE * both_ids.size)
    return float(differing[occurs].mean())


class CarriedDisagreement:
    """Carries each mask along the motion to the next picture that has one, and compares the two.

    That is done on small copies of the pictures: what is looked for is a model that changes its
    mind, not where exactly an edge is. A cut begins anew.
    """

    def __init__(self) -> None:
        self._estimator = FlowEstimator(_FLOW_PIXELS)
        self._cut = CutDetector()
        self._gray: Bytes | None = None
        self._grid: Points = np.empty((0, 0, 2), np.float32)
        self._given: Mask | None = None  # small
        self._moved: Floats | None = None  # from each pixel to where it was in that mask's picture

    def observe(self, frame: Frame) -> bool:
        """Take the next picture, and return whether it begins another scene."""
        size = fitting(frame.frame_size, (_ACROSS, _ACROSS))
        small = frame.downscaled(size)
        before, self._gray = self._gray, cast(Bytes, cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
        is_cut = self._cut.is_cut(small)
        if before is None or before.shape != self._gray.shape:
            self._grid = whole(size).grid(size)
        if before is not None and (is_cut or before.shape != self._gray.shape):
            self.forget()
            return True
        if before is not None and self._given is not None:
            self._follow(self._gray, before)
        return False

    def compare(self, mask: Mask) -> float | None:
        """Return how much the observed picture's mask differs from the one given before it.

        Returns:
            As `disagreement` does; None where no mask can have been carried here.
        """
        assert self._gray is not None, "the mask's picture is observed first"
        plain = replace(mask, certainty=None, instance_ids=None)
        now = plain.resized((self._gray.shape[1], self._gray.shape[0]))
        given, moved = self._given, self._moved
        self._given, self._moved = now, None
        if given is None:
            return None
        if moved is not None:
            given = replace(given, class_ids=pick(given.class_ids, add(self._grid, moved)))
        return disagreement(given, now)

    def forget(self) -> None:
        """Compare the next mask with none of those before it."""
        self._given = self._moved = None

    def _follow(self, now: Bytes, before: Bytes) -> None:
        """Follow the motion by one picture more."""
        region = whole((now.shape[1], now.shape[0]))
        step = self._estimator.estimate(now, before, region).at(self._grid)
        if self._moved is not None:
            step = add(step, sample(self._moved, add(self._grid, step)))
        self._moved = step
