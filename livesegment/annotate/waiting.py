"""Frames that wait for their masks and for their turn."""

from livesegment.annotate.keyframes import Chosen
from livesegment.frame import CodedFrame
from livesegment.mask import Mask
from livesegment.sinks.base import Role


class Waiting:
    """A frame on its way from the reader to the writer.

    Args:
        chosen: The frame.

    Attributes:
        chosen: The same.
    """

    def __init__(self, chosen: Chosen) -> None:
        self.chosen = chosen

    @property
    def is_asked(self) -> bool:
        """Whether the segmenter is asked about it."""
        return self.chosen.role is Role.ASKED

    def let_go(self) -> None:
        """Let the pixels go while an answer is awaited, if they can be made again."""
        frame = self.chosen.frame
        if isinstance(frame, CodedFrame):
            frame.let_go()

    def nbytes(self, mask: Mask | None) -> int:
        """Return the bytes that it takes now, with its mask if there is one."""
        return self.chosen.frame.nbytes + (0 if mask is None else _mask_bytes(mask))


def _mask_bytes(mask: Mask) -> int:
    arrays = (mask.class_ids, mask.certainty, mask.instance_ids)
    return sum(each.nbytes for each in arrays if each is not None)
