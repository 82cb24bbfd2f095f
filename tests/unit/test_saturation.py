"""How many requests the search settles on, with endpoints simulated in virtual time."""

from collections.abc import Callable
from statistics import median

import pytest
from simulated_endpoint import Endpoint, Run, Simulation

from livesegment.calls.saturation import LARGEST, Saturation


def always(value: float) -> Callable[[float], float]:
    return lambda _now_s: value


def places(count: int) -> Callable[[float], int]:
    return lambda _now_s: count


def simulate(endpoint: Endpoint, end_s: float, *, appetite: int = 1000, seed: int = 1) -> Run:
    return Simulation(endpoint, Saturation(), appetite, seed).until(end_s)


@pytest.mark.parametrize("noise", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_endpoint_with_eight_places_is_kept_busy_without_a_queue(
    noise: float, seed: int
) -> None:
    run = simulate(Endpoint(places(8), always(0.15), noise=noise), 70, seed=seed)
    # The probes' few replies aside.
    usual = sorted(run.limits_between(5, 70))
    assert usual[len(usual) // 10] >= 8
    assert usual[-len(usual) // 10] <= 11
    assert 8 <= median(usual) <= 10
    assert run.rate_between(5, 70) >= 0.95 * 8 / 0.15


def test_the_right_number_is_found_within_seconds() -> None:
    run = simulate(Endpoint(places(8), always(0.15)), 5)
    assert 8 <= run.limits[-1][1] <= 10
    assert run.rate_between(0, 5) > 0.7 * 8 / 0.15


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_an_endpoint_that_serialises_is_asked_two_or_three_at_once(noise: float) -> None:
    run = simulate(Endpoint(places(1), always(0.04), network_s=0.02, noise=noise), 60)
    limits = run.limits_between(5, 60)
    assert 2 <= median(limits) <= 3
    assert max(limits) <= 4
    assert run.rate_between(5, 60) >= 0.95 / 0.04


def test_an_endpoint_without_bounds_is_used_up_to_the_largest_number() -> None:
    run = simulate(Endpoint(places(10**6), always(0.15), noise=0.1), 30)
    assert median(run.limits_between(10, 30)) == LARGEST
    assert max(run.limits_between(0, 30)) == LARGEST


def test_a_limit_that_the_caller_does_not_use_does_not_grow() -> None:
    run = simulate(Endpoint(places(10**6), always(0.15)), 30, appetite=5)
    assert run.limits[-1][1] <= 8


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize(("before_s", "after_s"), [(0.15, 0.3), (0.3, 0.15)])
def test_it_follows_an_endpoint_that_becomes_slower_or_faster(
    noise: float, before_s: float, after_s: float
) -> None:
    def service_s(now_s: float) -> float:
        return before_s if now_s < 30 else after_s

    run = simulate(Endpoint(places(8), service_s, noise=noise), 100)
    assert run.rate_between(40, 100) >= 0.95 * 8 / after_s
    assert 8 <= median(run.limits_between(60, 100)) <= 10


@pytest.mark.parametrize(("before", "after"), [(8, 3), (4, 16)])
def test_it_follows_an_endpoint_that_takes_more_or_fewer_at_once(before: int, after: int) -> None:
    endpoint = Endpoint(lambda now_s: before if now_s < 30 else after, always(0.15))
    run = simulate(endpoint, 100)
    assert run.rate_between(40, 100) >= 0.95 * after / 0.15
    # A queue of a tenth of the limit is allowed, and so is one step beyond it.
    assert after <= median(run.limits_between(60, 100)) <= 1.25 * after + 2


def test_a_limit_that_was_refused_is_seldom_tried_again() -> None:
    endpoint = Endpoint(places(10**6), always(0.15), refuses_above=8, pause_s=1.0)
    run = simulate(endpoint, 120)
    assert run.rate_between(10, 120) >= 0.9 * 8 / 0.15
    assert sum(at_s >= 10 for at_s in run.refusals_s) <= 6


def test_a_refusal_cuts_the_limit_and_it_grows_again_one_by_one() -> None:
    saturation = Saturation()
    while saturation.limit < 16:
        saturation.replied(0.15, saturation.limit, saturation.era)
    saturation.refused(16)
    seen = [saturation.limit]
    assert seen == [11]
    while saturation.limit < 15:
        saturation.replied(0.15, saturation.limit, saturation.era)
        if saturation.limit != seen[-1]:
            seen.append(saturation.limit)
    assert seen == [11, 12, 13, 14, 15]


def test_an_endpoint_that_restarts_is_used_as_before() -> None:
    saturation = Saturation()
    while saturation.limit < 16:
        saturation.replied(0.15, saturation.limit, saturation.era)
    for _ in range(10):
        saturation.refused(saturation.limit)
    assert saturation.limit == 11


def test_replies_to_requests_of_another_limit_say_nothing() -> None:
    saturation = Saturation()
    first_era = saturation.era
    while saturation.era == first_era:
        saturation.replied(0.15, saturation.limit, first_era)
    limit = saturation.limit
    for _ in range(1000):
        saturation.replied(9.0, limit, first_era)
    assert saturation.limit == limit


def test_the_limit_stays_between_one_and_the_largest() -> None:
    saturation = Saturation(largest=1)
    for _ in range(2000):
        saturation.replied(0.1, 1, saturation.era)
        assert saturation.limit == 1
    saturation.refused(1)
    assert saturation.limit == 1
