"""What of a picture may leave the program."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.class_name import comparable
from livesegment.errors import OptionsError
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion.since import SeenPictures
from livesegment.redaction.hiding import Redaction, any_in_cells
from livesegment.settings import RedactOptions

Cells = npt.NDArray[np.uint8]
"""255 where it was, else 0; uint8 (rows, columns)."""

_LINGERS_S = 1.0
_LAST_LINGERS_S = 5.0


class RecentCells:
    """Remembers where a class was, so that a reply that overlooks it once does not show it.

    What counts is every reply about a picture of the last second; where replies are rarer than
    that, the one before the newest, if it is about a picture of the last five seconds.
    """

    def __init__(self) -> None:
        self._said: deque[tuple[float, Cells]] = deque()

    def add(self, at_s: float, cells: Cells) -> None:
        """Take the next reply's cells; of another shape, or about an earlier time, they begin anew.

        Args:
            at_s: Media time of the reply's picture.
            cells: Where the class is there.
        """
        if self._said and (self._said[-1][1].shape != cells.shape or at_s < self._said[-1][0]):
            self._said.clear()
        self._said.append((at_s, cells))

    def at(self, now_s: float) -> Cells:
        """Return where the class was, the newest reply included. There must be one."""
        while len(self._said) > 1:
            limit_s = _LAST_LINGERS_S if len(self._said) == 2 else _LINGERS_S
            if now_s - self._said[0][0] <= limit_s:
                break
            self._said.popleft()
        union = self._said[-1][1]
        for _, cells in list(self._said)[:-1]:
            union = np.maximum(union, cells)
        return union


# Margins around what is hidden, as parts of the picture's longer side: 13 px of 1280 for what a
# model of a few hundred pixels a side misses at edges; then for what moves unseen, dark before
# dark, at a tenth of the picture's width a second; and for a picture that changes everywhere.
_MARGIN = 0.01
_MARGIN_A_SECOND = 0.1
_MARGIN_FOR_CHANGE = 0.05
_MOST_MARGIN = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Leaving:
    """A picture as it may leave.

    Attributes:
        frame: The picture, with nothing in it that may not be seen.
        mask: What may be drawn on it; None: nothing.
        is_whole: Whether the picture is hidden whole.
    """

    frame: Frame
    mask: Mask | None
    is_whole: bool = False


class Redactor:
    """Hides classes in every picture, before anything is drawn on it or it goes anywhere.

    It fails closed: what is not known to be free of the classes is hidden. A mask is **trusted**
    for a picture if it is

    - the picture's own: what the model said about this very picture. Its classes are hidden with a
      margin of 1% of the picture's longer side; or
    - the model's about an earlier picture that is no older than `mask_ttl_s`, remembered, of the
      same size, and of a picture that has at least half in common with this one. Then three things
      are hidden together: the classes where they were in the earlier picture; the classes where
      the carried mask has them now; and everything that differs from the earlier picture, in boxes
      around it. For a pixel that looks as it did then shows what it showed then, which the mask
      knows, and of a pixel that does not, the mask knows nothing: somebody who came in since is
      hidden as long as no newer mask says what he is. Margins grow with the mask's age and with
      how much differs.

    Wherever a mask of the last second had the classes stays hidden as well: a mask that overlooks
    somebody once does not show him. A mask that was carried, predicted, smoothed or pasted is never
    trusted by itself: it only adds to what is hidden. Where no mask is trusted the picture is
    hidden whole: before the first mask; while calls fail for longer than `mask_ttl_s`, or are used
    up; after a cut, a lamp switched, a camera moved or come back; when the size changes.

    Ids that the model does not name are hidden too, but for the background: nobody knows what they
    are. What a model overlooks for longer cannot be hidden.

    Used by one thread. Pictures are given in order; one may be given again with a newer mask.

    Args:
        options: What is hidden, and how.
        mask_ttl_s: How much older than a picture another picture may be whose mask is trusted.
        class_map_grows: Whether a mask with instances names only the classes found so far: whether
            the model has the ones to hide cannot be known then, and it is not trusted to.
    """

    def __init__(
        self,
        options: RedactOptions,
        mask_ttl_s: float = float("inf"),
        *,
        class_map_grows: bool = False,
    ) -> None:
        self._class_map_grows = class_map_grows
        self._wanted = set(map(comparable, options.classes))
        self._mask_ttl_s = mask_ttl_s
        self._redaction = Redaction(options)
        self._seen = SeenPictures()
        self._recent = RecentCells()
        self._said: Mask | None = None
        self._class_map: Mapping[int, str] | None = None
        self._is_hidden: npt.NDArray[np.uint8] = np.zeros(256, np.uint8)

    def leave(self, frame: Frame, said: Mask | None, drawn: Mask | None, age_s: float) -> Leaving:
        """Return what may leave of a picture.

        Args:
            frame: The picture as the source gave it.
            said: The newest that the model said about this picture or an earlier one, as it came;
                `frame_index` tells of which.
            drawn: What is to be drawn on the picture, carried to it; None: nothing fits.
            age_s: How much older than the picture the one is that `said` is about.

        Raises:
            OptionsError: If the model has no class of one of the names: a typing mistake would
                show what is to be hidden. Or if nobody knows which it has.
        """
        self._seen.observe(frame)
        if said is not None:
            self._check_names(said)
        if said is None or said.frame_size != frame.frame_size:
            return self._whole(frame)
        if said.frame_index == frame.index:
            return self._partly(frame, self._cells(frame, said, drawn, age_s), _MARGIN, drawn)
        self._seen.forget_before(said.frame_index)
        difference = self._seen.since(said.frame_index)
        is_recent = 0 <= age_s < self._mask_ttl_s
        if drawn is None or difference is None or not is_recent:
            return self._whole(frame)
        margin = _MARGIN + _MARGIN_A_SECOND * age_s + _MARGIN_FOR_CHANGE * difference.share
        cells = np.maximum(self._cells(frame, said, drawn, age_s), difference.cells)
        return self._partly(frame, cells, min(margin, _MOST_MARGIN), drawn)

    def _check_names(self, mask: Mask) -> None:
        if mask.class_map == self._class_map:
            return
        names = {class_id: comparable(name) for class_id, name in mask.class_map.items()}
        if self._class_map_grows and mask.instance_ids is not None:
            wanted = ", ".join(sorted(self._wanted))
            raise OptionsError(
                f"the model names only the classes that it finds, so whether it knows '{wanted}' is"
                " not to be told: to redact, name its classes with --class-names, or have it look"
                " for them with --prompt"
            )
        if unknown := sorted(self._wanted - set(names.values())):
            missing, known = ", ".join(unknown), ", ".join(mask.class_map.values())
            raise OptionsError(
                f"the model has no class '{missing}' to redact; it has: {known or 'no names'}"
            )
        self._class_map = mask.class_map
        self._is_hidden = np.array(
            [
                names[class_id] in self._wanted
                if names.get(class_id)
                else class_id not in mask.background
                for class_id in range(256)
            ]
        ).view(np.uint8)

    def _cells(self, frame: Frame, said: Mask, drawn: Mask | None, age_s: float) -> Cells:
        """Return the cells that the classes are in, or were in lately."""
        if said is not self._said:
            self._said = said
            self._recent.add(frame.pts_s - age_s, self._cells_of(said))
        cells = self._recent.at(frame.pts_s)
        if drawn is None or drawn is said:
            return cells
        return np.maximum(cells, self._cells_of(drawn))

    def _cells_of(self, mask: Mask) -> Cells:
        ids = mask.class_ids
        hidden = self._is_hidden[: int(ids.max()) + 1].nonzero()[0]
        if hidden.size == 1:  # as is usual; in half the time
            classes = (ids == hidden[0]).view(np.uint8)
        else:
            classes = cv2.LUT(ids, self._is_hidden).astype(np.uint8, copy=False)
        return any_in_cells(classes, self._seen.cell_side)

    def _partly(self, frame: Frame, cells: Cells, margin: float, drawn: Mask | None) -> Leaving:
        side = self._seen.cell_side
        reach = 1 + int(margin * max(frame.frame_size) / side)
        around = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
        grown = cv2.dilate(cells, around).astype(np.uint8, copy=False)
        image = self._redaction.parts(frame.image, grown, side)
        return Leaving(replace(frame, image=image), drawn)

    def _whole(self, frame: Frame) -> Leaving:
        image = self._redaction.whole(frame.image)
        return Leaving(replace(frame, image=image), None, is_whole=True)
