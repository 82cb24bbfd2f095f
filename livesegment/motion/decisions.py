"""What was decided about the last frames, and what true masks say about it."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from livesegment.motion.flow import Field, chain
from livesegment.motion.history import SMALL, History
from livesegment.motion.key import Key
from livesegment.motion.raster import Bytes, Floats, pick, sample
from livesegment.motion.refine import Decision, Refiner, first_guess, truth_on
from livesegment.motion.region import Points, Region


@dataclass(frozen=True, slots=True, eq=False)
class _Decided:
    """The decision about a frame, kept until its true mask comes."""

    frame_index: int
    evidence: Field
    decision: Decision
    shown: Bytes
    """The objects as they were shown, in the small picture."""


class Decisions:
    """Keeps the decision about each frame until its true mask comes, and has that teach.

    Args:
        refiner: What learns where a decision was wrong.
        most: Frames whose decisions are kept; the oldest go first.
    """

    def __init__(self, refiner: Refiner, most: int) -> None:
        self._refiner = refiner
        self._most = most
        self._decided: OrderedDict[int, _Decided] = OrderedDict()
        self._mistaken: Bytes | None = None

    def clear(self) -> None:
        """Forget all; what the refiner has learned stays."""
        self._decided.clear()
        self._mistaken = None

    def forget_mistakes(self) -> None:
        """Forget what the last true mask showed to be wrong: another one is carried now."""
        self._mistaken = None

    def add(self, frame_index: int, decision: Decision, region: Region, shown: Bytes) -> None:
        """Take in what was decided about a frame.

        Args:
            frame_index: Of the frame.
            decision: As the refiner made it.
            region: Where.
            shown: The objects as they were shown, uint8 in the small picture.
        """
        field = Field(decision.evidence, region)
        self._decided[frame_index] = _Decided(frame_index, field, decision, shown)
        while len(self._decided) > self._most:
            self._decided.popitem(last=False)

    def grain(self, frame_index: int) -> float:
        """Return how many pixels of a frame's mask, a side, were decided as one; 0: none were."""
        decided = self._decided.get(frame_index)
        return 0 if decided is None else decided.decision.grain(decided.evidence.region)

    def teach(self, key: Key) -> None:
        """Compare a true mask with what was decided for its frame."""
        self._mistaken = None
        decided = self._decided.pop(key.frame_index, None)
        while self._decided and next(iter(self._decided)) < key.frame_index:
            self._decided.popitem(last=False)
        if decided is None:
            return
        truth = truth_on(decided.evidence.region, decided.decision, key.objects)
        self._refiner.learn(decided.decision, truth)
        # Edges are never quite right; what is mistaken has some width.
        wrong = cv2.erode(cv2.absdiff(key.few_objects, decided.shown), np.ones((3, 3), np.uint8))
        self._mistaken = cast(Bytes, wrong)

    def earlier(
        self, history: History, key: Key, region: Region, moved: Points, size: tuple[int, int]
    ) -> Floats | None:
        """Return the last decision, moved to now, without what proved a mistake in it.

        What the true mask showed to be wrong in its frame would be handed on from decision to
        decision; there the true mask speaks instead. So an object that is new appears at once.

        Args:
            history: The frames since.
            key: The mask that is carried.
            region: Where it is carried to.
            moved: Where each point of the region was in the mask's frame.
            size: (width, height) of what is returned.

        Returns:
            float32 (height, width); None if nothing was decided, or the frame is not remembered.
        """
        last = next(reversed(self._decided.values()), None)
        if last is None or history.get(last.frame_index) is None:
            return None
        coarse = region.grid((moved.shape[1], moved.shape[0]))
        since = chain(history.flows_back_to(last.frame_index), coarse)
        evidence = last.evidence.at(region.displaced(since, size))
        if self._mistaken is None:
            return evidence
        source = region.displaced(moved, size, SMALL)
        mistaken = pick(self._mistaken, source) > 0
        return np.where(mistaken, first_guess(sample(key.distance, source)), evidence)
