"""Keeping the time of a frame within bounds."""

from parts import Clock

from livesegment.motion.budget import Budget


def spend(budget: Budget, clock: Clock, frame_s: float, frames: int = 120) -> list[float]:
    """Spend so much on each full frame, in proportion to the share, and return the shares."""
    shares = []
    for _ in range(frames):
        budget.next_frame()
        with budget.spending():
            clock.now_s += frame_s * budget.share
        shares.append(budget.share)
    return shares


def test_work_that_fits_is_done_in_full() -> None:
    clock = Clock(0.0)
    assert set(spend(Budget(0.015, clock), clock, 0.015)) == {1.0}


def test_work_that_takes_twice_the_budget_is_cut_until_it_fits() -> None:
    clock = Clock(0.0)
    shares = spend(Budget(0.015, clock), clock, 0.030)
    assert shares[0] == 1.0
    assert 0.030 * shares[-1] <= 0.015 * 1.15
    assert shares[-1] == shares[-24]


def test_work_comes_back_when_there_is_time_again() -> None:
    clock = Clock(0.0)
    budget = Budget(0.015, clock)
    spend(budget, clock, 0.060)
    assert spend(budget, clock, 0.010, frames=240)[-1] == 1.0


def test_a_hopeless_machine_still_does_a_fifth() -> None:
    clock = Clock(0.0)
    assert spend(Budget(0.001, clock), clock, 1.0, frames=240)[-1] == 0.2
