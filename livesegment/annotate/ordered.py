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
    done: bool = False
    result: R | None = None
    error: BaseException | None = None


class OrderedWindow(Generic[T, R]):
    """Lets workers take items in any order and hands the results out in the order of the items.

    One thread puts items and calls `end`; any number of threads call `run`; one thread iterates
    over the results. At most `width` items are held, finished or not. No `Buffer`: an item counts
    until its result's turn has come, long after it was taken out to be worked on.

    Args:
        work: Turns an item into its result; called from several threads.
        width: Says how many items may be held now; asked again whenever one has left.
    """

    def __init__(self, work: Callable[[T], R], width: Callable[[], int]) -> None:
        self._work = work
        self._width = width
        lock = threading.RLock()
        self._changed = threading.Condition(lock)
        # Of their own, because there may be very many who wait for work: each item wakes one.
        self._has_work = threading.Condition(lock)
        self._slots: deque[_Slot[T, R]] = deque()
        self._unclaimed: deque[_Slot[T, R]] = deque()
        self._ended = False
        self._stopped = False
        self._failed = False

    def put(self, item: T) -> bool:
        """Add an item, waiting for room; False once the window has stopped."""
        slot: _Slot[T, R] = _Slot(item)
        with self._changed:
            self._changed.wait_for(lambda: len(self._slots) < self._width() or self._stopped)
            if self._stopped:
                return False
            self._slots.append(slot)
            self._unclaimed.append(slot)
            self._has_work.notify()
            return True

    def end(self) -> None:
        """Say that no more items come."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
            self._has_work.notify_all()

    def stop(self) -> None:
        """Give up: nobody waits any more and no more items are started."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            self._has_work.notify_all()

    def run(self) -> None:
        """Work on items until they end.

        An item's exception is raised where its result is due; later items are not started then.
        """
        while (slot := self._claim()) is not None:
            try:
                slot.result = self._work(slot.item)
            except Exception as error:  # noqa: BLE001 - raised by `results`, in order
                slot.error = error
            with self._changed:
                if slot.error is not None:
                    self._failed = True
                    self._has_work.notify_all()
                slot.done = True
                self._changed.notify_all()

    def _claim(self) -> _Slot[T, R] | None:
        with self._changed:
            self._has_work.wait_for(self._may_claim)
            if self._stopped or self._failed or not self._unclaimed:
                return None
            return self._unclaimed.popleft()

    def results(self) -> Iterator[tuple[T, R]]:
        """Yield every item with its result, in order; end early once the window has stopped.

        Raises:
            Exception: What `work` raised for the item whose turn it is.
        """
        while True:
            with self._changed:
                self._changed.wait_for(self._has_news)
                if self._stopped or not self._slots:
                    return
                slot = self._slots.popleft()
                self._changed.notify_all()
            if slot.error is not None:
                raise slot.error
            yield slot.item, slot.result  # type: ignore[misc]  # a done slot has its result

    def _may_claim(self) -> bool:
        return bool(self._unclaimed) or self._ended or self._stopped or self._failed

    def _has_news(self) -> bool:
        head_is_done = bool(self._slots) and self._slots[0].done
        return head_is_done or self._stopped or (self._ended and not self._slots)
