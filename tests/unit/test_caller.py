"""Asking until there is an answer."""

import threading
import time
from collections.abc import Callable

import pytest
from parts import FunctionSegmenter, frame

from livesegment.annotate.asking import Caller
from livesegment.calls.limiter import Limiter
from livesegment.calls.quota import Quota
from livesegment.errors import (
    AuthenticationFailed,
    BadReply,
    EndpointError,
    EndpointUnreachable,
    OutputNotWritable,
    RateLimited,
    RequestRefused,
    ServerFailed,
)
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.metrics import Metrics
from livesegment.segmenters.base import Call, Keep


class CountedWaits(threading.Event):
    """Notes how long somebody wanted to wait, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.waits_s: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits_s.append(timeout)
        return self.is_set()


class Setting:
    """A caller whose segmenter raises the given errors one after the other, then answers."""

    def __init__(
        self,
        *errors: EndpointError,
        max_calls: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.errors = list(errors)
        self.limiter = Limiter(2, Quota(max_calls), clock=clock)
        self.metrics = Metrics()
        self.stopping = CountedWaits()
        self.caller = Caller(
            FunctionSegmenter(self._answer),
            self.limiter,
            self.metrics,
            self.stopping,
        )

    def _answer(self, asked: Frame) -> int:
        if self.errors:
            raise self.errors.pop(0)
        return 1


class Keeper:
    """A journal that knows no reply, and notes which come and how many requests are under way."""

    raised = None

    def __init__(self, limiter: Limiter) -> None:
        self.limiter = limiter
        self.kept: list[tuple[int, int, bytes]] = []

    def reply(self, index: int) -> None:
        """Know no reply."""

    def check(self) -> None:
        pass

    def add(self, index: int, reply: bytes) -> None:
        self.kept.append((index, self.limiter.in_flight, reply))


def unreachable(times: int) -> list[EndpointError]:
    return [EndpointUnreachable("refused") for _ in range(times)]


def test_an_answer_is_counted_and_its_round_trip_measured() -> None:
    setting = Setting()
    mask = setting.caller.ask(frame(7))
    assert mask is not None
    assert mask.frame_index == 7
    report = setting.metrics.report()
    assert (report["calls"], report["masks_received"]) == (1, 1)
    assert report["round_trip_ms"]["max"] is not None


def test_a_reply_is_kept_while_its_permit_is_held_and_read_after() -> None:
    limiter = Limiter(1)
    keeper = Keeper(limiter)

    class Reading(FunctionSegmenter):
        def prepare(self, asked: Frame) -> Call:
            assert limiter.in_flight == 0  # what comes before the call holds up nobody

            def call(keep: Keep | None) -> Mask:
                assert keep is not None
                keep(b"the reply")
                assert limiter.in_flight == 0
                return self.segment(asked)

            return call

    caller = Caller(Reading(lambda asked: 1), limiter, Metrics(), threading.Event(), keeper)
    mask = caller.ask(frame(3))
    assert mask is not None
    assert keeper.kept == [(3, 1, b"the reply")]


def test_what_goes_wrong_while_the_first_reply_is_read_is_tried_again_too() -> None:
    limiter = Limiter(1, clock=_Jumping())

    asked: list[int] = []

    class Reading(FunctionSegmenter):
        def prepare(self, frame_: Frame) -> Call:
            def call(keep: Keep | None) -> Mask:
                asked.append(frame_.index)
                if asked == [0, 1]:
                    raise RequestRefused("failed", status=500)
                assert keep is not None
                keep(b"a reply")
                if frame_.index == 0:
                    assert caller.ask(frame(1)) is not None  # the next one is asked meanwhile
                return self.segment(frame_)

            return call

    caller = Caller(Reading(lambda asked: 1), limiter, Metrics(), CountedWaits(), Keeper(limiter))
    assert caller.ask(frame(0)) is not None
    assert asked == [0, 1, 1]


def test_errors_that_go_away_are_retried_and_counted() -> None:
    setting = Setting(*unreachable(3))
    assert setting.caller.ask(frame(0)) is not None
    assert setting.metrics.get("calls") == 4
    assert setting.metrics.get("errors_retried") == 3
    assert setting.metrics.report()["errors"] == {"EndpointUnreachable": 3}


def test_an_endpoint_that_never_answered_is_given_up_within_seconds() -> None:
    setting = Setting(*unreachable(100))
    with pytest.raises(EndpointUnreachable) as caught:
        setting.caller.ask(frame(0))
    assert caught.value.attempts == 5
    assert sum(setting.stopping.waits_s) < 10
    assert setting.metrics.get("errors_retried") == 4


def test_an_endpoint_that_answered_once_is_given_minutes() -> None:
    setting = Setting()
    setting.caller.ask(frame(0))
    setting.errors += unreachable(11)
    assert setting.caller.ask(frame(1)) is not None
    assert 120 < sum(setting.stopping.waits_s) < 600


def test_an_answer_to_another_file_counts_too() -> None:
    setting = Setting(*unreachable(11))
    beside = Caller(
        FunctionSegmenter(lambda asked: 1),
        setting.limiter,
        Metrics(),
        threading.Event(),
    )
    beside.ask(frame(0))
    assert setting.caller.ask(frame(0)) is not None


def test_even_patience_has_an_end() -> None:
    setting = Setting()
    setting.caller.ask(frame(0))
    setting.errors += unreachable(100)
    with pytest.raises(EndpointUnreachable) as caught:
        setting.caller.ask(frame(1))
    assert caught.value.attempts == 12


PASSING = {
    "500": RequestRefused("failed", status=500),
    "408": RequestRefused("no", status=408),
    "425": RequestRefused("no", status=425),
    "no segmentation": BadReply("an HTML page", status=200),
}


@pytest.mark.parametrize("error", PASSING.values(), ids=PASSING.keys())
def test_what_went_wrong_once_after_good_replies_is_tried_again_a_few_times(
    error: EndpointError,
) -> None:
    setting = Setting(clock=_Jumping())
    setting.caller.ask(frame(0))
    setting.errors += 3 * [error]
    assert setting.caller.ask(frame(1)) is not None
    assert setting.metrics.get("errors_retried") == 3
    setting.errors += 10 * [error]
    with pytest.raises(type(error)) as caught:
        setting.caller.ask(frame(2))
    assert caught.value.attempts == 4
    # With an error of the endpoint's own it is the limiter that holds everybody back.
    assert len(setting.stopping.waits_s) == (6 if isinstance(error, BadReply) else 0)


@pytest.mark.parametrize("error", PASSING.values(), ids=PASSING.keys())
def test_before_any_good_reply_it_is_raised_at_once(error: EndpointError) -> None:
    setting = Setting(error)
    with pytest.raises(type(error)):
        setting.caller.ask(frame(0))
    assert setting.stopping.waits_s == []


def test_an_error_that_stays_is_raised_at_once() -> None:
    setting = Setting(AuthenticationFailed("no"))
    with pytest.raises(AuthenticationFailed):
        setting.caller.ask(frame(0))
    assert setting.stopping.waits_s == []
    assert setting.metrics.get("errors_retried") == 0


def test_a_busy_endpoint_is_waited_for_by_everybody_not_by_the_one_it_refused() -> None:
    setting = Setting(RateLimited("later", retry_after_s=0.0))
    assert setting.caller.ask(frame(0)) is not None
    assert setting.stopping.waits_s == []  # the limiter held it back
    assert setting.metrics.get("errors_retried") == 1


def test_a_frame_that_is_often_refused_does_not_end_a_run_that_goes_on() -> None:
    setting = Setting()
    setting.caller.ask(frame(0))
    refused = 0

    def answer(asked: Frame) -> int:
        # Of every two calls the endpoint takes one, and it is always the other frame's.
        nonlocal refused
        if asked.index == 1 and refused < 20:
            refused += 1
            other.ask(frame(2))
            raise RateLimited("later", retry_after_s=0.0)
        return 1

    segmenter = FunctionSegmenter(answer)
    limiter = Limiter(2, clock=_Jumping())
    metrics = Metrics()
    unlucky = Caller(segmenter, limiter, metrics, threading.Event())
    other = Caller(segmenter, limiter, metrics, threading.Event())
    other.ask(frame(0))  # from now on two may be under way
    assert unlucky.ask(frame(1)) is not None
    assert metrics.get("errors_retried") == 20


class _Jumping:
    """A clock by which every pause is over when one looks again."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def __call__(self) -> float:
        self._now_s += 100.0
        return self._now_s


