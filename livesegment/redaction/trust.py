"""Which masks may be relied on for a picture: the one rule of all that hides."""

import math
from dataclasses import dataclass, replace

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion.explained import Explained
from livesegment.motion.since import Difference, SeenPictures
from livesegment.redaction.moving import MovingCells

# Margins around what is hidden, as parts of the picture's longer side: 13 px of 1280 for what a
# model of a few hundred pixels a side misses at edges; then for what moves unseen, dark before
# dark, at a tenth of the picture's width a second; and for a picture that changes everywhere.
_MARGIN = 0.01
_MARGIN_A_SECOND = 0.1
_MARGIN_FOR_CHANGE = 0.05
_MOST_MARGIN = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Trusted:
    """A mask may be relied on for a picture.

    Attributes:
        difference: Where the picture differs from the one that the mask is about; None: it is
            about this very picture, or motion explains it.
        cell_side: Side of a cell of the difference, in pixels.
        reach: Margin around what is hidden, in cells.
        explained: What motion explains of a picture that has too little in common with that one
            as it stands; None: nothing has to be.
    """

    difference: Difference | None
    cell_side: int
    reach: int
    explained: Explained | None = None


class Trust:
    """Says whether what the model said of a picture may be relied on for another one.

    `Redactor` says what the rule is. Used by one thread, and given every picture, in order.

    Args:
        mask_ttl_s: How much older than a picture another picture may be whose mask is trusted.

    Attributes:
        moving: Where classes were lately, once the camera has moved.
    """

    def __init__(self, mask_ttl_s: float) -> None:
        self._mask_ttl_s = mask_ttl_s
        self._seen = SeenPictures()
        self.moving = MovingCells(self._seen)

    def observe(self, frame: Frame) -> None:
        """See the next picture, or the newest one again."""
        self._seen.observe(frame)
        self.moving.follow(frame)

    def of(
        self, frame: Frame, said: Mask | None, drawn: Mask | None, age_s: float
    ) -> Trusted | None:
        """Return how far `said` may be relied on for the picture seen last; None: not at all.

        Args:
            frame: The picture.
            said: What the model said, as `Redactor.leave` takes it.
            drawn: The mask carried to the picture, likewise.
            age_s: How much older than the picture the one is that `said` is about.
        """
        if said is None or said.frame_size != frame.frame_size:
            return None
        if said.frame_index == frame.index:
            return self._trusted(frame, None, _MARGIN)
        self._seen.forget_before(said.frame_index)
        difference = self._seen.since(said.frame_index)
        is_recent = 0 <= age_s < self._mask_ttl_s
        if drawn is None or not is_recent:
            return None
        if difference is None:
            return self._explained(frame, said, age_s)
        margin = _MARGIN + _MARGIN_A_SECOND * age_s + _MARGIN_FOR_CHANGE * difference.share
        return self._trusted(frame, difference, min(margin, _MOST_MARGIN))

    def _explained(self, frame: Frame, said: Mask, age_s: float) -> Trusted | None:
        explained = self._seen.explained_since(said.frame_index)
        if explained is None:
            return None
        trusted = self._trusted(frame, None, min(_MARGIN + _MARGIN_A_SECOND * age_s, _MOST_MARGIN))
        reach = trusted.reach + math.ceil(explained.doubt)
        return replace(trusted, reach=reach, explained=explained)

    def _trusted(self, frame: Frame, difference: Difference | None, margin: float) -> Trusted:
        side = self._seen.cell_side
        return Trusted(difference, side, 1 + int(margin * max(frame.frame_size) / side))
