"""The search for the number of requests, and the size of pictures, that keep masks young."""

import random
from collections.abc import Callable

import pytest
from simulated_endpoint import Endpoint, Run, Simulation

from livesegment.calls.freshness import Freshness


def run(
    places: Callable[[float], int],
    service_s: Callable[[float], float],
    *,
    largest: int = 4,
    noise: float = 0.0,
    until_s: float = 60.0,
    appetite: int = 1000,
    refuses_above: int | None = None,
) -> Run:
    endpoint = Endpoint(places, service_s, 0.02, noise, refuses_above, pause_s=0.5)
    return Simulation(endpoint, Freshness(largest), appetite).until(until_s)


def mean_age_s(made: Run, places: int, service_s: float) -> float:
    """Return how old masks are on average with the limits of a run, from the endpoint's figures."""
    limits = made.limits_between(0.0, 1e9)
    ages = [(max(1, limit / places) * service_s + 0.02) * (1 + 1 / (2 * limit)) for limit in limits]
    return sum(ages) / len(ages)


@pytest.mark.parametrize("largest", [4, 64])
@pytest.mark.parametrize("noise", [0.0, 0.2])
@pytest.mark.parametrize(
    ("places", "service_s", "best"), [(1, 0.4, 1), (1, 0.1, 1), (4, 0.2, 4), (32, 0.15, 8)]
)
def test_masks_are_nearly_as_young_as_with_the_best_number(
    places: int, service_s: float, best: int, noise: float, largest: int
) -> None:
    made = run(lambda _: places, lambda _: service_s, largest=largest, noise=noise)
    best = min(best, largest)
    best_s = (service_s + 0.02) * (1 + 1 / (2 * best))
    assert mean_age_s(made, places, service_s) < 1.15 * best_s


def test_an_endpoint_that_works_one_by_one_is_not_made_to_queue() -> None:
    limits = run(lambda _: 1, lambda _: 0.4).limits_between(0.0, 60.0)
    assert limits.count(1) > 0.9 * len(limits)


@pytest.mark.parametrize(("before", "after", "expected"), [(4, 1, {1}), (1, 4, {3, 4})])
def test_it_follows_an_endpoint_that_takes_more_or_fewer_at_once(
    before: int, after: int, expected: set[int]
) -> None:
    made = run(lambda at_s: before if at_s < 30 else after, lambda _: 0.1, until_s=90.0)
    limits = made.limits_between(60.0, 90.0)
    assert sum(limit in expected for limit in limits) > 0.8 * len(limits)


def test_an_endpoint_that_slows_down_keeps_its_number() -> None:
    made = run(lambda _: 4, lambda at_s: 0.1 if at_s < 30 else 0.3, until_s=90.0)
    limits = made.limits_between(45.0, 90.0)
    assert sum(limit >= 3 for limit in limits) > 0.9 * len(limits)


def test_a_number_that_the_caller_does_not_use_does_not_grow() -> None:
    made = run(lambda _: 32, lambda _: 0.1, largest=64, appetite=2)
    assert max(made.limits_between(0.0, 60.0)) <= 4


def test_a_refusal_cuts_the_number_at_once() -> None:
    made = run(lambda _: 32, lambda _: 0.1, largest=64, refuses_above=4)
    limits = made.limits_between(10.0, 60.0)
    assert max(limits) <= 5
    assert len(made.refusals_s) < 0.05 * len(limits)


def uplink(byte_s: float, service_s: float, replies: int, seed: int = 1) -> Freshness:
    """Return what is found behind an uplink on which a whole picture takes `byte_s`."""
    search = Freshness(4, steps=4)
    sizes = (1.0, 0.55, 0.33, 0.16, 0.1)  # bytes of each step, as JPEG has them
    noise = random.Random(seed)
    for _ in range(replies):
        # All requests share the uplink; the model works on one at a time.
        round_trip_s = search.limit * (byte_s * sizes[search.step] + service_s)
        search.replied(round_trip_s * noise.lognormvariate(0.0, 0.1), search.limit, search.era)
    return search


def test_pictures_become_smaller_behind_a_slow_uplink_only() -> None:
    assert uplink(0.4, 0.05, 200).step >= 2
    assert uplink(0.02, 0.4, 400).step == 0


def test_pictures_stay_as_they_are_where_masks_are_young_already() -> None:
    assert uplink(0.1, 0.02, 400).step == 0


def test_pictures_are_whole_again_when_the_uplink_is_fast_again() -> None:
    search = uplink(0.4, 0.05, 200)
    assert search.step >= 2
    for _ in range(600):
        search.replied(0.06 * search.limit, search.limit, search.era)
    assert search.step == 0
