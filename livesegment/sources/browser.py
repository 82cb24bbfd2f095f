"""A camera whose pictures are sent to us, one sender at a time: that of a browser."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from livesegment.buffer import Buffer
from livesegment.errors import SourceLost
from livesegment.frame import Frame
from livesegment.sources.base import Source
from livesegment.sources.reconnecting import SILENCE_S, ReconnectingSource
from livesegment.sources.sent_picture import PictureRefused, decode_sent

MAX_SIDE = 1280
"""Longest side of a picture unless told otherwise: as large as a page shows it."""

_MOST_BYTES = 8 * 2**20

Answer = Callable[[str | None], None]
"""Told once for each picture, from any thread: None when the next one is welcome; else a sentence,
why this one is not taken."""

NOT_ADMITTED = "another device sends its camera already"


@dataclass(frozen=True, slots=True, eq=False)
class _Sent:
    content: bytes
    came_at_s: float
    answer: Answer


class PictureSender(Source):
    """One sender: its pictures come in by `put`, on any thread, and out by `read`.

    Of pictures that come faster than they are read, the newest is kept. A picture is answered when
    whoever shows pictures has gone on since it was read: so the sender makes no more of them than
    are shown, and none waits.

    Args:
        max_side: Longest side of a picture, in pixels.
    """

    name = "the browser's camera"
    is_live = True
    is_endless = True

    def __init__(self, max_side: int) -> None:
        self._max_side = max_side
        self._pictures: Buffer[_Sent] = Buffer("keep newest")
        self._taken: deque[Answer] = deque()
        self._has_left = self._is_stopped = False
        self._came_at_s = time.monotonic()
        self._began_s: float | None = None
        self._index = 0

    @property
    def is_there(self) -> bool:
        """Whether it has not left, nor been silent for so long that it counts as lost."""
        return not self._has_left and time.monotonic() - self._came_at_s <= SILENCE_S

    def put(self, content: bytes, answer: Answer) -> None:
        """Take a picture, a JPEG or WebP file; it is looked at by whoever reads."""
        self._came_at_s = time.monotonic()
        for each in self._pictures.put(_Sent(content, self._came_at_s, answer)):
            if self._has_left:
                each.answer(NOT_ADMITTED)
            else:
                self._taken.append(each.answer)

    def answer_taken(self) -> None:
        """Answer what has been read until now: somebody has gone on. From any thread."""
        for _ in range(len(self._taken)):
            self._taken.popleft()(None)

    def leave(self) -> None:
        """Send no more, and make room for the next sender. May be called twice."""
        self._has_left = True
        for each in self._pictures.abort():
            each.answer(None)

    def read(self) -> Frame | None:
        """Return the next picture, waiting for it; None after `stop`.

        Raises:
            SourceLost: If the sender has left.
        """
        while (sent := self._pictures.get()) is not None:
            try:
                image = decode_sent(sent.content, self._max_side)
            except PictureRefused as refusal:
                sent.answer(str(refusal))
                continue
            self._taken.append(sent.answer)
            self._began_s = sent.came_at_s if self._began_s is None else self._began_s
            frame = Frame(image, self._index, sent.came_at_s - self._began_s, sent.came_at_s)
            self._index += 1
            return frame
        if self._is_stopped:
            return None
        raise SourceLost(f"{self.name} sends no more")

    def stop(self) -> None:
        """Let a waiting read return, with None when there is nothing left."""
        self._is_stopped = True
        self.leave()

    def close(self) -> None:
        """Send no more. May be called twice."""
        self.leave()


class BrowserSource(ReconnectingSource):
    """The camera of a browser: whoever is admitted sends its pictures, one at a time.

    Between one sender and the next it is lost, as any camera that is away, and waited for.

    Args:
        max_side: Longest side of a picture in pixels; a larger one is refused before it is decoded.

    Attributes:
        max_side: As given.
        most_bytes: Of a picture's file.
    """

    def __init__(self, max_side: int = MAX_SIDE) -> None:
        self.max_side = max_side
        # A noisy picture of the best quality takes about as many.
        self.most_bytes = min(_MOST_BYTES, max(2**16, 2 * max_side * max_side))
        self._lock = threading.Lock()
        self._sender: PictureSender | None = None
        self._admitted: Buffer[PictureSender] = Buffer("keep newest")
        super().__init__(self._next_sender, PictureSender.name, wait=True)

    @property
    def is_taken(self) -> bool:
        """Whether somebody sends, so that nobody else is admitted."""
        return self._sender is not None and self._sender.is_there

    def admit(self) -> PictureSender | None:
        """Let somebody send, until it leaves; None while somebody else does.

        One that has been silent for so long that it counts as lost makes room for the next.
        """
        with self._lock:
            if self.is_taken or self._is_stopped:
                return None
            if self._sender is not None:
                self._sender.leave()
            self._sender = PictureSender(self.max_side)
            self._admitted.put(self._sender)
            return self._sender

    def answer_taken(self) -> None:
        """Answer the pictures that were read until now: the next ones are welcome."""
        if (sender := self._sender) is not None:
            sender.answer_taken()

    def stop(self) -> None:
        """Let a waiting read return at once."""
        super().stop()
        self._admitted.abort()
        if (sender := self._sender) is not None:
            sender.stop()

    def _next_sender(self) -> Source:
        """Return the next sender, waiting for it; after `stop`, one that has left."""
        sender = self._admitted.get()
        return PictureSender(self.max_side) if sender is None else sender
