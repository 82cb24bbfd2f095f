"""Frames that wait for their masks and for their turn."""

from dataclasses import replace

from livesegment.annotate.keyframes import Chosen, Role
from livesegment.frame import Packed
from livesegment.mask import Mask


class Waiting:
    """A frame on its way from the reader to the writer.

    Its pixels are let go while an answer is awaited, where the picture as it came takes less.

    Args:
        chosen: The frame.
        packed: Its picture as it came; None: its pixels stay.
    """

    def __init__(self, chosen: Chosen, packed: Packed | None = None) -> None:
        self._chosen = chosen
        self._packed = packed
        self._has_pixels = True

    @property
    def chosen(self) -> Chosen:
        """The frame, black while it is packed."""
        return self._chosen

    @property
    def is_asked(self) -> bool:
        """Whether the segmenter is asked about it."""
        return self._chosen.role is Role.ASKED

    def pack(self) -> None:
        """Let the pixels go, if they can be made again."""
        if self._packed is not None:
            self._has_pixels = False
            self._chosen = replace(self._chosen, frame=self._chosen.frame.without_pixels())

    def unpacked(self) -> Chosen:
        """Return the frame with its pixels."""
        packed, self._packed = self._packed, None
        if packed is not None and not self._has_pixels:
            frame = replace(self._chosen.frame, image=packed.image())
            self._chosen = replace(self._chosen, frame=frame)
        return self._chosen

    def nbytes(self, mask: Mask | None) -> int:
        """Return the bytes that it takes now, with its mask if there is one."""
        pixels = self._chosen.frame.image.nbytes if self._has_pixels else 0
        packed = 0 if self._packed is None else self._packed.nbytes
        return pixels + packed + (0 if mask is None else _mask_bytes(mask))


def _mask_bytes(mask: Mask) -> int:
    arrays = (mask.class_ids, mask.certainty, mask.instance_ids)
    return sum(each.nbytes for each in arrays if each is not None)
