"""One limit of requests under way and one pause, whoever asks."""

import logging
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import pairwise

import pytest
from parts import Clock
from waiting import wait_until

from livesegment.calls.circuit import NeverGivingUp
from livesegment.calls.limiter import Limiter
from livesegment.calls.permit import Permit
from livesegment.calls.quota import Quota
from livesegment.calls.saturation import Saturation
from livesegment.errors import (
    AuthenticationFailed,
    EndpointError,
    EndpointTimeout,
    EndpointUnreachable,
    ModelNotFound,
    PaymentRequired,
    RateLimited,
    RequestRefused,
    ServerFailed,
)


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

    def wait_until_let_go(self) -> None:
        """Wait until it has its permit."""
        assert self._entered.wait(10), "it is still waiting"

    def answer(self, error: EndpointError | None = None) -> None:
        """Let the request succeed or fail, and wait until its permit is free."""
        self.wait_until_let_go()
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
        self.unanswered: list[AbstractContextManager[Permit | None]] = []

    def prepare(
        self,
        limit: int | Saturation,
        quota: Quota | None = None,
        *,
        is_live: bool = False,
        has_answered: bool = True,
        spare: int = 0,
        useful_s: float = float("inf"),
    ) -> Limiter:
        self.limiter = Limiter(
            limit,
            quota,
            is_live=is_live,
            spare=spare,
            useful_s=lambda: useful_s,
            clock=self.clock,
        )
        if has_answered:  # else requests go one at a time
            self.ask().answer()
        return self.limiter

    def ask(self) -> Asker:
        asker = Asker(self.limiter, self.clock, self.order)
        self.askers.append(asker)
        return asker

    def at(self, now_s: float) -> None:
        """Set the clock and have everybody look at it."""
        self.clock.now_s = now_s
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
    for permit in made.unanswered:
        permit.__exit__(None, None, None)


def test_no_more_than_the_limit_are_under_way(scene: Scene) -> None:
    limiter = scene.prepare(2)
    assert (limiter.limit, limiter.width) == (2, 4)
    first, _second, third = scene.ask(), scene.ask(), scene.ask()
    assert limiter.in_flight == 2
    scene.clock.now_s = 103.0
    first.answer()
    assert first.round_trip_s == 3.0
    third.answer()
    assert third.entered_at_s == 103.0


def test_permits_are_given_in_the_order_of_asking(scene: Scene) -> None:
    scene.prepare(1, has_answered=False)
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
        scene.at(scene.clock.now_s + min(60.0, 0.5 * 2 ** (count - 1)) * 0.49)
        assert limiter.in_flight == 0
        scene.at(scene.clock.now_s + 60.0)
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
    limiter = scene.prepare(1, quota, has_answered=False)
    first, second, third = scene.ask(), scene.ask(), scene.ask()
    assert (limiter.in_flight, quota.calls) == (1, 1)
    first.answer()
    second.answer()
    third.join()
    assert third.entered_at_s is None
    assert quota.calls == 2


def test_used_up_calls_end_the_wait_for_a_pause(scene: Scene) -> None:
    scene.prepare(2, Quota(max_calls=1), has_answered=False)
    scene.ask().answer(RateLimited("later", retry_after_s=3000.0))
    late = scene.ask()
    late.join()
    assert late.entered_at_s is None


def test_a_permit_is_free_again_after_any_error(scene: Scene) -> None:
    limiter = scene.prepare(1, has_answered=False)
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
        scene.clock.now_s = 100.2
        limiter.arrived(permit)
        assert limiter.in_flight == 0
        other = scene.ask()
        scene.clock.now_s = 105.0
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
        scene.clock.now_s += 0.15
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


def paused(scene: Scene, error: EndpointError) -> Limiter:
    """Return a live limiter whose first request met an error at 100 s."""
    limiter = scene.prepare(4, is_live=True)
    scene.ask().answer(error)
    return limiter


