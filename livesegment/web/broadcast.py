"""Pictures for however many watch, each encoded once."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

Wake = Callable[[], None]
"""Called from any thread when there is something new; it must not wait."""


@dataclass(frozen=True, slots=True, eq=False)
class EncodedPicture:
    """A picture as it is sent.

    Attributes:
        jpeg: The file.
        number: Rises from picture to picture.
    """

    jpeg: bytes
    number: int


class Broadcast:
    """Holds the newest picture; everybody who watches takes it when ready for it.

    Nothing is queued: whoever is slow misses pictures and holds up nobody. No `Buffer`, which
    hands an item to one reader: here everybody gets it. All methods may be called from any thread.

    Args:
        on_watched: Called with True when the first viewer comes and with False when the last one
            has gone, one call after the other; whoever makes the pictures need not without viewers.
    """

    def __init__(self, on_watched: Callable[[bool], None] | None = None) -> None:
        self._lock = threading.RLock()
        self._on_watched = on_watched
        self._viewers: dict[Viewer, Wake] = {}
        self._newest: EncodedPicture | None = None
        self._numbers = 0
        self._is_closed = False

    @property
    def is_watched(self) -> bool:
        """Whether anybody watches."""
        return bool(self._viewers)

    @property
    def is_waiting(self) -> bool:
        """Whether somebody watches and there is no picture."""
        return bool(self._viewers) and self._newest is None

    @property
    def is_closed(self) -> bool:
        """Whether no picture will come any more."""
        return self._is_closed

    def publish(self, jpeg: bytes) -> None:
        """Offer everybody a new picture, a JPEG file; without viewers it is dropped."""
        with self._lock:
            if not self._viewers or self._is_closed:
                return
            self._numbers += 1
            self._newest = EncodedPicture(jpeg, self._numbers)
            for wake in self._viewers.values():
                wake()

    def watch(self, wake: Wake) -> "Viewer":
        """Return a new viewer, to be closed when it leaves.

        Args:
            wake: Called when there is a picture for it, and when there will be none any more.
        """
        viewer = Viewer(self)
        with self._lock:
            self._viewers[viewer] = wake
            if self._is_closed:
                wake()
            elif len(self._viewers) == 1:
                self._tell(is_watched=True)
            elif self._newest is not None:
                wake()
        return viewer

    def close(self) -> None:
        """Let every viewer know that no picture will come any more. May be called twice."""
        with self._lock:
            self._is_closed = True
            for wake in self._viewers.values():
                wake()

    def take(self, after: int) -> EncodedPicture | None:
        """Return the newest picture if its number is above `after`."""
        with self._lock:
            newest = self._newest
            return newest if newest is not None and newest.number > after else None

    def leave(self, viewer: "Viewer") -> None:
        """Forget a viewer; called by its `close`."""
        with self._lock:
            if self._viewers.pop(viewer, None) is not None and not self._viewers:
                # The next one to come must not get a picture of long ago.
                self._newest = None
                if not self._is_closed:
                    self._tell(is_watched=False)

    def _tell(self, *, is_watched: bool) -> None:
        # Under the lock, so that coming and going are told in the order in which they happen.
        if self._on_watched is not None:
            self._on_watched(is_watched)


class Viewer:
    """Takes the newest picture of a broadcast, each one once."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast
        self._seen = 0

    @property
    def has_ended(self) -> bool:
        """Whether no picture will come any more."""
        return self._broadcast.is_closed

    def take(self) -> EncodedPicture | None:
        """Return the newest picture if it has not been taken yet."""
        picture = self._broadcast.take(self._seen)
        if picture is not None:
            self._seen = picture.number
        return picture

    def close(self) -> None:
        """Watch no longer. May be called twice."""
        self._broadcast.leave(self)
