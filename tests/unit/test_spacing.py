"""Requests spread evenly over the time that an answer takes."""

import threading

import pytest

from livesegment.live.submitting import EvenSpacing


class Waits(threading.Event):
    """An event whose waits move its clock."""

    now_s = 50.0

    def clock(self) -> float:
        return self.now_s

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.now_s += timeout
        return False


def asked(spacing: EvenSpacing, waits: Waits, count: int) -> list[float]:
    times = []
    for _ in range(count):
        spacing.wait(waits)
        times.append(waits.now_s - 50.0)
    return times


def test_nothing_waits_before_the_first_answer() -> None:
    waits = Waits()
    assert asked(EvenSpacing(8, waits.clock), waits, 8) == [0.0] * 8


def test_requests_are_spread_over_the_round_trip() -> None:
    waits = Waits()
    spacing = EvenSpacing(4, waits.clock)
    spacing.note(0.8)
    assert asked(spacing, waits, 4) == pytest.approx([0.0, 0.18, 0.36, 0.54])


def test_one_request_at_a_time_never_waits() -> None:
    waits = Waits()
    spacing = EvenSpacing(1, waits.clock)
    spacing.note(0.8)
    assert asked(spacing, waits, 3) == [0.0] * 3


def test_time_that_passed_is_not_waited_for_again() -> None:
    waits = Waits()
    spacing = EvenSpacing(4, waits.clock)
    spacing.note(0.8)
    spacing.wait(waits)
    waits.now_s += 10
    assert asked(spacing, waits, 2) == pytest.approx([10.0, 10.18])