def test_a_busy_endpoint_that_takes_nothing_is_given_up() -> None:
    errors = [ServerFailed("restarting", retry_after_s=1.0) for _ in range(100)]

    def answer(asked: Frame) -> int:
        raise errors.pop()

    limiter = Limiter(1, clock=_Jumping())
    caller = Caller(FunctionSegmenter(answer), limiter, Metrics(), threading.Event())
    with pytest.raises(ServerFailed) as caught:
        caller.ask(frame(0))
    assert caught.value.attempts == 5


def test_no_mask_when_no_call_is_allowed_any_more() -> None:
    setting = Setting(*unreachable(1), max_calls=1)
    assert setting.caller.ask(frame(0)) is None
    assert setting.metrics.get("calls") == 1


def test_a_stop_ends_the_asking() -> None:
    setting = Setting(*unreachable(1))
    setting.stopping.set()
    assert setting.caller.ask(frame(0)) is None
    assert setting.metrics.get("calls") == 0


def test_nothing_is_asked_any_more_once_a_reply_could_not_be_kept() -> None:
    setting = Setting()

    class Full:
        raised = None

        def reply(self, index: int) -> None:
            """Know no reply."""

        def check(self) -> None:
            raise OutputNotWritable("the disk is full")

        def add(self, index: int, reply: bytes) -> None:
            raise AssertionError("nothing was asked")

    caller = Caller(
        FunctionSegmenter(lambda asked: 1),
        Limiter(1),
        setting.metrics,
        threading.Event(),
        Full(),
    )
    with pytest.raises(OutputNotWritable, match="full"):
        caller.ask(frame(0))
