"""Pictures for however many watch, each encoded once."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Wake = Callable[[], None]
"""Called from any thread when there is something new; it must not wait."""


class Numbered(Protocol):
    """What is given to viewers in its order."""

    @property
    def number(self) -> int:
        """Rises from one to the next."""


Item = TypeVar("Item", bound=Numbered)


class Watched(ABC, Generic[Item]):
    """Something that is made once for everybody who watches; whoever is slow holds up nobody.

    No `Buffer`, which hands an item to one reader: here everybody gets it. All methods may be
    called from any thread.

    Args:
        on_watched: Called with True when the first viewer comes and with False when the last one
            has gone, one call after the other; whoever makes the pictures need not without viewers.
    """

    def __init__(self, on_watched: Callable[[bool], None] | None = None) -> None:
        self._lock = threading.RLock()
        self._on_watched = on_watched
        self._wakes: dict[Subscription[Item], Wake] = {}
        self._numbers = 0
        self._is_closed = False

    @property
    def is_watched(self) -> bool:
        """Whether anybody watches."""
        return bool(self._wakes)

    @property
    def is_closed(self) -> bool:
        """Whether nothing will come any more."""
        return self._is_closed

    @property
    @abstractmethod
    def is_waiting(self) -> bool:
        """Whether somebody watches who has nothing to look at yet."""

    def subscribe(self, wake: Wake) -> "Subscription[Item]":
        """Begin to watch.

        Args:
            wake: Called when there is something to take, and when there will be nothing any more.

        Returns:
            What takes it, to be closed by whoever watches no longer.
        """
        with self._lock:
            subscription = Subscription(self, self._first_after())
            self._wakes[subscription] = wake
            if self._is_closed:
                wake()
            elif len(self._wakes) == 1:
                self._tell(is_watched=True)
            else:
                self._joined(wake)
        return subscription

    def close(self) -> None:
        """Let every viewer know that nothing will come any more. May be called twice."""
        with self._lock:
            self._is_closed = True
            self._wake_all()

    @abstractmethod
    def take(self, after: int) -> Item | None:
        """Return what a viewer gets who was given the number `after` last; None: nothing yet."""

    def unsubscribe(self, subscription: "Subscription[Item]") -> None:
        """Forget a viewer; called by the subscription's `close`."""
        with self._lock:
            if self._wakes.pop(subscription, None) is not None and not self._wakes:
                # The next one to come must not get anything of long ago.
                self._forget()
                if not self._is_closed:
                    self._tell(is_watched=False)

    @abstractmethod
    def _first_after(self) -> int:
        """Return the number after which a viewer who comes now begins."""

    @abstractmethod
    def _joined(self, wake: Wake) -> None:
        """See to it that a viewer who is not the first gets something."""

    @abstractmethod
    def _forget(self) -> None:
        """Keep nothing."""

    def _wake_all(self) -> None:
        for wake in self._wakes.values():
            wake()

    def _tell(self, *, is_watched: bool) -> None:
        # Under the lock, so that coming and going are told in the order in which they happen.
        if self._on_watched is not None:
            self._on_watched(is_watched)


class Subscription(Generic[Item]):
    """Takes for one viewer what is watched, each item once.

    Args:
        watched: What is watched.
        after: The number of the last item that is not for this viewer.
    """

    def __init__(self, watched: Watched[Item], after: int) -> None:
        self._watched = watched
        self._seen = after

    @property
    def has_ended(self) -> bool:
        """Whether nothing will come any more."""
        return self._watched.is_closed

    def take(self) -> Item | None:
        """Return what is next for this viewer; None: nothing yet."""
        item = self._watched.take(self._seen)
        if item is not None:
            self._seen = item.number
        return item

    def close(self) -> None:
        """Watch no longer. May be called twice."""
        self._watched.unsubscribe(self)


@dataclass(frozen=True, slots=True, eq=False)
class EncodedPicture:
    """A picture as it is sent.

    Attributes:
        jpeg: The file.
        number: Rises from picture to picture.
    """

    jpeg: bytes
    number: int


class Broadcast(Watched[EncodedPicture]):
    """Holds the newest picture; everybody who watches takes it when ready for it.

    Nothing is queued: whoever is slow misses pictures.
    """

    def __init__(self, on_watched: Callable[[bool], None] | None = None) -> None:
        super().__init__(on_watched)
        self._newest: EncodedPicture | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether somebody watches and there is no picture."""
        return self.is_watched and self._newest is None

    def publish(self, jpeg: bytes) -> None:
        """Offer everybody a new picture, a JPEG file; without viewers it is dropped."""
        with self._lock:
            if not self._wakes or self._is_closed:
                return
            self._numbers += 1
            self._newest = EncodedPicture(jpeg, self._numbers)
            self._wake_all()

    def take(self, after: int) -> EncodedPicture | None:
        """Return the newest picture if its number is above `after`."""
        with self._lock:
            newest = self._newest
            return newest if newest is not None and newest.number > after else None

    def _first_after(self) -> int:
        return 0

    def _joined(self, wake: Wake) -> None:
        if self._newest is not None:
            wake()

    def _forget(self) -> None:
        self._newest = None
