"""Masks that an earlier run kept, in place of a model."""

from collections.abc import Iterator, Mapping

from livesegment.errors import SourceNotFound
from livesegment.frame import Frame
from livesegment.mask import ClassIds, Mask

# Mask files count in milliseconds.
_SLACK_S = 0.002


class KeptMasks:
    """Answers with the masks of an earlier run, frame by frame in order.

    Args:
        masks: `(pts_s, class_ids)` of every frame, in order, as a mask file gives them.
        class_map: Names of the classes.
        name: What to call them in an error.
    """

    def __init__(
        self, masks: Iterator[tuple[float, ClassIds]], class_map: Mapping[int, str], name: str
    ) -> None:
        self._masks = masks
        self._class_map = class_map
        self._name = name
        self._offset_s: float | None = None

    def ask(self, frame: Frame) -> Mask:
        """Return the next mask, which is this frame's. To be called by one thread, in order.

        Raises:
            SourceNotFound: If the masks are another input's: other times, or too few.
        """
        pts_s, class_ids = next(self._masks, (None, None))
        if pts_s is None or class_ids is None:
            raise SourceNotFound(f"{self._name} has no mask for frame {frame.index}")
        if self._offset_s is None:
            # A file's times begin at 0 where its first picture comes earlier.
            self._offset_s = min(0.0, frame.pts_s)
        if abs(pts_s - (frame.pts_s - self._offset_s)) > _SLACK_S:
            raise SourceNotFound(
                f"{self._name} belongs to another input: its mask {frame.index} is of"
                f" {pts_s:.3f} s, the frame of {frame.pts_s:.3f} s"
            )
        return Mask(class_ids, self._class_map, frame.index).resized(frame.frame_size)
