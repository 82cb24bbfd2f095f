"""Masks for the frames between keyframes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from livesegment.engine.keyframes import MOST_BETWEEN, Chosen, Role
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion.propagate import Propagator


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """A frame with its mask.

    Attributes:
        frame: The frame.
        mask: Its mask; None where there is none to be had.
        role: Where the mask comes from.
    """

    frame: Frame
    mask: Mask | None
    role: Role


class Carrier:
    """Holds frames back until the keyframe after them is known, and gives them masks.

    At most `MOST_BETWEEN` frames are held. Where more lie between two keyframes, those get what
    is carried from the one before.
    """

    def __init__(self) -> None:
        self._propagator: Propagator | None = None
        self._before: tuple[Frame, Mask | None] | None = None
        self._asked: Mask | None = None
        self._held: list[Frame] = []

    def add(self, chosen: Chosen, mask: Mask | None) -> Iterator[Masked]:
        """Take the next frame and yield those that have a mask now, in order.

        Args:
            chosen: The frame and its role.
            mask: What the segmenter said about a keyframe.
        """
        frame = chosen.frame
        if chosen.role is Role.CARRIED:
            self._held.append(frame)
            if len(self._held) == MOST_BETWEEN:
                yield from self._carried(None)
            return
        if chosen.role is Role.STILL:
            mask = self._asked and replace(self._asked, frame_index=frame.index)
        else:
            self._asked = mask
        if self._held:
            yield from self._carried(None if chosen.begins_scene else (frame, mask))
        self._before = frame, mask
        yield Masked(frame, mask, chosen.role)

    def end(self) -> Iterator[Masked]:
        """Yield the frames that still wait for a keyframe, which will not come."""
        if self._held:
            yield from self._carried(None)

    def _carried(self, after: tuple[Frame, Mask | None] | None) -> Iterator[Masked]:
        assert self._before is not None, "the first frame of all is a keyframe"
        first, mask_before = self._before
        frames = [first, *self._held]
        last = None
        if after is not None:
            frames.append(after[0])
            last = after[1]
        if self._propagator is None:
            self._propagator = Propagator()
        masks = self._propagator.between(frames, mask_before, last)
        held, self._held = self._held, []
        for frame, mask in zip(held, masks[1:], strict=False):
            self._before = frame, mask
            yield Masked(frame, mask, Role.CARRIED)
