"""How much a mask differs from the one that was given before it, carried to its picture."""

from dataclasses import replace
from typing import cast

import cv2
import numpy as np

from livesegment.downscale import fitting
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion.flow import FlowEstimator
from livesegment.motion.raster import Bytes, Flags, add, pick, sample, worst_channel
from livesegment.motion.region import whole

LEAST_SHARE = 0.005
"""Of the picture: what is smaller than this hardly counts, be it a class or a difference."""

_ACROSS = 320
_FLOW_PIXELS = 20_000
_ALIKE_LEVEL = 24  # of 255, in the channel that differs most


def disagreement(first: Mask, second: Mask, where: Flags | None = None) -> float:
    """Return how much two masks of one size differ: 0 where they agree, up to 1.

    It is 1 - mean IoU over the classes that occur in either, with `LEAST_SHARE` of the picture
    added to each union, so that a few pixels that come and go are no disagreement.

    Args:
        first: A mask.
        second: Another.
        where: Which pixels count; None: all.
    """
    both_ids = first.class_ids.astype(np.uint16) << 8 | second.class_ids
    counted = both_ids.ravel() if where is None else both_ids[where]
    pairs = np.bincount(counted, minlength=1 << 16).reshape(256, 256)
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
    mind, not where exactly an edge is. The motion is found from the one picture to the other,
    however many lie between, and only pixels count that look as they did: of others, nobody knows
    what they were. A new scene begins anew.
    """

    def __init__(self) -> None:
        self._estimator = FlowEstimator(_FLOW_PIXELS)
        self._given: tuple[Bytes, Mask, int] | None = None  # small, with its picture and scene

    def compare(self, frame: Frame, mask: Mask, scene: int) -> float | None:
        """Return how much a picture's mask differs from the one given before it.

        Args:
            frame: The picture.
            mask: Its mask.
            scene: The number of its scene; pictures of one scene are of one size.

        Returns:
            As `disagreement` does; None where no mask can have been carried here.
        """
        size = fitting(frame.frame_size, (_ACROSS, _ACROSS))
        now = frame.downscaled(size)
        small = replace(mask, certainty=None, instance_ids=None).resized(size)
        given, self._given = self._given, (now, small, scene)
        if given is None or given[2] != scene:
            return None
        then, other, _ = given
        grid = whole(size).grid(size)
        flow = self._estimator.estimate(_grey(now), _grey(then), whole(size))
        there = add(grid, flow.at(grid))
        alike = worst_channel(_smooth(sample(then, there)), _smooth(now)) <= _ALIKE_LEVEL
        carried = replace(other, class_ids=pick(other.class_ids, there))
        return disagreement(carried, small, alike)

    def forget(self) -> None:
        """Compare the next mask with none of those before it."""
        self._given = None


def _grey(picture: Bytes) -> Bytes:
    return cast(Bytes, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))


def _smooth(picture: Bytes) -> Bytes:
    return cast(Bytes, cv2.blur(picture, (3, 3)))
