"""From options to a segmenter."""

import logging

from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.builtin import BuiltinSegmenter
from livesegment.segmenters.http import HttpSegmenter
from livesegment.settings import EndpointOptions

logger = logging.getLogger(__name__)

_MOST_CONNECTIONS = 256
"""As far as --in-flight goes: a connection is opened when a request needs it, not before."""


def open_segmenter(options: EndpointOptions) -> Segmenter:
    """Return the segmenter that the options ask for; the caller closes it."""
    if options.is_builtin or options.model is None:
        if options.endpoint is None:
            logger.info("using the built-in person model; --model and --endpoint choose another")
        return BuiltinSegmenter(options.confidence)
    return HttpSegmenter(
        options.base_url,
        options.model,
        api_key=options.resolved_key(),
        confidence=options.confidence,
        max_side=options.max_side,
        jpeg_quality=options.jpeg_quality,
        timeout_s=options.timeout_s,
        max_connections=_MOST_CONNECTIONS,
    )
