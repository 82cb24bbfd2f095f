"""A mask carried from its own frame over the frames on one side of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self, cast

import cv2
import numpy as np

from livesegment.frame import Frame, Image
from livesegment.motion.features import Situation, features
from livesegment.motion.flow import Field, FlowEstimator, chain
from livesegment.motion.history import small_size
from livesegment.motion.key import Key
from livesegment.motion.raster import Bytes, add, shrink, stretch
from livesegment.motion.refine import STRIDE, Decision, Refiner
from livesegment.motion.region import Points, Region, neighbourhood, room_around

# More than MaskAligner has time for.
_FLOW_PIXELS = 80_000
_CHAIN_PIXELS = 8_000
_DECISION_PIXELS = 16_000
_FINEST = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What carrying needs of a frame.

    Attributes:
        image: The picture, BGR.
        gray: The picture in grey, full resolution.
        small: The picture made smaller by `SMALL`, BGR.
    """

    image: Image
    gray: Bytes
    small: Image

    @property
    def size(self) -> tuple[int, int]:
        """Full (width, height) in pixels."""
        return self.gray.shape[1], self.gray.shape[0]

    @classmethod
    def of(cls, frame: Frame) -> Self:
        """Return what is needed of a frame."""
        gray = cast(Bytes, cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY))
        return cls(frame.image, gray, shrink(frame.image, small_size(*frame.frame_size)))


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """A mask as it is at another frame.

    Attributes:
        key: The mask.
        age: Frames between the two.
        region: Where it was decided; there is ground elsewhere.
        moved: Displacement back to the mask's frame, on a grid over the region.
        flow: Motion to the frame before on the way.
        decision: What the refiner says, on another grid over it.
    """

    key: Key
    age: int
    region: Region
    moved: Points
    flow: Field
    decision: Decision

    def moved_over(self, region: Region) -> Points:
        """Return the displacement on a grid over another region, its edges continued."""
        if region == self.region:
            return self.moved
        grid = region.grid(region.grid_size(_CHAIN_PIXELS, _FINEST))
        return Field(self.moved, self.region).at(grid)


def carry(key: Key, pictures: Sequence[Picture], refiner: Refiner) -> list[Carried]:
    """Carry a mask from frame to frame, in whichever direction the pictures are given.

    Args:
        key: The mask of the first picture.
        pictures: One after another, or one before another.
        refiner: What decides at the edges.

    Returns:
        The mask at each picture but the first.
    """
    estimator = FlowEstimator(_FLOW_PIXELS)
    flows: list[Field] = []
    done: list[Carried] = []
    frame_size = key.mask.frame_size
    at_first = neighbourhood(key.objects)
    region = at_first
    earlier: Field | None = None
    for age, (before, now) in enumerate(pairwise(pictures), 1):
        flow = estimator.estimate(now.gray, before.gray, region)
        flows.append(flow)
        moved = chain(reversed(flows), region.grid(region.grid_size(_CHAIN_PIXELS, _FINEST)))
        size = region.grid_size(_DECISION_PIXELS, _FINEST, STRIDE)
        situation = Situation(
            region=region,
            moved=stretch(moved, size),
            small=now.small,
            key=key,
            key_small=pictures[0].small,
            age=age,
            earlier=None if earlier is None else earlier.at(_one_back(flow, region, size)),
        )
        decision = refiner.decide(features(situation))
        done.append(Carried(key, age, region, moved, flow, decision))
        earlier = Field(decision.evidence, region)
        # An object that is lost from sight may come back where it was.
        region = _shown(decision, region, frame_size) or at_first
    return done


def doubts(way: Sequence[Carried], back: Sequence[Carried]) -> list[Field]:
    """Return how far one comes out who follows the motion to the keyframe and back.

    Points that were covered in between are not found again.

    Args:
        way: What `carry` returned for a keyframe.
        back: What it returned for the same pictures, carried the other way.

    Returns:
        Pixels, summed over the steps, for each of `way`.
    """
    done: list[Field] = []
    for one, other in zip(way, reversed(back), strict=True):
        rows, columns = one.moved.shape[:2]
        grid = one.region.grid((columns, rows))
        there = one.flow.at(grid)
        before = add(grid, there)
        missed = add(there, other.flow.at(before))
        doubt = np.sqrt(np.einsum("ijk,ijk->ij", missed, missed))
        if done:
            doubt += done[-1].at(before)
        done.append(Field(doubt, one.region))
    return done


def _one_back(flow: Field, region: Region, size: tuple[int, int]) -> Points:
    """Return where each cell was one picture before."""
    grid = region.grid(size)
    return add(grid, flow.at(grid))


def _shown(decision: Decision, region: Region, frame_size: tuple[int, int]) -> Region | None:
    """Return the objects' neighbourhood, None where no object is left."""
    objects = (decision.evidence > 0).view(np.uint8)
    x, y, width, height = cv2.boundingRect(objects)
    if width == 0:
        return None
    rows, columns = objects.shape
    scale_x, scale_y = region.width / columns, region.height / rows
    found = Region(
        region.x + round(x * scale_x),
        region.y + round(y * scale_y),
        max(1, round(width * scale_x)),
        max(1, round(height * scale_y)),
    )
    return room_around(found, frame_size)
