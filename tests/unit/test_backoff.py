"""When a call is made again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livesegment.backoff import Backoff, Restarts
from livesegment.errors import (
    AuthenticationFailed,
    BadReply,
    EndpointTimeout,
    EndpointUnreachable,
    OptionsError,
    RateLimited,
    ServerFailed,
)

POLICY = Backoff(attempts=5, first_wait_s=0.5, max_wait_s=3, max_retry_after_s=100)


@pytest.mark.parametrize("error", [AuthenticationFailed("no"), BadReply("no"), KeyError("no")])
def test_what_will_not_go_away_is_not_tried_again(error: Exception) -> None:
    assert POLICY.wait_s(error, 1) is None


@pytest.mark.parametrize(
    "error", [EndpointUnreachable("x"), EndpointTimeout("x"), ServerFailed("x"), RateLimited("x")]
)
def test_waits_double_up_to_the_longest_and_end_with_the_attempts(error: Exception) -> None:
    waits = [POLICY.wait_s(error, attempt, share=1.0) for attempt in range(1, 6)]
    assert waits == [0.5, 1.0, 2.0, 3.0, None]


def test_chance_shortens_a_wait_by_half_at_most() -> None:
    assert POLICY.wait_s(ServerFailed("x"), 2, share=0.0) == 0.5
    assert POLICY.wait_s(ServerFailed("x"), 2, share=1.0) == 1.0


@pytest.mark.parametrize("kind", [RateLimited, ServerFailed])
def test_what_the_endpoint_asks_for_is_never_shortened(
    kind: type[RateLimited] | type[ServerFailed],
) -> None:
    error = kind("x", retry_after_s=42)
    assert POLICY.wait_s(error, 1, share=0.0) == 42
    assert POLICY.wait_s(error, 4, share=1.0) == 42.5
    assert POLICY.wait_s(error, 5) is None


@pytest.mark.parametrize("asked_s", [0.0, -5.0, float("nan"), float("inf"), float("-inf")])
def test_a_useless_wish_counts_as_none(asked_s: float) -> None:
    assert POLICY.wait_s(RateLimited("x", retry_after_s=asked_s), 1, share=1.0) == 0.5


def test_an_hourly_quota_is_waited_out_and_a_day_is_not() -> None:
    hour, day = RateLimited("x", retry_after_s=3600), RateLimited("x", retry_after_s=86400)
    assert Backoff().wait_s(hour, 1, share=0.0) == 3600
    assert Backoff().wait_s(day, 1) is None


def test_one_that_never_gives_up_pauses_after_every_error() -> None:
    assert POLICY.pause_s(AuthenticationFailed("x"), 1, share=1.0) == 0.5
    assert POLICY.pause_s(AuthenticationFailed("x"), 10_000, share=1.0) == 3.0
    assert POLICY.pause_s(RateLimited("x", retry_after_s=500), 3, share=0.0) == 500


@given(attempt=st.integers(1, 10**9), share=st.floats(0, 1))
def test_no_wait_is_negative_or_longer_than_the_longest(attempt: int, share: float) -> None:
    policy = Backoff(attempts=10**9 + 1)
    wait_s = policy.wait_s(EndpointTimeout("x"), attempt, share)
    assert wait_s is not None
    assert 0 < wait_s <= policy.max_wait_s


@pytest.mark.parametrize(
    "values",
    [
        {"attempts": 0},
        {"first_wait_s": -1},
        {"first_wait_s": 31},
        {"max_retry_after_s": -1},
        {"jitter": 2},
    ],
)
def test_a_policy_out_of_range_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(OptionsError):
        Backoff(**values)  # type: ignore[arg-type]


@given(failures=st.integers(1, 10**9))
def test_a_wait_without_jitter_is_the_same_each_time(failures: int) -> None:
    steady = Backoff(jitter=0.0)
    assert steady.delay_s(failures, share=0.0) == steady.delay_s(failures, share=1.0)


def test_one_for_ever_is_never_over() -> None:
    assert not Backoff(attempts=None).is_over(10**9)
    assert Backoff(attempts=None).wait_s(ServerFailed("x"), 10**9) is not None


def test_what_ran_for_a_while_starts_again_at_once() -> None:
    restarts = Restarts(Backoff(first_wait_s=1, max_wait_s=3), healthy_s=20)
    assert [restarts.after(0) for _ in range(5)] == [0, 1, 2, 3, 3]
    assert [restarts.after(lived_s) for lived_s in (20, 19.9)] == [0, 1]
