"""How many requests the options let out."""

import pytest
from parts import FunctionSegmenter

from livesegment.calls.opening import open_limiter
from livesegment.segmenters.opening import open_segmenter
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