LATER = RateLimited("later", retry_after_s=60.0)


@pytest.mark.parametrize(
    ("error", "is_live"),
    [
        (EndpointUnreachable("reset"), True),
        (EndpointUnreachable("reset"), False),
        (AuthenticationFailed("no"), True),  # else nobody asks any more
        (ServerFailed("restarting"), True),
        (ServerFailed("restarting"), False),
        (RateLimited("sooner", retry_after_s=1.0), True),
        (RateLimited("sooner", retry_after_s=1.0), False),
    ],
)
def test_a_pause_that_was_asked_for_is_not_shortened_by_a_later_error(
    scene: Scene, error: EndpointError, is_live: bool
) -> None:
    limiter = scene.prepare(2, is_live=is_live)
    first, second = scene.ask(), scene.ask()
    first.answer(LATER)
    scene.at(110.0)
    second.answer(error)
    waiting = scene.ask()
    scene.at(159.9)
    assert limiter.in_flight == 0
    scene.at(161.0)
    waiting.answer()
    assert waiting.entered_at_s == 161.0


def test_cameras_that_are_told_the_same_do_not_come_back_at_the_same_moment() -> None:
    clock = Clock()
    moments = set()
    for _ in range(8):
        limiter = Limiter(1, is_live=True, clock=clock)
        with pytest.raises(RateLimited), limiter.permit(threading.Event()):
            raise LATER
        asked = limiter.asked_pause
        assert asked is not None
        assert 160.0 <= asked.until_s <= 161.0
        moments.add(asked.until_s)
    assert len(moments) == 8


def test_live_asks_less_and_less_often_of_who_wants_fewer_calls(scene: Scene) -> None:
    limiter = paused(scene, RateLimited("no"))
    for count in range(1, 8):
        assert limiter.refusals_in_a_row == count
        waiting = scene.ask()
        scene.at(scene.clock.now_s + min(5.0, 0.25 * 2 ** (count - 1)) * 0.49)
        assert limiter.in_flight == 0
        scene.at(scene.clock.now_s + 5.0)
        waiting.answer(RateLimited("no"))
        assert waiting.entered_at_s == scene.clock.now_s


def opened(scene: Scene, error: EndpointError, limit: int = 4) -> Limiter:
    """Return a live limiter whose circuit opened at 100 s, before which all was well."""
    limiter = scene.prepare(limit, is_live=True, spare=8)
    for asker in [scene.ask() for _ in range(limit)]:
        asker.answer(error)
    while limiter.circuit == "closed":
        scene.at(scene.clock.now_s + 1.0)
        scene.ask().answer(error)
    return limiter


def probe_waits(error: EndpointError, count: int) -> list[float]:
    """Return the seconds from each of so many probes to the next; each fails at once."""
    clock = Clock()
    breaker = NeverGivingUp(clock)
    for _ in range(3):
        breaker.failed(error, breaker.refusals)
    times = []
    for _ in range(count + 1):
        assert breaker.circuit == "open"
        clock.now_s += breaker.hold_s()
        refusals = breaker.refusals
        breaker.went()
        assert breaker.circuit == "half open"
        breaker.failed(error, refusals)
        times.append(clock.now_s)
    return [later - earlier for earlier, later in pairwise(times)]


DEAD = EndpointUnreachable("refused")


def test_one_request_at_a_time_finds_out_whether_a_dead_endpoint_is_back(scene: Scene) -> None:
    limiter = opened(scene, DEAD)
    assert limiter.circuit == "open"
    waiting = [scene.ask() for _ in range(4)]
    scene.at(scene.clock.now_s + 0.6)
    waiting[0].wait_until_let_go()
    assert limiter.circuit == "half open"
    assert limiter.in_flight == 1
    waiting[0].answer()
    assert limiter.circuit == "closed"
    assert limiter.trouble is None
    for asker in waiting[1:]:
        asker.answer()


