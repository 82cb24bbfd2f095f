"""A queue that holds only the newest item."""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class NewestQueue(Generic[T]):
    """Hands the newest item to one reader at a time; an older one that nobody took is dropped.

    Contract: `put` never waits. `close` lets the last item be taken, then `get` returns None.
    `abort` discards it at once. Both wake every waiting reader, and neither is undone.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: T | None = None
        self._closed = False

    def put(self, item: T) -> bool:
        """Offer an item and return whether another was dropped: the one it replaces, or itself.

        After `close` or `abort` the item itself is dropped.
        """
        with self._changed:
            if self._closed:
                return True
            replaced = self._item is not None
            self._item = item
            # Everybody: whoever only waits must not be the one who is woken in a reader's place.
            self._changed.notify_all()
            return replaced

    def get(self, timeout_s: float | None = None) -> T | None:
        """Take the newest item, waiting for one.

        Returns:
            The item; None when the time is over or, then and for good, when `finished`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, timeout_s)
            item, self._item = self._item, None
            return item

    def wait(self) -> bool:
        """Wait until there is an item, without taking it; False when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed)
            return self._item is not None

    @property
    def finished(self) -> bool:
        """Whether nothing will come any more."""
        with self._changed:
            return self._closed and self._item is None

    def close(self) -> None:
        """Take no more items; what is there may still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abort(self) -> None:
        """Take no more items and drop what is there."""
        with self._changed:
            self._item = None
            self._closed = True
            self._changed.notify_all()
