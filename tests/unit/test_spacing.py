"""Requests spread evenly over the time that an answer takes."""

import pytest

from livesegment.calls.spacing import EvenSpacing


class Clock:
    """A clock that moves when somebody waits."""

    now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


def asked(spacing: EvenSpacing, clock: Clock, count: int, requests: int) -> list[float]:
    times = []
    for _ in range(count):
        clock.now_s += spacing.hold_s()
        spacing.went(requests)
        times.append(clock.now_s - 50.0)
    return times


def test_nothing_waits_before_the_first_answer() -> None:
    clock = Clock()
    assert asked(EvenSpacing(clock), clock, 8, 8) == [0.0] * 8


def test_requests_are_spread_over_the_round_trip() -> None:
    clock = Clock()
    spacing = EvenSpacing(clock)
    spacing.note(0.8)
    assert asked(spacing, clock, 4, 4) == pytest.approx([0.0, 0.18, 0.36, 0.54])


def test_one_request_at_a_time_never_waits() -> None:
    clock = Clock()
    spacing = EvenSpacing(clock)
    spacing.note(0.8)
    assert asked(spacing, clock, 3, 1) == [0.0] * 3


def test_time_that_passed_is_not_waited_for_again() -> None:
    clock = Clock()
    spacing = EvenSpacing(clock)
    spacing.note(0.8)
    spacing.went(4)
    clock.now_s += 10
    assert asked(spacing, clock, 2, 4) == pytest.approx([10.0, 10.18])