@pytest.mark.parametrize(
    ("error", "longest_s"),
    [(DEAD, 5.0), (RequestRefused("oops", status=500), 5.0), (AuthenticationFailed("no"), 30.0)],
)
def test_probes_are_brisk_for_ten_seconds_then_less_and_less_often(
    error: EndpointError, longest_s: float
) -> None:
    waits = probe_waits(error, 28)
    assert waits[:17] == pytest.approx([0.525] * 17, abs=0.026)
    later = [wait for wait in waits if wait > 0.7]
    expected = [min(longest_s, 2.0**number) * 1.05 for number in range(len(later))]
    assert later == pytest.approx(expected, rel=0.05)
    assert max(later) >= longest_s


def test_a_person_has_a_dead_endpoint_asked_at_once(scene: Scene) -> None:
    limiter = opened(scene, AuthenticationFailed("no"))
    waiting = scene.ask()
    assert limiter.in_flight == 0
    limiter.try_now()
    waiting.answer()
    assert limiter.circuit == "closed"


def test_one_error_among_answers_opens_nothing(scene: Scene) -> None:
    limiter = scene.prepare(1, is_live=True)
    for _ in range(5):
        for _ in range(2):
            scene.ask().answer(DEAD)
            scene.at(scene.clock.now_s + 1.0)
        assert limiter.circuit == "closed"
        scene.ask().answer()


def sent(scene: Scene, limiter: Limiter) -> Permit:
    """Return a permit whose request is sent and never answered."""
    permit = limiter.permit(threading.Event())
    entered = permit.__enter__()
    assert entered is not None
    scene.unanswered.append(permit)
    limiter.begin(entered)
    return entered


def test_an_endpoint_that_has_become_silent_is_asked_again_every_half_second(scene: Scene) -> None:
    limiter = scene.prepare(2, is_live=True, spare=8)
    answered_after(scene, 0.1)
    sent(scene, limiter)
    scene.at(scene.clock.now_s + 0.1)
    sent(scene, limiter)
    began_s = scene.clock.now_s
    waiting = scene.ask()
    scene.at(began_s + 0.8)
    assert (limiter.circuit, limiter.in_flight) == ("closed", 2)
    scene.at(began_s + 1.01)
    wait_until(lambda: limiter.circuit != "closed", "the silence is noticed")
    assert "has not answered" in str(limiter.trouble)
    scene.at(began_s + 1.6)
    waiting.wait_until_let_go()
    # That one is silent too, but is not waited for longer than until the next is due.
    for number in range(1, 6):
        limiter.begin(limiter.under_way()[-1])
        another = scene.ask()
        scene.at(began_s + 1.6 + 0.56 * number)
        another.wait_until_let_go()
    another.answer()
    assert limiter.circuit == "closed"


def test_one_lost_request_among_answers_is_no_silence(scene: Scene) -> None:
    limiter = scene.prepare(2, is_live=True, spare=8)
    answered_after(scene, 0.1)
    lost = sent(scene, limiter)
    scene.at(scene.clock.now_s + 0.5)
    scene.ask().answer()
    scene.at(scene.clock.now_s + 0.6)
    others = [scene.ask(), scene.ask()]
    for asker in others:
        scene.at(scene.clock.now_s + 0.1)
        asker.wait_until_let_go()
    assert lost.is_lost
    assert limiter.trouble is None
    for asker in others:
        asker.answer()


def test_an_answer_that_comes_after_all_ends_the_silence(scene: Scene) -> None:
    limiter = scene.prepare(1, is_live=True, spare=8)
    answered_after(scene, 0.1)
    late, waiting = scene.ask(), scene.ask()
    late.wait_until_let_go()
    limiter.begin(limiter.under_way()[-1])
    scene.at(scene.clock.now_s + 1.1)
    wait_until(lambda: limiter.circuit != "closed", "the silence is noticed")
    late.answer()
    assert limiter.circuit == "closed"
    waiting.answer()


