"""Pictures that a server gives again, because it kept them."""

import zlib
from collections import deque

from livesegment.frame import Image

_MOST = 600  # twenty seconds at 30 frames/s, more than the newest part of a stream lasts
_STEP = 8  # every eighth row and column tells pictures apart


class Replays:
    """Remembers the pictures of a stream, and knows them when they come again in the same order.

    An HLS server keeps the last parts of a stream. Connected to anew, it gives the newest one from
    its beginning, which may have been seen already: those pictures are not live.
    """

    def __init__(self) -> None:
        self._seen: deque[int] = deque(maxlen=_MOST)
        self._expected: list[int] = []
        self._is_first = True

    def reconnect(self) -> None:
        """Begin a new connection."""
        self._is_first = True

    def contain(self, image: Image) -> bool:
        """Tell whether the next picture of this connection was seen in an earlier one."""
        mark = zlib.crc32(image[::_STEP, ::_STEP].tobytes())
        if self._is_first:
            self._is_first = False
            self._expected = self._from(mark)
        if self._expected and self._expected[0] == mark:
            del self._expected[0]
            return True
        self._expected = []
        self._seen.append(mark)
        return False

    def _from(self, mark: int) -> list[int]:
        """Return what was seen from the last such picture on: a still scene repeats itself."""
        seen = list(self._seen)
        return seen[len(seen) - 1 - seen[::-1].index(mark) :] if mark in seen else []
