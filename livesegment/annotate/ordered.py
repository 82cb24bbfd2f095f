"""Many items in work at once, results in order, memory bounded."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True, eq=False)
class _Slot(Generic[T, R]):
    item: T
    size: int = 0
    done: bool = False
    result: R | None = None
    error: BaseException | None = None


class OrderedWindow(Generic[T, R]):
    """Lets workers take items in any order and hands the results out in the order of the items.

    One thread puts items and calls `end`; any number of threads call `run`; one thread iterates
    over the results. At most `width` items are held, finished or not. No `Buffer`: an item counts
    until its result's turn has come, long after it was taken out to be worked on. What has left is
    not kept by anybody here: an item may be a large picture.

    Args:
        work: Turns an item into its result; called from several threads.
        width: Says how many items may be held now; asked again whenever one has left.
        size: Says how large an item and its result are, in bytes say; None: it has none yet.
        most: Says which sum of sizes may be held where such an item is one of them. One is held
            however large it is.
    """

    def __init__(
        self,
        work: Callable[[T], R],
        width: Callable[[], int],
        *,
        size: Callable[[T, R | None], int] = lambda _item, _result: 0,
        most: Callable[[T], int] = lambda _: 0,
    ) -> None:
        self._work = work
        self._width = width
        self._size_of = size
        self._most = most
        self._held = 0
        self._last = 0, 0  # size of the last item, and which sum was allowed with it
        self._wanted: tuple[int, int] | None = None  # the same of what waits for room
        # Each of its own, so that nobody is woken in vain: many items are done before their turn,
        # and very many may wait for work.
        lock = threading.RLock()
        self._room = threading.Condition(lock)
        self._head_done = threading.Condition(lock)
        self._has_work = threading.Condition(lock)
        self._slots: deque[_Slot[T, R]] = deque()
        self._unclaimed: deque[_Slot[T, R]] = deque()
        self._ended = False
        self._stopped = False
        self._failed = False

    def wait_for_room(self) -> bool:
        """Wait until another item like the last one may be put; False once the window has stopped.

        Who makes large items need not make one before there is a place for it.
        """
        with self._room:
            self._wait_for_room(*self._last)
            return not self._stopped

    def put(self, item: T) -> bool:
        """Add an item, waiting for room; False once the window has stopped."""
        slot: _Slot[T, R] = _Slot(item, self._size_of(item, None))
        most = self._most(item)
        with self._room:
            self._wait_for_room(slot.size, most)
            if self._stopped:
                return False
            self._slots.append(slot)
            self._held += slot.size
            self._last = slot.size, most
            self._unclaimed.append(slot)
            self._has_work.notify()
            return True

    def resized(self, item: T) -> None:
        """Say that an item has another size than when it was put."""
        with self._room:
            for slot in self._slots:
                if slot.item is item:
                    self._measure(slot)
            self._tell_of_room()

    def end(self) -> None:
        """Say that no more items come."""
        with self._head_done:
            self._ended = True
            self._head_done.notify_all()
            self._has_work.notify_all()

    def stop(self) -> None:
        """Give up: nobody waits any more and no more items are started."""
        with self._room:
            self._stopped = True
            for waited_for in (self._room, self._head_done, self._has_work):
                waited_for.notify_all()

    def run(self) -> None:
        """Work on items until they end.

        An item's exception is raised where its result is due; later items are not started then.
        """
        while self._work_on_next():
            pass

    def _work_on_next(self) -> bool:
        # A function of its own: who waits for the next item holds none.
        if (slot := self._claim()) is None:
            return False
        try:
            slot.result = self._work(slot.item)
        except Exception as error:  # noqa: BLE001 - raised by `results`, in order
            slot.error = error
        with self._head_done:
            if slot.error is not None:
                self._failed = True
                self._has_work.notify_all()
            slot.done = True
            if slot in self._slots:
                self._measure(slot)
            if self._has_news():
                self._head_done.notify_all()
            self._tell_of_room()  # a search may have found meanwhile that more may be held
        return True

    def _claim(self) -> _Slot[T, R] | None:
        with self._has_work:
            self._has_work.wait_for(self._may_claim)
            if self._stopped or self._failed or not self._unclaimed:
                return None
            return self._unclaimed.popleft()

    def results(self) -> Iterator[tuple[T, R]]:
        """Yield every item with its result, in order; end early once the window has stopped.

        Raises:
            Exception: What `work` raised for the item whose turn it is.
        """
        while (slot := self._next_done()) is not None:
            if slot.error is not None:
                raise slot.error
            result = slot.item, slot.result
            del slot
            yield result  # type: ignore[misc]  # a done slot has its result
            del result

    def _measure(self, slot: _Slot[T, R]) -> None:
        self._held -= slot.size
        slot.size = self._size_of(slot.item, slot.result)
        self._held += slot.size

    def _next_done(self) -> _Slot[T, R] | None:
        with self._head_done:
            self._head_done.wait_for(self._has_news)
            if self._stopped or not self._slots:
                return None
            slot = self._slots.popleft()
            self._held -= slot.size
            self._tell_of_room()
            return slot

    def _wait_for_room(self, size: int, most: int) -> None:
        self._wanted = size, most
        self._room.wait_for(lambda: self._has_room(size, most) or self._stopped)
        self._wanted = None

    def _tell_of_room(self) -> None:
        if self._wanted is not None and self._has_room(*self._wanted):
            self._room.notify_all()

    def _has_room(self, size: int, most: int) -> bool:
        if not self._slots:
            return True
        return len(self._slots) < self._width() and self._held + size <= most

    def _may_claim(self) -> bool:
        return bool(self._unclaimed) or self._ended or self._stopped or self._failed

    def _has_news(self) -> bool:
        head_is_done = bool(self._slots) and self._slots[0].done
        return head_is_done or self._stopped or (self._ended and not self._slots)