def test_a_model_in_this_process_is_never_given_up(scene: Scene) -> None:
    limiter = scene.prepare(1, is_live=True, spare=0)
    answered_after(scene, 0.1)
    slow, waiting = scene.ask(), scene.ask()
    slow.wait_until_let_go()
    limiter.begin(limiter.under_way()[-1])
    scene.at(scene.clock.now_s + 60.0)
    assert limiter.in_flight == 1
    assert limiter.circuit == "closed"
    slow.answer()
    waiting.answer()


def test_answers_that_come_too_late_to_be_drawn_are_hardly_asked_for(scene: Scene) -> None:
    limiter = scene.prepare(1, is_live=True, spare=8, useful_s=2.0)
    for _ in range(3):
        answered_after(scene, 2.5)
        scene.at(scene.clock.now_s + 1.0)
    assert limiter.circuit == "open"
    assert "too long to be drawn" in str(limiter.trouble)
    probe = scene.ask()
    scene.at(scene.clock.now_s + 1.0)
    probe.answer()  # at once
    assert limiter.circuit == "closed"


def test_an_answer_is_waited_for_as_long_as_it_is_of_use(scene: Scene) -> None:
    limiter = scene.prepare(4, is_live=True, useful_s=2.0, has_answered=False)
    with limiter.permit(threading.Event()) as permit:
        assert permit is not None
        limiter.begin(permit)
        assert permit.timeout_s is None  # a model that is loaded first takes its time
    with limiter.permit(threading.Event()) as permit:
        assert permit is not None
        limiter.begin(permit)
        assert permit.timeout_s == 2.0


def test_after_good_answers_everybody_waits_while_the_endpoint_has_errors_of_its_own(
    scene: Scene,
) -> None:
    limiter = scene.prepare(4)
    for asker in [scene.ask() for _ in range(4)]:
        asker.answer(RequestRefused("oops", status=500))
    waiting = scene.ask()
    scene.at(100.1)
    assert limiter.in_flight == 0
    scene.at(100.5)
    waiting.answer()


@pytest.mark.parametrize(
    "error", [AuthenticationFailed("no"), PaymentRequired("no"), ModelNotFound("no")]
)
def test_an_error_that_all_would_meet_costs_one_call(scene: Scene, error: EndpointError) -> None:
    limiter = scene.prepare(4, has_answered=False)
    askers = [scene.ask() for _ in range(4)]
    assert limiter.in_flight == 1
    askers[0].answer(error)
    for asker in askers[1:]:
        asker.join()
        assert asker.entered_at_s is None
    assert type(limiter.refused_to_all) is type(error)


