"""How calls are counted and held back."""

import threading

from livesegment.calls.quota import CallMeter


class Clock:
    """A clock that moves when somebody waits for it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Waits(threading.Event):
    """An event whose waits move the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.clock.now += timeout
        return False


def test_calls_end_at_the_limit() -> None:
    meter = CallMeter(max_calls=2)
    go_on = threading.Event()
    assert [meter.take_turn(go_on) for _ in range(3)] == [True, True, False]
    assert meter.exhausted


def test_a_turn_that_was_given_back_may_be_taken_again() -> None:
    meter = CallMeter(max_calls=1)
    assert meter.take_turn(threading.Event())
    meter.give_back()
    assert not meter.exhausted
    assert meter.take_turn(threading.Event())


def test_calls_are_spaced_evenly() -> None:
    clock = Clock()
    meter = CallMeter(calls_per_s=4, clock=clock)
    waits, times = Waits(clock), []
    for _ in range(5):
        meter.take_turn(waits)
        times.append(clock.now - 100.0)
    assert times == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_time_that_nobody_used_is_not_saved_up() -> None:
    clock = Clock()
    meter = CallMeter(calls_per_s=4, clock=clock)
    waits = Waits(clock)
    meter.take_turn(waits)
    clock.now += 10
    for _ in range(3):
        meter.take_turn(waits)
    # One call was overdue and the next is due at once; after that they are a quarter apart.
    assert clock.now - 110.0 == 0.25


def test_a_stop_ends_the_wait_without_counting() -> None:
    meter = CallMeter(calls_per_s=0.001)
    stopping = threading.Event()
    assert meter.take_turn(stopping)
    stopping.set()
    assert not meter.take_turn(stopping)
    assert meter.calls == 1
