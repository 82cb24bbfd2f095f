"""The queue that holds only the newest item."""

import threading

from livesegment.buffer import NewestQueue


def test_the_newest_item_replaces_one_that_nobody_took() -> None:
    queue: NewestQueue[int] = NewestQueue()
    assert queue.put(1) is False
    assert queue.put(2) is True
    assert queue.get() == 2


def test_get_gives_up_after_its_timeout_without_finishing_the_queue() -> None:
    queue: NewestQueue[int] = NewestQueue()
    assert queue.get(timeout_s=0.001) is None
    assert not queue.finished


def test_close_lets_the_last_item_be_taken() -> None:
    queue: NewestQueue[int] = NewestQueue()
    queue.put(1)
    queue.close()
    assert not queue.finished
    assert queue.get() == 1
    assert queue.finished
    assert queue.get() is None


def test_abort_drops_the_last_item() -> None:
    queue: NewestQueue[int] = NewestQueue()
    queue.put(1)
    queue.abort()
    assert queue.finished
    assert queue.get() is None


def test_an_item_put_after_the_end_is_dropped() -> None:
    queue: NewestQueue[int] = NewestQueue()
    queue.close()
    assert queue.put(1) is True
    assert queue.get() is None


def test_close_wakes_every_waiting_reader() -> None:
    queue: NewestQueue[int] = NewestQueue()
    answers: list[int | None] = []
    readers = [threading.Thread(target=lambda: answers.append(queue.get())) for _ in range(3)]
    for reader in readers:
        reader.start()
    queue.close()
    for reader in readers:
        reader.join(10)
    assert answers == [None, None, None]


def test_who_only_waits_takes_nothing_and_is_not_woken_in_a_readers_place() -> None:
    queue: NewestQueue[int] = NewestQueue()
    answers: list[object] = []
    waiters = [threading.Thread(target=lambda: answers.append(queue.wait())) for _ in range(3)]
    reader = threading.Thread(target=lambda: answers.append(queue.get()))
    for thread in (*waiters, reader):
        thread.start()
    queue.put(7)
    reader.join(10)
    queue.put(8)
    for thread in waiters:
        thread.join(10)
    assert sorted(answers) == [True, True, True, 7]
    assert queue.get() == 8
    queue.close()
    assert not queue.wait()