def test_live_waits_for_an_hour_at_the_most_and_says_how_long(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    limiter = paused(scene, RateLimited("tomorrow", retry_after_s=86400.0))
    assert caplog.messages == ["the endpoint asks to wait 24 h 00 min: tried again in 1 h 00 min"]
    waiting = scene.ask()
    scene.at(100.0 + 3599.0)
    assert limiter.in_flight == 0
    scene.at(100.0 + 3601.0)
    waiting.answer()
    assert waiting.entered_at_s == 3701.0
    assert limiter.asked_pause is None


def test_a_pause_is_said_once(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    scene.prepare(8)
    for asker in [scene.ask() for _ in range(8)]:
        asker.answer(RateLimited("later", retry_after_s=42.0))
    assert caplog.messages == ["the endpoint asks to wait 42 s: waiting"]
    scene.at(160.0)
    scene.ask().answer(RateLimited("later", retry_after_s=720.0))
    assert caplog.messages[1:] == ["the endpoint asks to wait 12 min: waiting"]


def test_many_short_pauses_are_not_a_line_each(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    scene.prepare(1)
    for second in range(20):
        scene.at(100.0 + 2 * second)
        scene.ask().answer(RateLimited("later", retry_after_s=1.0))
    assert 3 <= len(caplog.messages) <= 4


@pytest.mark.parametrize("asked_s", [0.0, -5.0, float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("is_live", [True, False])
def test_a_useless_retry_after_counts_as_none(scene: Scene, asked_s: float, is_live: bool) -> None:
    limiter = scene.prepare(1, is_live=is_live)
    scene.ask().answer(RateLimited("later", retry_after_s=asked_s))
    assert limiter.asked_pause is None
    waiting = scene.ask()
    scene.at(100.1)
    assert limiter.in_flight == 0
    scene.at(100.5)
    waiting.answer()


def test_a_person_has_one_request_go_at_once_whose_answer_ends_the_pause(scene: Scene) -> None:
    limiter = paused(scene, LATER)
    waiting = [scene.ask(), scene.ask()]
    scene.at(110.0)
    assert limiter.in_flight == 0
    limiter.try_now()
    waiting[0].answer()
    assert limiter.trouble is None
    assert limiter.asked_pause is None
    waiting[1].answer()
    assert (waiting[0].entered_at_s, waiting[1].entered_at_s) == (110.0, 110.0)


def test_a_pause_that_a_person_has_ended_is_not_told_again(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = paused(scene, RateLimited("later", retry_after_s=720.0))
    waiting = scene.ask()
    limiter.try_now()
    waiting.answer()
    scene.ask().answer(EndpointUnreachable("reset"))
    assert limiter.trouble is not None
    assert limiter.asked_pause is None
    scene.at(110.0)
    caplog.clear()
    scene.ask().answer(RateLimited("later", retry_after_s=300.0))
    assert caplog.messages == ["the endpoint asks to wait 5 min: waiting"]


def test_an_answer_to_what_was_sent_before_an_error_does_not_end_the_trouble(scene: Scene) -> None:
    limiter = scene.prepare(2, is_live=True)
    early, late = scene.ask(), scene.ask()
    late.answer(EndpointUnreachable("reset"))
    scene.at(150.0)
    early.answer()
    assert limiter.trouble is not None
    assert limiter.refusals_in_a_row == 1
    scene.ask().answer()
    assert limiter.trouble is None
    assert limiter.refusals_in_a_row == 0


def test_a_person_who_asks_in_vain_does_not_shorten_the_pause(scene: Scene) -> None:
    limiter = paused(scene, LATER)
    waiting = [scene.ask(), scene.ask()]
    scene.at(110.0)
    limiter.try_now()
    waiting[0].answer(EndpointUnreachable("still"))
    scene.at(159.9)
    assert limiter.in_flight == 0
    scene.at(161.0)
    waiting[1].answer()
    assert waiting[1].entered_at_s == 161.0


def test_a_wish_to_try_now_lasts_until_there_is_something_to_ask_about(scene: Scene) -> None:
    limiter = paused(scene, LATER)
    limiter.try_now()
    with limiter.permit(threading.Event()) as permit:
        assert permit is not None
        limiter.give_back(permit)
    assert limiter.in_flight == 0
    scene.ask().answer()
    assert limiter.trouble is None


def test_a_wish_to_try_now_ends_with_the_pause(scene: Scene) -> None:
    limiter = paused(scene, LATER)
    limiter.try_now()
    with limiter.permit(threading.Event()) as permit:
        assert permit is not None
        scene.at(161.0)
        other = scene.ask()
        limiter.give_back(permit)
    other.answer(LATER)
    scene.ask()
    assert limiter.in_flight == 0


def test_nothing_is_tried_early_when_there_is_no_pause(scene: Scene) -> None:
    limiter = scene.prepare(1, is_live=True)
    limiter.try_now()
    scene.ask().answer(LATER)
    scene.ask()
    assert limiter.in_flight == 0


def test_an_answer_to_what_was_sent_before_the_pause_does_not_end_the_trouble(
    scene: Scene,
) -> None:
    limiter = scene.prepare(2, is_live=True)
    first, second = scene.ask(), scene.ask()
    first.answer(LATER)
    second.answer()
    assert limiter.trouble is LATER
    assert limiter.has_answered
    scene.at(161.0)
    scene.ask().answer()
    assert limiter.trouble is None


def test_a_call_that_was_not_made_is_given_back(scene: Scene) -> None:
    quota = Quota(max_calls=1)
    limiter = scene.prepare(1, quota, has_answered=False)
    with limiter.permit(threading.Event()) as permit:
        assert permit is not None
        limiter.give_back(permit)
        assert (limiter.in_flight, quota.calls) == (0, 0)
    assert not limiter.has_answered
    scene.ask().answer()
    assert quota.calls == 1


def test_live_spreads_requests_over_the_round_trip(scene: Scene) -> None:
    limiter = scene.prepare(4, is_live=True)
    first = scene.ask()
    scene.clock.now_s = 100.8
    first.answer()
    askers = [scene.ask() for _ in range(4)]
    for number, asker in enumerate(askers):
        scene.at(max(100.8, 100.8 + number * 0.18 - 0.02))
        scene.at(100.8 + number * 0.18 + 0.001)
        assert asker._entered.wait(10)
    assert limiter.in_flight == 4
    times = [asker.entered_at_s for asker in askers]
    assert times == pytest.approx([100.8, 100.98, 101.16, 101.34], abs=0.01)


def test_a_round_trip_is_counted_from_when_there_was_something_to_send(scene: Scene) -> None:
    limiter = scene.prepare(1, is_live=True)
    with limiter.permit(threading.Event()) as permit:
        assert permit is not None
        scene.clock.now_s = 100.4
        limiter.begin(permit)
        scene.clock.now_s = 100.7
    assert permit.round_trip_s == pytest.approx(0.3)


def answered_after(scene: Scene, round_trip_s: float) -> None:
    """Let one request take a time."""
    first = scene.ask()
    first.wait_until_let_go()
    scene.at(scene.clock.now_s + round_trip_s)
    first.answer()


def test_live_requests_wait_for_nothing_before_the_first_answer(scene: Scene) -> None:
    scene.prepare(8, is_live=True)
    for asker in [scene.ask() for _ in range(8)]:
        asker.wait_until_let_go()


def test_live_requests_are_spread_over_the_round_trip(scene: Scene) -> None:
    limiter = scene.prepare(4, is_live=True)
    answered_after(scene, 0.8)
    askers = [scene.ask() for _ in range(4)]
    for count, asker in enumerate(askers, start=1):
        asker.wait_until_let_go()
        assert limiter.in_flight == count
        scene.at(100.8 + 0.18 * count - 0.001)
        assert limiter.in_flight == count
        scene.at(100.8 + 0.18 * count + 0.001)
    times = [asker.entered_at_s for asker in askers]
    assert times == pytest.approx([100.8, 100.981, 101.161, 101.341])


def test_one_live_request_at_a_time_is_not_held_back(scene: Scene) -> None:
    scene.prepare(1, is_live=True)
    answered_after(scene, 0.8)
    for _ in range(3):
        scene.ask().answer()


def test_time_that_passed_between_live_requests_is_not_waited_for_again(scene: Scene) -> None:
    limiter = scene.prepare(4, is_live=True)
    answered_after(scene, 0.8)
    scene.ask().wait_until_let_go()
    scene.at(110.8)
    scene.ask().wait_until_let_go()
    waiting = scene.ask()
    scene.at(110.8 + 0.17)
    assert limiter.in_flight == 2
    scene.at(110.8 + 0.19)
    waiting.wait_until_let_go()


def test_annotate_does_not_spread_its_requests(scene: Scene) -> None:
    scene.prepare(4)
    answered_after(scene, 0.8)
    for asker in [scene.ask() for _ in range(4)]:
        asker.wait_until_let_go()
