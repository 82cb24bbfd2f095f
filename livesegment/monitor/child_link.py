"""The camera's end of its socket."""

import contextlib
import logging
import socket
import threading
from collections import deque
from typing import Any, Literal

from livesegment.monitor.link import LENGTHS, Message, packed_fragment
from livesegment.web.broadcast import Broadcast, EncodedPicture, Subscription
from livesegment.web.video import Fragment, Head, VideoBroadcast

_MOST_WAITING = 1000  # messages; a monitor that takes none for that long is as good as gone
_CLOSE_S = 2.0

PictureKind = Literal["picture", "labelled"]
"""For the page, or with legend and notices for who has no page around it."""


class ChildLink:
    """Sends without waiting, on a thread of its own. Of pictures, only the newest is sent.

    No `Buffer`: the thread waits for several things at once, and messages go before pictures.

    Args:
        connection: The socket; this closes it.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._changed = threading.Condition()
        self._messages: deque[Message] = deque(maxlen=_MOST_WAITING)
        self._pictures: dict[PictureKind, Subscription[EncodedPicture]] = {}
        self._video: Subscription[Fragment] | None = None
        self._sent_head: Head | None = None
        self._has_picture = self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._thread.start()

    def send(self, kind: str, /, **fields: Any) -> None:
        """Send a message before any picture; from any thread."""
        with self._changed:
            self._messages.append(Message(kind, fields))
            self._changed.notify()

    def show(self, pictures: Broadcast | None, kind: PictureKind = "picture") -> None:
        """Send pictures from now on, as messages of a kind; None: no more."""
        subscription = None if pictures is None else pictures.subscribe(self._wake)
        with self._changed:
            before = self._pictures.pop(kind, None)
            if subscription is not None:
                self._pictures[kind] = subscription
        if before is not None:
            before.close()

    def show_video(self, video: VideoBroadcast | None) -> None:
        """Send a video from now on, from a keyframe on; None: no more."""
        subscription = None if video is None else video.subscribe(self._wake)
        with self._changed:
            before, self._video = self._video, subscription
        if before is not None:
            before.close()

    @property
    def is_closed(self) -> bool:
        """Whether it was closed at this end."""
        return self._is_closed

    def receive(self) -> Message | None:
        """Return the next message, waiting for it; None when closed or the monitor is gone."""
        try:
            head_length, body_length = LENGTHS.unpack(self._exactly(LENGTHS.size))
            return Message.unpacked(self._exactly(head_length), self._exactly(body_length))
        except (EOFError, OSError):
            return None

    def close(self) -> None:
        """Send what waits, and hang up."""
        self.show(None)
        self.show(None, "labelled")
        self.show_video(None)
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join(_CLOSE_S)
        with contextlib.suppress(OSError):  # the monitor may be gone
            self._connection.shutdown(socket.SHUT_RDWR)  # wakes whoever receives
        self._connection.close()

    def _wake(self) -> None:
        with self._changed:
            self._has_picture = True
            self._changed.notify()

    def _exactly(self, count: int) -> bytes:
        parts, left = [], count
        while left:
            part = self._connection.recv(left)
            if not part:
                raise EOFError
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def _run(self) -> None:
        while (message := self._next()) is not None:
            try:
                self._connection.sendall(message.packed())
            except OSError:
                return  # the monitor is gone, which whoever receives notices

    def _next(self) -> Message | None:
        """Return what is to be sent next, waiting for it; None when closed."""
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._messages or self._has_picture or self._is_closed
                )
                if self._messages:
                    return self._messages.popleft()
                if self._is_closed:
                    return None
                pictures, video = tuple(self._pictures.items()), self._video
                self._has_picture = False
            # Not under the lock: the broadcasts hold their own when they wake us.
            fragment = None if video is None else video.take()
            if fragment is not None:
                self._wake()  # there may be more, and a picture
                with_head, self._sent_head = fragment.head is not self._sent_head, fragment.head
                return packed_fragment(fragment, with_head=with_head)
            for kind, subscription in pictures:
                if (picture := subscription.take()) is not None:
                    self._wake()
                    self._come_last(kind)
                    return Message(kind, body=picture.jpeg)

    def _come_last(self, kind: PictureKind) -> None:
        """Let the other kind have its turn, however fast pictures of this one come."""
        with self._changed:
            if kind in self._pictures:
                self._pictures[kind] = self._pictures.pop(kind)


class LinkHandler(logging.Handler):
    """Sends what is logged to the monitor, which says whose it is."""

    def __init__(self, link: ChildLink) -> None:
        super().__init__()
        self._link = link

    def emit(self, record: logging.LogRecord) -> None:
        """Send a line."""
        self._link.send("log", level=record.levelno, text=self.format(record))
