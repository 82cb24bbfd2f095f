"""What of a picture may leave the program."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.class_name import comparable
from livesegment.errors import OptionsError
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.redaction.backdrop import Backdrop, Names
from livesegment.redaction.hiding import Redaction, any_in_cells
from livesegment.redaction.recent import Cells, RecentCells
from livesegment.redaction.trust import Trust, Trusted
from livesegment.settings import RedactOptions


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
    """Hides what nobody may see, before anything is drawn on a picture or it goes anywhere.

    That is classes, and, with a backdrop, everything but the classes before it.

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
      how much differs; or
    - the model's about such a picture of which less than half is the same as it stands, because
      the camera has moved, but of which the motion from picture to picture, 20 at the most,
      explains at least half: what was in the earlier picture too, to which the motion leads back
      and from which it leads on again to where it began, and which looks as it did. There the mask
      knows what it is. Hidden are the classes where the motion has brought them, where the carried
      mask has them, and everything that is not explained, with what that encloses. Margins are
      wider by what the motion may be wrong by and by what an open shutter smears.

    Wherever a mask of the last second had the classes stays hidden as well: a mask that overlooks
    somebody once does not show him. A mask that was carried, predicted, smoothed or pasted is never
    trusted by itself: it only adds to what is hidden. Where no mask is trusted the picture is
    hidden whole: before the first mask; while calls fail for longer than `mask_ttl_s`, or are used
    up; after a cut, a lamp switched, a camera moved too far or come back; when the size changes;
    and, with a backdrop, wherever motion has to explain anything.

    Ids that the model does not name are hidden too, but for the background: nobody knows what they
    are. What a model overlooks for longer cannot be hidden.

    With a backdrop, of a picture with its own mask the classes are seen that this mask has. Of any
    other trusted picture only those pixels are seen that had one of the classes, have it still in
    the carried mask, and have not changed; but where the picture that the mask is about has left
    before, with its own mask, it is seen again in place of that: a slow model makes fewer pictures
    of somebody who moves, rather than holes. A picture hidden whole is the backdrop alone.

    Used by one thread. Pictures are given in order; one may be given again with a newer mask.

    Args:
        options: What is hidden, and how.
        mask_ttl_s: How much older than a picture another picture may be whose mask is trusted.
        class_map_grows: Whether a mask with instances names only the classes found so far: whether
            the model has the ones to hide cannot be known then, and it is not trusted to.
        backdrop: What stands behind the classes that are shown; None: the room.
    """

    def __init__(
        self,
        options: RedactOptions,
        mask_ttl_s: float = float("inf"),
        *,
        class_map_grows: bool = False,
        backdrop: Backdrop | None = None,
    ) -> None:
        self._class_map_grows = class_map_grows
        self._wanted = set(map(comparable, options.classes))
        self._redaction = Redaction(options)
        self._backdrop = backdrop
        self._before: tuple[Leaving, Names] | None = None  # the last with its own mask
        self._trust = Trust(mask_ttl_s)
        self._recent = RecentCells()
        self._said: Mask | None = None
        self._class_map: Mapping[int, str] | None = None
        self._is_hidden: npt.NDArray[np.uint8] = np.zeros(256, np.uint8)

    def leave(
        self,
        frame: Frame,
        said: Mask | None,
        drawn: Mask | None,
        age_s: float,
        classes: Names = None,
    ) -> Leaving:
        """Return what may leave of a picture.

        Args:
            frame: The picture as the source gave it.
            said: The newest that the model said about this picture or an earlier one, as it came;
                `frame_index` tells of which.
            drawn: What is to be drawn on the picture, carried to it; None: nothing fits.
            age_s: How much older than the picture the one is that `said` is about.
            classes: The classes that the viewer wants to see, of those before a backdrop; None:
                all of them.

        Raises:
            OptionsError: If the model has no class of one of the names: a typing mistake would
                show what is to be hidden. Or if nobody knows which it has, or it leaves nothing
                for a backdrop.
        """
        self._trust.observe(frame)
        if said is not None:
            self._check_names(said)
        trusted = self._trust.of(frame, said, drawn, age_s)
        if said is None or trusted is None:
            return self._whole(frame)
        if trusted.explained is not None and self._backdrop is not None:
            return self._whole(frame)  # the classes before it have to stand where they stood
        if self._wanted:
            frame = self._partly(frame, said, drawn, age_s, trusted)
        leaving = Leaving(frame, drawn)
        if self._backdrop is None:
            return leaving
        return self._before_backdrop(leaving, said, trusted, classes)

    def _before_backdrop(
        self, leaving: Leaving, said: Mask, trusted: Trusted, classes: Names
    ) -> Leaving:
        assert self._backdrop is not None
        is_own = trusted.difference is None
        if not is_own and self._before is not None:
            last, had_classes = self._before
            if last.frame.index == said.frame_index and had_classes == classes:
                return Leaving(replace(leaving.frame, image=last.frame.image), last.mask)
        image = self._backdrop.before(leaving.frame, said, leaving.mask, trusted, classes)
        leaving = replace(leaving, frame=replace(leaving.frame, image=image))
        if is_own:
            self._before = leaving, classes
        return leaving

    def _check_names(self, mask: Mask) -> None:
        if mask.class_map == self._class_map:
            return
        if self._backdrop is not None:
            self._backdrop.check(mask)
        names = {class_id: comparable(name) for class_id, name in mask.class_map.items()}
        if self._wanted and self._class_map_grows and mask.instance_ids is not None:
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

    def _cells(
        self, frame: Frame, said: Mask, drawn: Mask | None, age_s: float, trusted: Trusted
    ) -> Cells:
        """Return the cells that the classes are in, or were in lately."""
        side = trusted.cell_side
        if said is not self._said:
            self._said = said
            self._recent.add(frame.pts_s - age_s, self._cells_of(said, side))
        cells = self._lately(frame, said, age_s, trusted)
        if drawn is None or drawn is said:
            return cells
        return np.maximum(cells, self._cells_of(drawn, side))

    def _lately(self, frame: Frame, said: Mask, age_s: float, trusted: Trusted) -> Cells:
        """Return the cells that the classes were in lately: where that is now, if it has moved."""
        cells, moving = self._recent.at(frame.pts_s), self._trust.moving
        explained, said_s = trusted.explained, frame.pts_s - age_s
        if explained is not None:
            if not moving.is_moving:
                moving.add(frame, said_s, cells)
            now = explained.carried(self._cells_of(said, trusted.cell_side))
            moving.add(frame, said_s, now)
            return moving.at(frame)
        if not moving.is_moving:
            return cells
        if trusted.difference is None:
            moving.add(frame, frame.pts_s, self._cells_of(said, trusted.cell_side))
        return np.maximum(cells, moving.at(frame))

    def _cells_of(self, mask: Mask, side: int) -> Cells:
        ids = mask.class_ids
        hidden = self._is_hidden[: int(ids.max()) + 1].nonzero()[0]
        if hidden.size == 1:  # as is usual; in half the time
            classes = (ids == hidden[0]).view(np.uint8)
        else:
            classes = cv2.LUT(ids, self._is_hidden).astype(np.uint8, copy=False)
        return any_in_cells(classes, side)

    def _partly(
        self, frame: Frame, said: Mask, drawn: Mask | None, age_s: float, trusted: Trusted
    ) -> Frame:
        cells, side = self._cells(frame, said, drawn, age_s, trusted), trusted.cell_side
        if trusted.difference is not None:
            cells = np.maximum(cells, trusted.difference.cells)
        around = np.ones((2 * trusted.reach + 1,) * 2, np.uint8)
        grown = cv2.dilate(cells, around).astype(np.uint8, copy=False)
        if trusted.explained is not None:
            grown = np.maximum(grown, trusted.explained.unknown)
        return replace(frame, image=self._redaction.parts(frame.image, grown, side))

    def _whole(self, frame: Frame) -> Leaving:
        self._before = None
        # Where classes are hidden besides, a backdrop that is made of them is no better.
        if self._backdrop is not None and not (self._wanted and self._backdrop.is_blurred):
            image = self._backdrop.alone(frame)
        else:
            image = self._redaction.whole(frame.image)
        return Leaving(replace(frame, image=image), None, is_whole=True)
