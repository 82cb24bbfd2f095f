"""One budget for many cameras: never too much, fair, and nobody waits for an answer."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from waiting import wait_until

from livesegment.calls.lease import Lease, LeasedTurns, Need
from livesegment.calls.quota import CallMeter
from livesegment.monitor.budget import CALL_TERM_S, PLACE_TERM_S, Budget


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def places(budget: Budget) -> dict[str, int]:
    """Settle and return the places of every camera that was told something."""
    return {name: lease.places for name, lease in budget.settle().items()}


def confirmed(budget: Budget, name: str, lease: Lease, in_use: int, wants: int) -> None:
    budget.hear(name, Need(lease.number, in_use, wants))


def test_places_are_shared_evenly_and_nobody_gets_more_than_it_can_use() -> None:
    budget = Budget(8)
    for name, wants in (("a", 4), ("b", 1), ("c", 4)):
        budget.join(name)
        budget.hear(name, Need(0, 0, wants))
    told = places(budget)
    assert told["b"] == 1
    assert sorted((told["a"], told["c"])) == [3, 4]


def test_a_place_is_given_on_only_when_its_holder_confirms_that_it_is_free() -> None:
    budget = Budget(4)
    budget.join("a")
    budget.hear("a", Need(0, 0, 4))
    [first] = budget.settle().values()
    assert first.places == 4
    confirmed(budget, "a", first, in_use=4, wants=4)
    assert budget.settle() == {}
    budget.join("b")
    budget.hear("b", Need(0, 0, 2))
    told = budget.settle()
    assert (told["a"].places, told["b"].places) == (2, 0)
    # An answer to the lease before says nothing about this one.
    confirmed(budget, "a", first, in_use=0, wants=4)
    assert budget.settle() == {}
    confirmed(budget, "a", told["a"], in_use=3, wants=4)
    assert places(budget) == {"b": 1}
    confirmed(budget, "a", told["a"], in_use=2, wants=4)
    assert places(budget) == {"b": 2}


def test_what_a_dead_camera_held_is_free_again() -> None:
    budget = Budget(2)
    for name in ("a", "b"):
        budget.join(name)
        budget.hear(name, Need(0, 0, 2))
    assert places(budget) == {"a": 1, "b": 1}
    budget.leave("a")
    assert places(budget) == {"b": 2}
    budget.leave("a")
    budget.join("a")
    told = budget.settle()
    assert told["a"].places == 0
    budget.hear("a", Need(told["a"].number, 0, 2))
    assert places(budget) == {"b": 1}


def test_fewer_places_than_cameras_go_round() -> None:
    clock = Clock()
    budget = Budget(2, clock=clock)
    names = "abcde"
    leases: dict[str, Lease] = {}
    for name in names:
        budget.join(name)
        budget.hear(name, Need(0, 0, 1))
    had: Counter[str] = Counter()
    for _ in range(50):
        # Everybody confirms at once, as between two requests.
        while told := budget.settle():
            leases.update(told)
            for name, lease in told.items():
                confirmed(budget, name, lease, in_use=0, wants=1)
        holders = [name for name in names if leases[name].places]
        assert len(holders) == 2
        had.update(holders)
        assert budget.next_at_s is not None
        assert clock.now_s < budget.next_at_s <= clock.now_s + PLACE_TERM_S
        clock.now_s = budget.next_at_s
    assert min(had.values()) >= 18, had


def test_a_camera_that_is_lost_lends_its_places() -> None:
    budget = Budget(4)
    for name in ("a", "b"):
        budget.join(name)
        budget.hear(name, Need(0, 0, 4))
    told = budget.settle()
    confirmed(budget, "a", told["a"], in_use=0, wants=0)
    again = budget.settle()
    assert again["a"].places == 0
    confirmed(budget, "a", again["a"], in_use=0, wants=0)
    assert places(budget) == {"b": 4}


def test_less_is_allowed_after_a_change_and_more_too() -> None:
    budget = Budget(4)
    budget.join("a")
    budget.hear("a", Need(0, 0, 8))
    assert places(budget) == {"a": 4}
    budget.change(2, None)
    assert places(budget) == {"a": 2}
    budget.change(6, 3600)
    [lease] = budget.settle().values()
    assert lease.places == 6
    assert lease.calls is not None


@pytest.mark.parametrize("calls_per_hour", [1, 7, 600, 3600, 15_000])
def test_calls_in_any_hour_are_never_more_than_allowed(calls_per_hour: int) -> None:
    clock, chance = Clock(), random.Random(calls_per_hour)
    budget = Budget(8, calls_per_hour, clock)
    times: list[float] = []
    names = ["a", "b", "c"]
    end_s = clock.now_s + 2.5 * 3600
    for name in names:
        budget.join(name)
    while clock.now_s < end_s:
        for name in names:
            if chance.random() < 0.01:
                budget.leave(name)  # killed with calls in hand, and back
                budget.join(name)
            budget.hear(name, Need(0, 0, 4, chance.choice((1, 1, 30))))
        for lease in budget.settle().values():
            # Made as late as is allowed, or at once.
            late_s = chance.choice((0.0, CALL_TERM_S))
            times += [clock.now_s + late_s] * (lease.calls or 0)
        soon_s = budget.next_at_s or 0.0
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
    clock = Clock()
    budget = Budget(8, 3600, clock)
    got: Counter[str] = Counter()
    for name in "abc":
        budget.join(name)
    for second in range(300):
        if second % 10 == 0:
            budget.leave("a")
            budget.join("a")
        for name in "abc":
            budget.hear(name, Need(0, 0, 4, 2))
        got.update({name: lease.calls or 0 for name, lease in budget.settle().items()})
        clock.now_s += 1.0
    assert max(got.values()) - min(got.values()) <= 2


class Desk:
    """A budget and the turns of its cameras, joined without a socket."""

    def __init__(self, budget: Budget, clock: Clock, names: str) -> None:
        self._budget = budget
        self.turns = {
            name: LeasedTurns(CallMeter(), lambda need, name=name: self._hear(name, need), clock)
            for name in names
        }
        self._heard: list[tuple[str, Need]] = []
        self.messages = 0
        for name in names:
            budget.join(name)

    def _hear(self, name: str, need: Need) -> None:
        self._heard.append((name, need))

    def deliver(self) -> None:
        """Carry messages both ways until there are none."""
        while True:
            heard, self._heard = self._heard, []
            for name, need in heard:
                self._budget.hear(name, need)
            leases = self._budget.settle()
            self.messages += len(heard) + len(leases)
            for name, lease in leases.items():
                self.turns[name].obey(lease)
            if not heard and not leases:
                return


GO_ON = threading.Event()


def test_a_turn_waits_for_its_lease_and_not_again_for_the_next_ones() -> None:
    clock = Clock()
    desk = Desk(Budget(2, clock=clock), clock, "a")
    turns = desk.turns["a"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(turns.take_turn, GO_ON)
        wait_until(lambda: desk.deliver() or waiting.done(), "the turn", pause_s=0)
        assert waiting.result()
    turns.end_turn()
    desk.deliver()
    before = desk.messages
    for _ in range(100):
        assert turns.take_turn(GO_ON)
        turns.end_turn()
    desk.deliver()
    assert desk.messages == before


def test_a_stop_ends_the_wait() -> None:
    turns = LeasedTurns(CallMeter(), lambda _: None)
    stopping = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(turns.take_turn, stopping)
        stopping.set()
        turns.wake()
        assert not waiting.result(timeout=10)


def test_calls_that_lapsed_are_not_made() -> None:
    clock = Clock()
    turns = LeasedTurns(CallMeter(), lambda _: None, clock)
    turns.obey(Lease(1, 4, 1, clock.now_s + 5))
    turns.obey(Lease(2, 4, 1, clock.now_s + 9))
    clock.now_s += 6
    assert turns.take_turn(GO_ON)
    stopping = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(turns.take_turn, stopping)
        stopping.set()
        turns.wake()
        assert not waiting.result(timeout=10)


def test_a_turn_that_was_given_back_may_be_taken_again() -> None:
    clock = Clock()
    turns = LeasedTurns(CallMeter(), lambda _: None, clock)
    turns.obey(Lease(1, 1, 1, clock.now_s + 5))
    assert turns.take_turn(GO_ON)
    turns.give_back()
    assert turns.take_turn(GO_ON)
