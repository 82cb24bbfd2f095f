"""How much memory a run may take, and what of it is left for pictures that wait."""

import ctypes
import sys
from dataclasses import dataclass

from livesegment.settings.retention import Retention

_LIBRARIES = 120 * 2**20
"""Bytes of Python, OpenCV, numpy and FFmpeg before the first picture."""


@dataclass(frozen=True, slots=True)
class MemoryBudget:
    """What a process may take, in bytes, and what that leaves for pictures that wait.

    Some pictures are in work whatever waits: in the decoder, drawn on, in the encoder. They grow
    with the picture, so that fewer large ones may wait than small ones. It counts nothing itself:
    each queue is told how many bytes it may hold, and holds one picture in any case, so that a run
    goes on however small the budget is.

    Attributes:
        most: Bytes that the process may take.
        shared_by: Inputs worked on at once, each with pictures of its own.
    """

    most: int = sys.maxsize
    shared_by: int = 1

    @classmethod
    def of(cls, text: str, shared_by: int = 1) -> "MemoryBudget":
        """Return the budget that an option's text, such as `600MB`, means."""
        return cls(Retention.parse(text).size or 0, shared_by)

    def left(self, frame_size: tuple[int, int], in_work: float) -> int:
        """Return how many bytes of pictures may wait: 0 and more.

        Args:
            frame_size: (width, height) of the pictures.
            in_work: Bytes for each of their pixels that are in work.
        """
        width, height = frame_size
        own = (self.most - _LIBRARIES) // self.shared_by
        return max(0, own - round(width * height * in_work))


_LARGE = 7_000_000
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # mallopt(3)


def give_large_memory_back() -> None:
    """Have glibc give the memory of large pictures back as soon as nobody has them any more.

    Left to itself it keeps what was freed, for each thread by itself: hundreds of megabytes of 4K
    pictures, a third of what a run took. Those of pictures up to 1080p stay as they are,
    because fresh memory costs a page fault for every 4 kB. Without glibc nothing happens.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_TRIM_THRESHOLD, 2 * _LARGE)
        mallopt(_M_ARENA_MAX, 2)
