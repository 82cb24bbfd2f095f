"""A model is opened while the source is, and nobody waits for one that is not wanted any more."""

import logging
import threading
from collections.abc import Iterator

import pytest
from parts import FunctionSegmenter, StepSource

from livesegment.errors import OptionsError, SourceNotFound
from livesegment.live import opening as live_opening
from livesegment.live.run import run_live
from livesegment.segmenters import opening
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.opening import OpeningSegmenter
from livesegment.settings import EndpointOptions, LiveOptions


class Gate:
    """Opens a model once it is let, and notes that it was closed."""

    def __init__(self) -> None:
        self.may_open = threading.Event()
        self.closed = threading.Event()

    def __call__(self, _: EndpointOptions) -> tuple[Segmenter, str]:
        assert self.may_open.wait(10)
        model = FunctionSegmenter(lambda _: 1)
        model.close = self.closed.set  # type: ignore[method-assign]
        return model, "it is there"


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate()
    monkeypatch.setattr(opening, "_opened", made)
    yield made
    made.may_open.set()


def test_the_source_is_opened_while_the_model_is(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_source(*_: object, **__: object) -> StepSource:
        gate.may_open.set()  # the model waits for this source, and it is opened all the same
        source = StepSource()
        source.end()
        return source

    monkeypatch.setattr(live_opening, "open_live_source", open_source)
    run_live("camera", LiveOptions(window=False))
    assert gate.closed.is_set()


def test_a_source_that_is_missing_is_told_before_the_model_is_there(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(SourceNotFound):
        run_live("missing.mp4", LiveOptions(window=False))
    assert not gate.closed.is_set()
    gate.may_open.set()
    assert gate.closed.wait(10)
    assert caplog.messages == []


def test_what_opening_meets_is_raised_to_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: EndpointOptions) -> tuple[Segmenter, str]:
        raise OptionsError("no such device")

    monkeypatch.setattr(opening, "_opened", broken)
    with OpeningSegmenter(EndpointOptions()) as model, pytest.raises(OptionsError, match="device"):
        model.result()


def test_what_is_said_of_a_model_is_said_when_it_is_taken(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    gate.may_open.set()
    with caplog.at_level(logging.INFO), OpeningSegmenter(EndpointOptions()) as model:
        assert isinstance(model.result(), FunctionSegmenter)
        assert caplog.messages == ["it is there"]
    assert gate.closed.is_set()
