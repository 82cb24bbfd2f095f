"""Many items in work, results in order."""

import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from livesegment.annotate.ordered import OrderedWindow


def test_results_come_in_the_order_of_the_items_however_work_finishes() -> None:
    done = [threading.Event() for _ in range(4)]

    def work(item: int) -> int:
        # Each item waits for the next one: they can only finish backwards.
        if item + 1 < len(done):
            assert done[item + 1].wait(10)
        done[item].set()
        return item * 10

    window: OrderedWindow[int, int] = OrderedWindow(work, width=lambda: 4)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(window.run)
        for item in range(4):
            window.put(item)
        window.end()
        assert list(window.results()) == [(0, 0), (1, 10), (2, 20), (3, 30)]


def test_no_more_than_width_items_are_held() -> None:
    window: OrderedWindow[int, int] = OrderedWindow(lambda item: item, width=lambda: 2)
    assert window.put(0)
    assert window.put(1)
    third_is_in = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        pool.submit(lambda: (window.put(2), third_is_in.set()))
        assert not third_is_in.is_set()
        pool.submit(window.run)
        results = window.results()
        assert next(results) == (0, 0)
        assert third_is_in.wait(10)
        window.end()
        assert list(results) == [(1, 1), (2, 2)]


def test_room_that_a_wider_window_gives_is_taken_while_the_oldest_is_awaited() -> None:
    width, oldest_may_end = 2, threading.Event()

    def work(item: int) -> int:
        nonlocal width
        if item == 0:
            assert oldest_may_end.wait(10)
        width = 3  # as a search for the best number of requests does with each reply
        return item

    window: OrderedWindow[int, int] = OrderedWindow(work, width=lambda: width)
    with ThreadPoolExecutor(3) as pool:
        window.put(0)
        window.put(1)
        third = pool.submit(window.put, 2)
        for _ in range(2):
            pool.submit(window.run)
        assert third.result(10)
        oldest_may_end.set()
        window.end()
        assert [item for item, _ in window.results()] == [0, 1, 2]


def test_an_items_error_is_raised_when_its_turn_comes() -> None:
    def work(item: int) -> int:
        if item == 1:
            raise ValueError("item 1")
        return item

    window: OrderedWindow[int, int] = OrderedWindow(work, width=lambda: 3)
    for item in range(3):
        window.put(item)
    window.end()
    window.run()
    results = window.results()
    assert next(results) == (0, 0)
    with pytest.raises(ValueError, match="item 1"):
        next(results)


def test_stop_wakes_everybody() -> None:
    window: OrderedWindow[int, int] = OrderedWindow(lambda item: item, width=lambda: 1)
    with ThreadPoolExecutor(3) as pool:
        window.put(0)
        putter = pool.submit(window.put, 1)
        reader = pool.submit(lambda: list(window.results()))
        window.stop()
        assert putter.result(10) is False
        assert reader.result(10) == []
        pool.submit(window.run).result(10)


def test_nothing_is_started_after_an_item_that_failed() -> None:
    started: list[int] = []

    def work(item: int) -> int:
        started.append(item)
        if item == 1:
            raise ValueError("item 1")
        return item

    window: OrderedWindow[int, int] = OrderedWindow(work, width=lambda: 5)
    for item in range(5):
        window.put(item)
    window.run()
    assert started == [0, 1]


class Picture:
    """Something large."""

    size = 10


def test_large_items_are_held_in_smaller_number_but_one_in_any_case() -> None:
    window: OrderedWindow[Picture, Picture] = OrderedWindow(
        lambda item: item, lambda: 9, size=lambda item, _: item.size, most=lambda _: 25
    )
    items = [Picture() for _ in range(4)]
    items[3].size = 100
    assert window.put(items[0])
    assert window.put(items[1])
    with ThreadPoolExecutor(1) as pool:
        third = pool.submit(window.put, items[2])
        assert not third.done()
        items[0].size = 5  # it takes less now: there is room for another one
        window.resized(items[0])
        assert third.result(10)
        last = pool.submit(window.put, items[3])
        results = window.results()
        with ThreadPoolExecutor(1) as workers:
            workers.submit(window.run)
            assert [next(results)[0] for _ in range(3)] == items[:3]
            assert last.result(10)
            window.end()
            assert [item for item, _ in results] == items[3:]


def test_nobody_keeps_an_item_that_has_left() -> None:
    window: OrderedWindow[Picture, int] = OrderedWindow(lambda _: 1, lambda: 2)
    left = threading.Event()
    item = Picture()
    gone = weakref.ref(item, lambda _: left.set())
    with ThreadPoolExecutor(3) as pool:
        for _ in range(2):
            pool.submit(window.run)
        window.put(item)
        del item
        results = window.results()
        next(results)
        taken = pool.submit(lambda: list(results))
        window.put(Picture())
        assert left.wait(10), gone
        window.end()
        assert len(taken.result(10)) == 1
