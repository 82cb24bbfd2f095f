"""The buffer between threads."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from livesegment.buffer import Buffer, Policy

BOUND_S = 10  # of every wait for a thread

NEVER_WAITING: list[Policy] = ["drop oldest", "keep newest", "refuse"]
POLICIES: list[Policy] = ["wait", *NEVER_WAITING]


class Handshake(threading.Condition):
    """A condition that says when a thread has begun to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        # Called with the lock held, which is let go inside: whoever takes the lock after this
        # finds the thread waiting.
        self.waiting.release()
        return super().wait(timeout)


def buffer(policy: Policy, capacity: int | None = None, **room: Any) -> Buffer[int]:
    made: Buffer[int] = Buffer(policy, capacity or (1 if policy != "keep newest" else None), **room)
    made._changed = Handshake()
    return made


def begun_to_wait(of: Buffer[int], count: int = 1) -> None:
    assert isinstance(of._changed, Handshake)
    for _ in range(count):
        assert of._changed.waiting.acquire(timeout=BOUND_S)


@contextmanager
def thread(work: Callable[[], object]) -> Iterator[list[object]]:
    """Run work aside; its answer is in the list after the block."""
    answers: list[object] = []
    running = threading.Thread(target=lambda: answers.append(work()), daemon=True)
    running.start()
    yield answers
    running.join(BOUND_S)
    assert not running.is_alive()


# What all have in common.


@pytest.mark.parametrize("policy", POLICIES)
def test_an_item_is_handed_to_one_reader(policy: Policy) -> None:
    queue = buffer(policy)
    assert queue.put(1) == []
    assert queue.get() == 1
    assert queue.get(timeout_s=0) is None


@pytest.mark.parametrize("policy", POLICIES)
def test_a_reader_is_woken_by_an_item(policy: Policy) -> None:
    queue = buffer(policy)
    with thread(queue.get) as answers:
        begun_to_wait(queue)
        queue.put(1)
    assert answers == [1]


@pytest.mark.parametrize("policy", POLICIES)
def test_get_gives_up_after_its_timeout_without_finishing_the_buffer(policy: Policy) -> None:
    queue = buffer(policy)
    assert queue.get(timeout_s=0.001) is None
    assert not queue.wait(timeout_s=0.001)
    assert not queue.finished


@pytest.mark.parametrize("policy", POLICIES)
def test_close_lets_the_last_item_be_taken(policy: Policy) -> None:
    queue = buffer(policy)
    queue.put(1)
    queue.close()
    queue.close()
    assert not queue.finished
    assert queue.get() == 1
    assert queue.finished
    assert queue.get() is None


@pytest.mark.parametrize("policy", POLICIES)
def test_abort_drops_the_last_item_and_says_so(policy: Policy) -> None:
    queue = buffer(policy)
    queue.put(1)
    queue.close()
    assert queue.abort() == [1]
    assert queue.abort() == []
    assert queue.finished
    assert queue.get() is None


@pytest.mark.parametrize("policy", POLICIES)
def test_an_item_put_after_the_end_is_dropped(policy: Policy) -> None:
    queue = buffer(policy)
    queue.close()
    assert queue.put(1) == [1]
    assert queue.get() is None


@pytest.mark.parametrize("policy", POLICIES)
def test_an_item_put_after_the_end_does_not_drive_out_those_that_wait(policy: Policy) -> None:
    queue = buffer(policy)
    queue.put(1)
    queue.close()
    assert queue.put(2) == [2]
    assert queue.get() == 1


@pytest.mark.parametrize("end", [Buffer.close, Buffer.abort])
@pytest.mark.parametrize("policy", POLICIES)
def test_the_end_wakes_every_waiting_reader(
    policy: Policy, end: Callable[[Buffer[int]], object]
) -> None:
    queue = buffer(policy)
    with thread(queue.get) as one, thread(queue.get) as two, thread(queue.wait) as three:
        begun_to_wait(queue, 3)
        end(queue)
    assert [*one, *two, *three] == [None, None, False]


