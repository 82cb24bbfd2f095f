"""How many requests the options let out."""

from dataclasses import replace
from typing import Literal

import pytest
from parts import FunctionSegmenter

from livesegment.calls.freshness import Freshness
from livesegment.calls.opening import live_requests, most_requests, open_limiter
from livesegment.segmenters.opening import open_segmenter, smaller_pictures
from livesegment.settings import EndpointOptions


@pytest.mark.parametrize(
    ("wanted", "model_takes", "limit"),
    [(8, None, 8), (8, 3, 3), (None, None, 4), (None, 3, 3), ("auto", None, 2), ("auto", 1, 1)],
)
def test_the_limit_is_what_is_wanted_as_far_as_the_model_takes_it(
    wanted: int | None, model_takes: int | None, limit: int
) -> None:
    segmenter = FunctionSegmenter(lambda asked: 1, max_concurrency=model_takes)
    options = EndpointOptions(max_in_flight=wanted)
    limiter = open_limiter(options, segmenter.max_concurrency)
    assert limiter.limit == limit


def test_auto_may_grow_to_64_over_an_endpoint_opened_for_it() -> None:
    options = EndpointOptions(endpoint="http://127.0.0.1:9", model="a/1", max_in_flight="auto")
    with open_segmenter(options) as segmenter:
        assert open_limiter(options, segmenter.max_concurrency).width >= 64


@pytest.mark.parametrize(
    ("wanted", "model_takes", "most"),
    [(None, None, 4), ("auto", None, 64), ("auto", 8, 8), (None, 2, 2)],
)
def test_live_finds_its_number_up_to_four_unless_it_is_told(
    wanted: Literal["auto"] | None, model_takes: int | None, most: int
) -> None:
    search = live_requests(EndpointOptions(max_in_flight=wanted), model_takes, sizes=0)
    assert isinstance(search, Freshness)
    assert (search.limit, search.largest) == (1, most)


@pytest.mark.parametrize(
    ("wanted", "model_takes", "number"), [(8, None, 8), (8, 1, 1), (None, 1, 1)]
)
def test_live_keeps_the_number_that_is_given(
    wanted: int | None, model_takes: int | None, number: int
) -> None:
    assert live_requests(EndpointOptions(max_in_flight=wanted), model_takes, sizes=4) == number


def test_pictures_become_smaller_only_in_what_was_not_asked_for() -> None:
    def ways(**given: int) -> list[tuple[int | None, int | None]]:
        return [(each.max_side, each.jpeg_quality) for each in smaller_pictures(options(**given))]

    def options(**given: int) -> EndpointOptions:
        return EndpointOptions(endpoint="http://127.0.0.1:9", model="a/1", **given)

    assert ways() == [(None, 50), (480, 50), (320, 50), (320, 30)]
    assert ways(max_side=640) == [(None, 50), (None, 30)]
    assert ways(jpeg_quality=80) == [(480, None), (320, None)]
    assert ways(max_side=640, jpeg_quality=80) == []


def test_a_monitor_without_a_budget_allows_what_its_cameras_may_make() -> None:
    remote = EndpointOptions(endpoint="http://127.0.0.1:9", model="a/1")
    assert most_requests(remote) == 4
    assert most_requests(replace(remote, max_in_flight=7)) == 7
    assert most_requests(replace(remote, max_in_flight="auto")) == 64
    assert most_requests(EndpointOptions()) == 1
