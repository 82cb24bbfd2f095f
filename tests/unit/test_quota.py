"""How calls are counted and held back."""

import threading

from parts import Clock

from livesegment.calls.limiter import Limiter
from livesegment.calls.quota import Quota


class Waits(threading.Event):
    """An event whose waits move the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.clock.now_s += timeout
        return False


def taken(quota: Quota, waits: threading.Event) -> bool:
    """Take a call as a limiter does, waiting for it; False when they are used up."""
    while wait_s := quota.try_take():
        waits.wait(wait_s)
    return wait_s == 0


def test_calls_end_at_the_limit() -> None:
    quota = Quota(max_calls=2)
    go_on = threading.Event()
    assert [taken(quota, go_on) for _ in range(3)] == [True, True, False]
    assert quota.exhausted


def test_a_call_that_was_given_back_may_be_taken_again() -> None:
    quota = Quota(max_calls=1)
    assert taken(quota, threading.Event())
    quota.give_back()
    assert not quota.exhausted
    assert taken(quota, threading.Event())


def test_a_call_that_was_given_back_holds_up_nobody() -> None:
    clock = Clock()
    quota = Quota(calls_per_s=0.1, clock=clock)
    assert quota.try_take() == 0
    quota.give_back()
    assert quota.try_take() == 0
    assert quota.try_take() == 10.0


def test_calls_are_spaced_evenly() -> None:
    clock = Clock()
    quota = Quota(calls_per_s=4, clock=clock)
    waits, times = Waits(clock), []
    for _ in range(5):
        taken(quota, waits)
        times.append(clock.now_s - 100.0)
    assert times == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_time_that_nobody_used_is_not_saved_up() -> None:
    clock = Clock()
    quota = Quota(calls_per_s=4, clock=clock)
    waits = Waits(clock)
    taken(quota, waits)
    clock.now_s += 10
    for _ in range(3):
        taken(quota, waits)
    # One call was overdue and the next is due at once; after that they are a quarter apart.
    assert clock.now_s - 110.0 == 0.25


def test_a_stop_ends_the_wait_without_counting() -> None:
    quota = Quota(calls_per_s=0.001)
    limiter = Limiter(1, quota)
    stopping = threading.Event()
    with limiter.permit(stopping) as permit:
        assert permit is not None
    stopping.set()
    with limiter.permit(stopping) as permit:
        assert permit is None
    assert quota.calls == 1
