"""What a live run does while its endpoint wants to be left alone, and when a person asks."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from parts import FunctionSegmenter, ListSink, StepSource
from waiting import wait_until

from livesegment.calls.asked_pause import AskedPause
from livesegment.errors import EndpointError, EndpointUnreachable, RateLimited
from livesegment.frame import Frame
from livesegment.live.alignment import ChosenMask
from livesegment.live.hud import hud_lines
from livesegment.live.loop import LiveLoop
from livesegment.live.parts import LiveLimits, LiveParts
from livesegment.metrics import Metrics
from livesegment.settings.controls import Controls
from livesegment.sinks.window import press

LATER = RateLimited("slow down", retry_after_s=720.0)


class Endpoint:
    """Asks for patience until a test lets it answer, and notes what it was asked about."""

    def __init__(self) -> None:
        self.frames: list[int] = []
        self.answers = False
        self._asked = threading.Semaphore(0)

    def __call__(self, frame: Frame) -> int:
        self.frames.append(frame.index)
        self._asked.release()
        if not self.answers:
            raise LATER
        return 1

    def wait_until_asked(self) -> None:
        assert self._asked.acquire(timeout=10)


@pytest.mark.parametrize("how", ["key", "method"])
def test_an_endpoint_that_wants_patience_is_left_alone_until_a_person_asks(how: str) -> None:
    source, sink, endpoint = StepSource(), ListSink(), Endpoint()
    parts = LiveParts(source, FunctionSegmenter(endpoint), [sink])
    loop = LiveLoop(parts, LiveLimits(max_in_flight=2), Controls(), Metrics())
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(loop.run)
        source.step()
        endpoint.wait_until_asked()
        for count in range(2, 12):
            source.step()
            sink.wait_for(count)
        text = loop.status().trouble or ""
        assert text == "slow down; the endpoint asks to wait 12 min, tried again in 12 min"
        assert endpoint.frames == [0]
        endpoint.answers = True
        if how == "key":
            press(ord("r"), loop)
        else:
            loop.try_now()
        endpoint.wait_until_asked()
        # A newer one, and never again the one that was refused.
        assert endpoint.frames[1] > 0
        source.step()
        endpoint.wait_until_asked()
        assert loop.status().trouble is None
        loop.stop()
        end.result(10)
    assert len(set(endpoint.frames)) == len(endpoint.frames)


def test_a_run_that_pauses_for_long_ends_at_once() -> None:
    source, endpoint = StepSource(), Endpoint()
    limits = LiveLimits(max_in_flight=2, waits_for_endpoint=True)
    loop = LiveLoop(LiveParts(source, FunctionSegmenter(endpoint)), limits, Controls(), Metrics())
    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(loop.run)
        source.step()
        endpoint.wait_until_asked()
        source.step()
        source.end()
        end.result(10)
    assert endpoint.frames == [0]


def test_the_hud_says_how_long_the_endpoint_asks_to_wait_and_which_key_does_not() -> None:
    asked = AskedPause(720.0, time.monotonic() + 540.0)
    lines = hud_lines(Metrics(), 25.0, ChosenMask(), align="warp", trouble=LATER, asked=asked)
    assert lines[-2:] == [
        "the endpoint asks to wait 12 min",
        "tried again in 9 min, r tries now",
    ]


def test_the_hud_says_that_a_dead_endpoint_is_hardly_asked() -> None:
    dead = EndpointUnreachable("http://127.0.0.1:9 cannot be reached")
    text = "tried again in 5 s"
    lines = hud_lines(Metrics(), 25.0, ChosenMask(), align="warp", trouble=dead, outage=text)
    assert lines[-2:] == ["the endpoint cannot be reached", "tried again in 5 s"]


def kinds_of(error: type[EndpointError]) -> Iterator[type[EndpointError]]:
    yield error
    for kind in error.__subclasses__():
        yield from kinds_of(kind)


def test_the_hud_speaks_of_the_endpoint_in_words_that_are_their_own_for_each_kind() -> None:
    kinds = [kind for kind in kinds_of(EndpointError) if kind.__module__ == "livesegment.errors"]
    said = []
    for kind in kinds:
        lines = hud_lines(Metrics(), 25.0, ChosenMask(), align="warp", trouble=kind("no"))
        said.append(lines[-2])
        assert kind.__name__ not in " ".join(lines)
    assert len(set(said)) == len(kinds)


def submit_threads() -> int:
    return sum(thread.name.startswith("submit-") for thread in threading.enumerate())


def test_an_outage_leaves_no_more_threads_than_there_were() -> None:
    source, sink, answers = StepSource(), ListSink(), threading.Event()

    def segment(frame: Frame) -> int:
        assert answers.wait(30)
        return 1

    limits = LiveLimits(max_in_flight=1, spare=6, waits_for_endpoint=True)
    metrics = Metrics()
    segmenter = FunctionSegmenter(segment, max_concurrency=None)
    loop = LiveLoop(LiveParts(source, segmenter, [sink]), limits, Controls(), metrics)

    def step() -> None:
        source.step()

    with ThreadPoolExecutor(1) as pool:
        end = pool.submit(loop.run)
        wait_until(lambda: submit_threads() >= 5 or step(), "requests that are given up", 60, 0.02)
        answers.set()
        wait_until(lambda: submit_threads() <= 3 or step(), "the threads to end", 60, 0.02)
        assert metrics.get("masks_received") >= 3  # of those that were given up, too
        source.end()
        end.result(10)
