"""Many items in work, results in order."""

import threading
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
