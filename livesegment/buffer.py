"""The buffer between threads: bounded, and its policy says what happens when it is full.

- `Buffer("wait", 8)`: nothing is lost; who puts waits for room.
- `Buffer("drop oldest", 1000)`: who puts never waits; the newest 1000 are kept.
- `Buffer("keep newest")`: the same for a single item; who reads gets what is newest.
- `Buffer("refuse", 32)`: who puts never waits; what there is no room for is dropped.
- `Buffer("refuse", size=len, most=2**20)`: room by size; a capacity may bound the number as well.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, Literal, TypeVar, get_args

T = TypeVar("T")

Policy = Literal["wait", "drop oldest", "keep newest", "refuse"]
"""What a full buffer does with another item."""


class Buffer(Generic[T]):
    """Hands items on in the order in which they came, each to one reader.

    Any number of threads may put and any number get. `put` waits with the policy "wait" only, and
    says what was dropped, so that nothing is lost unseen.

    An end comes in one of two ways. `close` takes no more items and lets readers have those that
    wait; `abort` drops those as well. Both wake whoever waits, on either side, neither is undone,
    and either may follow the other. From then on `get` returns None at once when nothing is left,
    and `put` drops what it is given.

    Args:
        policy: What a full buffer does with another item.
        capacity: Items that may wait; None: as many as `most` allows. "keep newest" keeps one.
        size: Says how large an item is, in bytes say. Called once for each, by `put`.
        most: The largest sum of sizes that may wait. A single item that is larger is let in when
            nothing else waits, for otherwise it never would be.

    Raises:
        ValueError: If the policy is none, or it has no bound, or one that lets nothing in.
    """

    def __init__(
        self,
        policy: Policy,
        capacity: int | None = None,
        *,
        size: Callable[[T], int] | None = None,
        most: int | None = None,
    ) -> None:
        if policy not in get_args(Policy):
            raise ValueError(f"a buffer's policy is one of {', '.join(get_args(Policy))}")
        if policy == "keep newest" and capacity is None:
            capacity = 1
        if (size is None) != (most is None) or (capacity is None and most is None):
            raise ValueError("a buffer has a capacity, or a size and the most of it, or both")
        if capacity is not None and (capacity < 1 or (policy == "keep newest" and capacity > 1)):
            raise ValueError("a buffer's capacity is at least 1, and 1 where the newest is kept")
        self._waits = policy == "wait"
        self._drops_oldest = policy in {"drop oldest", "keep newest"}
        self._capacity = capacity
        self._size_of = size
        self._most = most
        self._changed = threading.Condition()
        self._items: deque[tuple[T, int]] = deque()
        self._size = 0
        self._is_closed = False

    def put(self, item: T) -> list[T]:
        """Offer an item.

        Returns:
            What was dropped because of it, which is false if nothing was: the oldest items, or
            the item itself where it was refused or the buffer has been closed.
        """
        size = 0 if self._size_of is None else self._size_of(item)
        dropped: list[T] = []
        with self._changed:
            if self._waits:
                self._changed.wait_for(lambda: self._has_room(size) or self._is_closed)
            while self._drops_oldest and not (self._has_room(size) or self._is_closed):
                dropped.append(self._pop())
            if self._is_closed or not self._has_room(size):
                return [item]
            self._items.append((item, size))
            self._size += size
            # Everybody: whoever only waits must not be the one who is woken in a reader's place.
            self._changed.notify_all()
            return dropped

    def get(self, timeout_s: float | None = None) -> T | None:
        """Take the oldest item, waiting for one.

        Args:
            timeout_s: How long to wait; None: for as long as it takes.

        Returns:
            The item; None when the time is over or, then and for good, when `finished`.
        """
        with self._changed:
            self._changed.wait_for(self._has_news, timeout_s)
            if not self._items:
                return None
            item = self._pop()
            if self._waits:  # else nobody waits for room, and readers would be woken for nothing
                self._changed.notify_all()
            return item

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until there is an item, without taking it, and return whether there is one.

        Without a timeout, False means that there will be none any more. Where several read,
        another may take the item first.
        """
        with self._changed:
            self._changed.wait_for(self._has_news, timeout_s)
            return bool(self._items)

    @property
    def finished(self) -> bool:
        """Whether nothing will come any more."""
        with self._changed:
            return self._is_closed and not self._items

    def close(self) -> None:
        """Take no more items; those that wait may still be taken. May be called twice."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def abort(self) -> list[T]:
        """Take no more items and drop those that wait. May be called twice.

        Returns:
            What was dropped, oldest first.
        """
        with self._changed:
            dropped = [self._pop() for _ in range(len(self._items))]
            self._is_closed = True
            self._changed.notify_all()
            return dropped

    def _has_news(self) -> bool:
        return bool(self._items) or self._is_closed

    def _has_room(self, size: int) -> bool:
        if not self._items:
            return True
        fits = self._most is None or self._size + size <= self._most
        return fits and (self._capacity is None or len(self._items) < self._capacity)

    def _pop(self) -> T:
        item, size = self._items.popleft()
        self._size -= size
        return item
