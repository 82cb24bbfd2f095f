"""From options to a segmenter."""

import logging

from livesegment.calls.limiter import Flight
from livesegment.calls.saturation import LARGEST, Saturation
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.builtin import BuiltinSegmenter
from livesegment.segmenters.http import HttpSegmenter
from livesegment.settings import EndpointOptions

logger = logging.getLogger(__name__)

REMOTE_IN_FLIGHT = 4


def open_segmenter(options: EndpointOptions) -> Segmenter:
    """Return the segmenter that the options ask for; the caller closes it."""
    if options.is_builtin or options.model is None:
        if options.endpoint is None:
            logger.info("using the built-in person model; --model and --endpoint choose another")
        return BuiltinSegmenter(options.confidence)
    wanted = options.max_in_flight
    return HttpSegmenter(
        options.base_url,
        options.model,
        api_key=options.resolved_key(),
        confidence=options.confidence,
        max_side=options.max_side,
        jpeg_quality=options.jpeg_quality,
        timeout_s=options.timeout_s,
        max_connections=LARGEST if wanted == "auto" else wanted or REMOTE_IN_FLIGHT,
    )


def requests_in_flight(segmenter: Segmenter, options: EndpointOptions) -> int:
    """Return how many requests to make at once: what is asked for, as far as the model takes it.

    Without a wish it is four for a model that takes any number, and that is said, because each
    call is billed. For `auto` it is the most that may be found.
    """
    most = segmenter.max_concurrency
    wanted = LARGEST if options.max_in_flight == "auto" else options.max_in_flight
    if most is not None:
        return most if wanted is None else min(wanted, most)
    if wanted is None:
        logger.info("%d requests in flight; --in-flight changes it", REMOTE_IN_FLIGHT)
        return REMOTE_IN_FLIGHT
    return wanted


def open_flight(segmenter: Segmenter, options: EndpointOptions) -> Flight:
    """Return the places for requests that everybody in a run shares."""
    most = requests_in_flight(segmenter, options)
    return Flight(Saturation(most) if options.max_in_flight == "auto" else most)