def test_who_only_waits_takes_nothing_and_is_not_woken_in_a_readers_place() -> None:
    queue = buffer("keep newest")
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


# What a full one does.


def test_the_newest_item_replaces_one_that_nobody_took() -> None:
    queue = buffer("keep newest")
    assert queue.put(1) == []
    assert queue.put(2) == [1]
    assert queue.get() == 2


def test_the_oldest_items_go_first() -> None:
    queue = buffer("drop oldest", 2)
    assert [queue.put(item) for item in (1, 2, 3, 4)] == [[], [], [1], [2]]
    assert [queue.get(), queue.get()] == [3, 4]


def test_what_there_is_no_room_for_is_refused() -> None:
    queue = buffer("refuse", 2)
    assert [queue.put(item) for item in (1, 2, 3)] == [[], [], [3]]
    assert queue.get() == 1
    assert queue.put(4) == []
    assert [queue.get(), queue.get()] == [2, 4]


def test_who_puts_waits_for_room() -> None:
    queue = buffer("wait", 2)
    queue.put(1)
    queue.put(2)
    with thread(lambda: queue.put(3)) as answers:
        begun_to_wait(queue)
        assert answers == []
        assert queue.get() == 1
    assert answers == [[]]
    assert [queue.get(), queue.get()] == [2, 3]


@pytest.mark.parametrize(("end", "left"), [(Buffer.close, 1), (Buffer.abort, None)])
def test_who_waits_for_room_is_woken_by_the_end(
    end: Callable[[Buffer[int]], object], left: int | None
) -> None:
    queue = buffer("wait")
    queue.put(1)
    with thread(lambda: queue.put(2)) as answers:
        begun_to_wait(queue)
        end(queue)
    assert answers == [[2]]
    assert queue.get() == left
    assert queue.finished


@pytest.mark.parametrize("policy", NEVER_WAITING)
def test_who_puts_never_waits(policy: Policy) -> None:
    queue = buffer(policy)
    assert len([item for number in range(100) for item in queue.put(number)]) == 99


# Room by size: here an item is as large as its number.


def sized(policy: Policy, most: int, capacity: int | None = None) -> Buffer[int]:
    return Buffer(policy, capacity, size=abs, most=most)


def test_room_may_be_by_size() -> None:
    queue = sized("refuse", 10)
    assert [queue.put(item) for item in (6, 5, 4, 0, 1)] == [[], [5], [], [], [1]]
    assert queue.get() == 6
    assert queue.put(6) == []


def test_as_many_of_the_oldest_go_as_room_is_needed() -> None:
    queue = sized("drop oldest", 10)
    assert [queue.put(item) for item in (3, 4, 3, 7)] == [[], [], [], [3, 4]]
    assert [queue.get(), queue.get()] == [3, 7]


@pytest.mark.parametrize("policy", ["wait", "drop oldest", "refuse"])
def test_what_is_larger_than_all_the_room_has_it_to_itself(policy: Policy) -> None:
    queue = sized(policy, 10)
    assert queue.put(20) == []
    assert queue.get() == 20


def test_who_puts_waits_for_room_by_size() -> None:
    queue = sized("wait", 10)
    queue._changed = Handshake()
    queue.put(4)
    queue.put(5)
    with thread(lambda: queue.put(10)):
        begun_to_wait(queue)
        assert queue.get() == 4
        begun_to_wait(queue)
        assert queue.get() == 5
    assert queue.get() == 10


def test_both_bounds_hold() -> None:
    queue = sized("refuse", 10, capacity=2)
    assert [queue.put(item) for item in (1, 1, 1)] == [[], [], [1]]


@pytest.mark.parametrize(
    "arguments",
    [
        {"policy": "drop-oldest", "capacity": 1},
        {"policy": "wait"},
        {"policy": "wait", "capacity": 0},
        {"policy": "keep newest", "capacity": 2},
        {"policy": "refuse", "size": abs},
        {"policy": "refuse", "capacity": 1, "most": 1},
    ],
)
def test_a_buffer_without_a_policy_or_a_bound_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a buffer"):
        Buffer(**arguments)
