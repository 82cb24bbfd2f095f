"""One quota for many cameras: never too much, fair, and nobody waits for an answer."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from parts import Clock
from waiting import wait_until

from livesegment.calls.lease import Lease, LeasedQuota, Need
from livesegment.calls.limiter import Limiter
from livesegment.monitor.call_ledger import CallLedger
from livesegment.monitor.coordinator import CALL_TERM_S, PERMIT_TERM_S, Coordinator


def in_flight(coordinator: Coordinator) -> dict[str, int]:
    """Settle and return the requests in flight of every camera that was told something."""
    return {name: lease.in_flight for name, lease in coordinator.settle().items()}


def confirmed(coordinator: Coordinator, name: str, lease: Lease, in_use: int, wants: int) -> None:
    coordinator.hear(name, Need(lease.number, in_use, wants))


def test_permits_are_shared_evenly_and_nobody_gets_more_than_it_can_use() -> None:
    coordinator = Coordinator(8, has_loop=False)
    for name, wants in (("a", 4), ("b", 1), ("c", 4)):
        coordinator.join(name)
        coordinator.hear(name, Need(0, 0, wants))
    told = in_flight(coordinator)
    assert told["b"] == 1
    assert sorted((told["a"], told["c"])) == [3, 4]


def test_a_permit_is_given_on_only_when_its_holder_confirms_that_it_is_free() -> None:
    coordinator = Coordinator(4, has_loop=False)
    coordinator.join("a")
    coordinator.hear("a", Need(0, 0, 4))
    [first] = coordinator.settle().values()
    assert first.in_flight == 4
    confirmed(coordinator, "a", first, in_use=4, wants=4)
    assert coordinator.settle() == {}
    coordinator.join("b")
    coordinator.hear("b", Need(0, 0, 2))
    told = coordinator.settle()
    assert (told["a"].in_flight, told["b"].in_flight) == (2, 0)
    # An answer to the lease before says nothing about this one.
    confirmed(coordinator, "a", first, in_use=0, wants=4)
    assert coordinator.settle() == {}
    confirmed(coordinator, "a", told["a"], in_use=3, wants=4)
    assert in_flight(coordinator) == {"b": 1}
    confirmed(coordinator, "a", told["a"], in_use=2, wants=4)
    assert in_flight(coordinator) == {"b": 2}


def test_what_a_dead_camera_held_is_free_again() -> None:
    coordinator = Coordinator(2, has_loop=False)
    for name in ("a", "b"):
        coordinator.join(name)
        coordinator.hear(name, Need(0, 0, 2))
    assert in_flight(coordinator) == {"a": 1, "b": 1}
    coordinator.leave("a")
    assert in_flight(coordinator) == {"b": 2}
    coordinator.leave("a")
    coordinator.join("a")
    told = coordinator.settle()
    assert told["a"].in_flight == 0
    coordinator.hear("a", Need(told["a"].number, 0, 2))
    assert in_flight(coordinator) == {"b": 1}


def test_fewer_permits_than_cameras_go_round() -> None:
    clock = Clock(1000.0)
    coordinator = Coordinator(2, clock=clock, has_loop=False)
    names = "abcde"
    leases: dict[str, Lease] = {}
    for name in names:
        coordinator.join(name)
        coordinator.hear(name, Need(0, 0, 1))
    had: Counter[str] = Counter()
    for _ in range(50):
        # Everybody confirms at once, as between two requests.
        while told := coordinator.settle():
            leases.update(told)
            for name, lease in told.items():
                confirmed(coordinator, name, lease, in_use=0, wants=1)
        holders = [name for name in names if leases[name].in_flight]
        assert len(holders) == 2
        had.update(holders)
        assert coordinator.next_at_s is not None
        assert clock.now_s < coordinator.next_at_s <= clock.now_s + PERMIT_TERM_S
        clock.now_s = coordinator.next_at_s
    assert min(had.values()) >= 18, had


def test_a_camera_that_is_lost_lends_its_permits() -> None:
    coordinator = Coordinator(4, has_loop=False)
    for name in ("a", "b"):
        coordinator.join(name)
        coordinator.hear(name, Need(0, 0, 4))
    told = coordinator.settle()
    confirmed(coordinator, "a", told["a"], in_use=0, wants=0)
    again = coordinator.settle()
    assert again["a"].in_flight == 0
    confirmed(coordinator, "a", again["a"], in_use=0, wants=0)
    assert in_flight(coordinator) == {"b": 4}


def test_less_is_allowed_after_a_change_and_more_too() -> None:
    coordinator = Coordinator(4, has_loop=False)
    coordinator.join("a")
    coordinator.hear("a", Need(0, 0, 8))
    assert in_flight(coordinator) == {"a": 4}
    coordinator.change(2, None)
    assert in_flight(coordinator) == {"a": 2}
    coordinator.change(6, 3600)
    [lease] = coordinator.settle().values()
    assert lease.in_flight == 6
    assert lease.calls is not None


def calls_of(coordinator: Coordinator, clock: Clock, until_s: float) -> list[float]:
    """Return when calls are given to a camera that always wants more, and say goodbye."""
    coordinator.join("a")
    given = []
    while clock.now_s < until_s:
        number = coordinator._members["a"].told.number
        coordinator.hear("a", Need(number, 0, 1, 2))
        for lease in coordinator.settle().values():
            given += [clock.now_s] * (lease.calls or 0)
        clock.now_s += 1
    return given


@pytest.mark.parametrize("end", ["closed", "killed"])
@pytest.mark.parametrize("per_hour", [20, 7200])
def test_a_restart_is_no_reason_to_call_more_often(tmp_path: Path, per_hour: int, end: str) -> None:
    clock = Clock(1000.0)
    path = tmp_path / "state" / "calls"
    given: list[float] = []
    for run in range(1, 5):
        # The machine starts anew: its monotonic clock is another, and begins anywhere.
        base_s = 5000.0 * run
        ledger = CallLedger(
            path, clock=lambda base=base_s: clock() - base, wall_clock=lambda: clock() + 1e9
        )
        coordinator = Coordinator(
            8,
            per_hour,
            clock=lambda base=base_s: clock() - base,
            has_loop=False,
            ledger=ledger,
        )
        given += calls_of(coordinator, clock, 1000.0 + run * 50)
        if end == "closed":
            coordinator.close()
        else:
            wait_until(path.exists, "the time on disk")
            ledger.close(ledger._kept_s)  # what the thread has been given is written
        clock.now_s += 1
    spacing_s = 3606 / per_hour
    assert len(given) <= 200 / spacing_s + 2 + per_hour // 3600
    gaps = [later - earlier for earlier, later in pairwise(given)]
    if end == "closed":
        assert max(gaps, default=0) <= spacing_s + 2, "nor to call more seldom"


def test_a_time_on_disk_that_cannot_be_holds_up_nobody_for_long(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    for text in ("", "later", "nan", "inf", "1e300", "9" * 5000):
        path.write_text(text)
        clock = Clock(1000.0)
        ledger = CallLedger(path, clock=clock, wall_clock=clock)
        coordinator = Coordinator(8, 3600, clock=clock, has_loop=False, ledger=ledger)
        assert calls_of(coordinator, clock, clock.now_s + 10), text
        coordinator.close()


@pytest.mark.parametrize("calls_per_hour", [1, 7, 600, 3600, 15_000])
def test_calls_in_any_hour_are_never_more_than_allowed(calls_per_hour: int) -> None:
    clock, chance = Clock(1000.0), random.Random(calls_per_hour)
    coordinator = Coordinator(8, calls_per_hour, clock=clock, has_loop=False)
    times: list[float] = []
    names = ["a", "b", "c"]
    end_s = clock.now_s + 2.5 * 3600
    for name in names:
        coordinator.join(name)
    while clock.now_s < end_s:
        for name in names:
            if chance.random() < 0.01:
                coordinator.leave(name)  # killed with calls in hand, and back
                coordinator.join(name)
            coordinator.hear(name, Need(0, 0, 4, chance.choice((1, 1, 30))))
        for lease in coordinator.settle().values():
            # Made as late as is allowed, or at once.
            late_s = chance.choice((0.0, CALL_TERM_S))
            times += [clock.now_s + late_s] * (lease.calls or 0)
        soon_s = coordinator.next_at_s or 0.0
        clock.now_s = max(soon_s, clock.now_s) + chance.choice((0.0, 0.0, 0.0, 0.001, 0.2))
        if chance.random() < 1 / 5000:
            clock.now_s += 100  # nobody asked for a while, which is not to be made up for
    times.sort()
    worst = max(
        sum(1 for each in times[start:] if each < times[start] + 3600)
        for start in range(0, len(times), max(1, len(times) // 50))
    )
    assert worst <= calls_per_hour
    assert worst >= 0.75 * calls_per_hour - 1


def test_calls_are_fair_also_to_those_who_come_back() -> None:
    clock = Clock(1000.0)
    coordinator = Coordinator(8, 3600, clock=clock, has_loop=False)
    got: Counter[str] = Counter()
    for name in "abc":
        coordinator.join(name)
    for second in range(300):
        if second % 10 == 0:
            coordinator.leave("a")
            coordinator.join("a")
        for name in "abc":
            coordinator.hear(name, Need(0, 0, 4, 2))
        got.update({name: lease.calls or 0 for name, lease in coordinator.settle().items()})
        clock.now_s += 1.0
    assert max(got.values()) - min(got.values()) <= 2


class Link:
    """A coordinator and the quotas of its cameras, joined without a socket."""

    def __init__(self, coordinator: Coordinator, clock: Clock, names: str) -> None:
        self._coordinator = coordinator
        self.quotas = {
            name: LeasedQuota(lambda need, name=name: self._hear(name, need), clock=clock)
            for name in names
        }
        self._heard: list[tuple[str, Need]] = []
        self.messages = 0
        for name in names:
            coordinator.join(name)

    def _hear(self, name: str, need: Need) -> None:
        self._heard.append((name, need))

    def deliver(self) -> None:
        """Carry messages both ways until there are none."""
        while True:
            heard, self._heard = self._heard, []
            for name, need in heard:
                self._coordinator.hear(name, need)
            leases = self._coordinator.settle()
            self.messages += len(heard) + len(leases)
            for name, lease in leases.items():
                self.quotas[name].obey(lease)
            if not heard and not leases:
                return


GO_ON = threading.Event()


def made(limiter: Limiter, stopping: threading.Event = GO_ON) -> bool:
    """Make a call, and tell whether it was allowed."""
    with limiter.permit(stopping) as permit:
        return permit is not None


def made_until_stopped(limiter: Limiter) -> bool:
    """Ask to make a call, end the wait for it, and tell whether the call was made."""
    stopping = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(made, limiter, stopping)
        stopping.set()
        limiter.wake()
        return waiting.result(timeout=10)


def test_a_call_waits_for_its_lease_and_not_again_for_the_next_ones() -> None:
    clock = Clock(1000.0)
    link = Link(Coordinator(2, clock=clock, has_loop=False), clock, "a")
    limiter = Limiter(4, link.quotas["a"], clock=clock)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(made, limiter)
        while not waiting.done():
            link.deliver()
        assert waiting.result()
    link.deliver()
    before = link.messages
    for _ in range(100):
        assert made(limiter)
    link.deliver()
    assert link.messages == before


def test_a_stop_ends_the_wait() -> None:
    assert not made_until_stopped(Limiter(4, LeasedQuota(lambda _: None)))


def test_calls_that_lapsed_are_not_made() -> None:
    clock = Clock(1000.0)
    quota = LeasedQuota(lambda _: None, clock=clock)
    limiter = Limiter(4, quota, clock=clock)
    quota.obey(Lease(1, 4, 1, clock.now_s + 5))
    quota.obey(Lease(2, 4, 1, clock.now_s + 9))
    clock.now_s += 6
    assert made(limiter)
    assert not made_until_stopped(limiter)


def test_a_call_that_was_given_back_may_be_taken_again() -> None:
    clock = Clock(1000.0)
    quota = LeasedQuota(lambda _: None, clock=clock)
    limiter = Limiter(4, quota, clock=clock)
    quota.obey(Lease(1, 1, 1, clock.now_s + 5))
    with limiter.permit(GO_ON) as permit:
        assert permit is not None
        limiter.give_back(permit)
    assert made(limiter)
    assert quota.calls == 1
