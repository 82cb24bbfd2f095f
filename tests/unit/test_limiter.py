"""One limit of requests under way and one pause, whoever asks."""

import threading
from collections.abc import Iterator

import pytest

from livesegment.calls.limiter import Limiter
from livesegment.calls.quota import Quota
from livesegment.calls.saturation import Saturation
from livesegment.errors import (
    AuthenticationFailed,
    EndpointError,
    EndpointTimeout,
    EndpointUnreachable,
    RateLimited,
    ServerFailed,
)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class WatchedEvent(threading.Event):
    """Tells when it was looked at: whoever waits looks at it just before, holding the lock."""

    def __init__(self) -> None:
        super().__init__()
        self.looked_at = threading.Event()

    def is_set(self) -> bool:
        self.looked_at.set()
        return super().is_set()


class Asker:
    """Makes one request on a thread of its own, which takes until `answer` is called."""

    def __init__(self, limiter: Limiter, clock: Clock, order: "list[Asker]") -> None:
        self.stopping = WatchedEvent()
        self.entered_at_s: float | None = None
        self.round_trip_s: float | None = None
        self._limiter, self._clock, self._order = limiter, clock, order
        self._entered = threading.Event()
        self._answered = threading.Event()
        self._error: EndpointError | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self.stopping.looked_at.wait(10)

    def _run(self) -> None:
        try:
            with self._limiter.permit(self.stopping) as permit:
                if permit is None:
                    return
                self.entered_at_s = self._clock()
                self._order.append(self)
                self._entered.set()
                assert self._answered.wait(10)
                if self._error is not None:
                    raise self._error
            self.round_trip_s = permit.round_trip_s
        except EndpointError:
            pass

    def answer(self, error: EndpointError | None = None) -> None:
        """Let the request succeed or fail, and wait until its permit is free."""
        assert self._entered.wait(10), "it is still waiting"
        self._error = error
        self._answered.set()
        self.join()

    def join(self) -> None:
        self._thread.join(10)
        assert not self._thread.is_alive()


class Scene:
    """A limiter, a clock, and who asks."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.askers: list[Asker] = []
        self.order: list[Asker] = []

    def prepare(
        self, limit: int | Saturation, quota: Quota | None = None, *, is_live: bool = False
    ) -> Limiter:
        self.limiter = Limiter(limit, quota, is_live=is_live, clock=self.clock)
        return self.limiter

    def ask(self) -> Asker:
        asker = Asker(self.limiter, self.clock, self.order)
        self.askers.append(asker)
        return asker

    def at(self, now_s: float) -> None:
        """Set the clock and have everybody look at it."""
        self.clock.now = now_s
        self.limiter.wake()


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    for asker in made.askers:
        asker.stopping.set()
    made.limiter.wake()
    for asker in made.askers:
        asker._answered.set()
        asker.join()


def test_no_more_than_the_limit_are_under_way(scene: Scene) -> None:
    limiter = scene.prepare(2)
    assert (limiter.limit, limiter.width) == (2, 4)
    first, _second, third = scene.ask(), scene.ask(), scene.ask()
    assert limiter.in_flight == 2
    scene.clock.now = 103.0
    first.answer()
    assert first.round_trip_s == 3.0
    third.answer()
    assert third.entered_at_s == 103.0


def test_permits_are_given_in_the_order_of_asking(scene: Scene) -> None:
    scene.prepare(1)
    askers = [scene.ask() for _ in range(4)]
    for asker in askers:
        asker.answer()
    assert scene.order == askers


@pytest.mark.parametrize("kind", [RateLimited, ServerFailed])
def test_everybody_waits_as_long_as_the_endpoint_asked_one(
    scene: Scene, kind: type[RateLimited] | type[ServerFailed]
) -> None:
    limiter = scene.prepare(4)
    refused, other = scene.ask(), scene.ask()
    refused.answer(kind("later", retry_after_s=30.0))
    other.answer()
    waiting = [scene.ask() for _ in range(3)]
    scene.at(129.9)
    assert limiter.in_flight == 0
    scene.at(131.0)
    for asker in waiting:
        asker.answer()
        assert asker.entered_at_s == 131.0


def test_the_longest_of_several_pauses_counts(scene: Scene) -> None:
    limiter = scene.prepare(2)
    first, second = scene.ask(), scene.ask()
    first.answer(RateLimited("later", retry_after_s=30.0))
    second.answer(RateLimited("later", retry_after_s=10.0))
    waiting = scene.ask()
    scene.at(129.9)
    assert limiter.in_flight == 0
    scene.at(131.0)
    waiting.answer()


def test_refusals_of_requests_sent_together_count_once(scene: Scene) -> None:
    limiter = scene.prepare(8)
    for asker in [scene.ask() for _ in range(8)]:
        asker.answer(RateLimited("later"))
    assert limiter.refusals_in_a_row == 1
    scene.at(100.5)  # the first pause without Retry-After is half a second at the most
    scene.ask().answer()
    assert limiter.refusals_in_a_row == 0


def test_without_retry_after_pauses_become_longer_until_an_answer(scene: Scene) -> None:
    limiter = scene.prepare(1)
    for count in range(1, 8):
        scene.ask().answer(ServerFailed("restarting"))
        assert limiter.refusals_in_a_row == count
        waiting = scene.ask()
        scene.at(scene.clock.now + min(60.0, 0.5 * 2 ** (count - 1)) * 0.49)
        assert limiter.in_flight == 0
        scene.at(scene.clock.now + 60.0)
        waiting.answer(EndpointUnreachable("reset"))  # neither a refusal nor an answer
    scene.ask().answer()
    assert limiter.refusals_in_a_row == 0
    assert limiter.has_answered


def test_being_told_to_come_back_tomorrow_does_not_hold_up_other_files(scene: Scene) -> None:
    limiter = scene.prepare(1)
    scene.ask().answer(RateLimited("tomorrow", retry_after_s=86400.0))
    scene.ask()
    assert limiter.in_flight == 1


@pytest.mark.parametrize("reason", ["permit", "pause"])
def test_a_stop_ends_the_wait_of_those_who_stop_only(scene: Scene, reason: str) -> None:
    limiter = scene.prepare(1)
    first = scene.ask()
    if reason == "pause":
        first.answer(RateLimited("later", retry_after_s=3000.0))
    stopped, patient = scene.ask(), scene.ask()
    stopped.stopping.set()
    limiter.wake()
    stopped.join()
    assert stopped.entered_at_s is None
    if reason == "pause":
        scene.at(3200.0)
    else:
        first.answer()
    patient.answer()
    assert patient.entered_at_s is not None


def test_a_call_of_the_quota_is_taken_only_with_a_permit(scene: Scene) -> None:
    quota = Quota(max_calls=2)
    limiter = scene.prepare(1, quota)
    first, second, third = scene.ask(), scene.ask(), scene.ask()
    assert (limiter.in_flight, quota.calls) == (1, 1)
    first.answer()
    second.answer()
    third.join()
    assert third.entered_at_s is None
    assert quota.calls == 2


def test_used_up_calls_end_the_wait_for_a_pause(scene: Scene) -> None:
    scene.prepare(2, Quota(max_calls=1))
    scene.ask().answer(RateLimited("later", retry_after_s=3000.0))
    late = scene.ask()
    late.join()
    assert late.entered_at_s is None


def test_a_permit_is_free_again_after_any_error(scene: Scene) -> None:
    limiter = scene.prepare(1)
    with (
        pytest.raises(KeyError),
        limiter.permit(threading.Event()),
    ):
        raise KeyError
    assert limiter.in_flight == 0
    assert not limiter.has_answered
    scene.ask().answer()


def test_a_permit_is_free_once_the_reply_has_come_and_only_once(scene: Scene) -> None:
    limiter = scene.prepare(1)
    with limiter.permit(threading.Event()) as permit:
        assert permit is not None
        scene.clock.now = 100.2
        limiter.arrived(permit)
        assert limiter.in_flight == 0
        other = scene.ask()
        scene.clock.now = 105.0
    assert limiter.in_flight == 1
    assert permit.round_trip_s == pytest.approx(0.2)
    other.answer()


def test_the_limit_that_is_found_lets_more_in_as_it_grows(scene: Scene) -> None:
    limiter = scene.prepare(Saturation(largest=16))
    assert (limiter.limit, limiter.width) == (2, 18)
    stopping = threading.Event()
    while limiter.limit < 4:
        askers = [scene.ask(), scene.ask()]
        waiting = [scene.ask(), scene.ask()]
        scene.clock.now += 0.15
        for asker in [*askers, *waiting]:
            asker.answer()
    with limiter.permit(stopping), limiter.permit(stopping):
        for _ in range(limiter.limit - 2):
            scene.ask()
        assert limiter.in_flight == limiter.limit


@pytest.mark.parametrize(
    ("error", "cuts"),
    [
        (RateLimited("later", retry_after_s=0.0), True),
        (EndpointTimeout("too late"), True),
        (EndpointUnreachable("reset"), False),
        (AuthenticationFailed("no"), False),
    ],
)
def test_what_shows_overload_cuts_the_limit_once(
    scene: Scene, error: EndpointError, cuts: bool
) -> None:
    saturation = Saturation()
    while saturation.limit < 16:
        saturation.replied(0.15, saturation.limit, saturation.era)
    limiter = scene.prepare(saturation)
    for asker in [scene.ask() for _ in range(16)]:
        asker.answer(error)
    assert limiter.limit == (11 if cuts else 16)
