"""From options to a segmenter."""

import logging
from typing import TYPE_CHECKING

from livesegment.scene import Scene
from livesegment.segmenters.base import Segmenter, Sending
from livesegment.settings import EndpointOptions
from livesegment.settings.endpoint import JPEG_QUALITY, MAX_SIDE

# Each is imported where it is asked for: a picture need not wait for an HTTP client without a use.
if TYPE_CHECKING:
    from livesegment.segmenters.network_file import NetworkFileSegmenter

logger = logging.getLogger(__name__)

_MOST_CONNECTIONS = 256
"""As far as --in-flight goes: a connection is opened when a request needs it, not before."""

_SIDES = (480, 320)  # pixels
_QUALITIES = (50, 30)


def open_segmenter(
    options: EndpointOptions,
    scene: Scene | None = None,
    *,
    mirrored: bool = False,
    latency_s: float = 0.0,
) -> Segmenter:
    """Return the segmenter that the options ask for; the caller closes it.

    Args:
        options: Which model to ask, and how.
        scene: What the source draws, if it does: asked itself, unless the options name a model.
        mirrored: Whether the source's pictures are flipped left to right.
        latency_s: How late such a scene answers, in seconds, unless it says so itself.
    """
    if scene is not None and not options.names_a_model:
        from livesegment.segmenters.pattern import PatternSegmenter

        logger.info(
            "the drawn scene says itself what is where; --model and --endpoint choose a model"
        )
        return PatternSegmenter(scene, mirrored=mirrored, latency_s=latency_s)
    if options.model_path is not None:
        own = open_model_file(options, options.model_path)
        logger.info("%s runs on %s", options.model_path, own.device)
        return own
    if options.is_builtin:
        from livesegment.segmenters.builtin import BuiltinSegmenter

        builtin = BuiltinSegmenter(options.confidence_number, options.device)
        if options.endpoint is None:
            logger.info(
                "using the built-in person model on %s; --model, --model-file, --endpoint choose"
                " another",
                builtin.device,
            )
        elif options.device != "auto":
            logger.info("the built-in person model runs on %s", builtin.device)
        return builtin
    from livesegment.segmenters.http import HttpSegmenter

    return HttpSegmenter(
        options.base_url,
        options.model,
        prompt=options.prompt,
        class_names=options.class_names,
        api_key=options.resolved_key(),
        confidence=options.confidence,
        max_side=options.max_side or MAX_SIDE,
        jpeg_quality=options.jpeg_quality or JPEG_QUALITY,
        timeout_s=options.timeout_s,
        max_connections=_MOST_CONNECTIONS,
    )


def open_model_file(options: EndpointOptions, path: str) -> "NetworkFileSegmenter":
    """Return what runs a model file as the options say; the caller closes it."""
    from livesegment.segmenters.network_file import NetworkFileSegmenter

    scale, mean, std = options.file.normalisation
    return NetworkFileSegmenter(
        path,
        options.class_names,
        input_size=options.file.input_size,
        confidence=options.confidence_number,
        mean=mean,
        std=std,
        scale=scale,
        bgr=options.file.bgr,
        letterbox=options.file.letterbox,
        output=options.file.model_output,
        device=options.device,
    )


def smaller_pictures(options: EndpointOptions) -> tuple[Sending, ...]:
    """Return how to send pictures where the uplink is slow, each smaller than the one before.

    What was asked for is kept: without a choice there is none. Quality goes first, as masks depend
    on it the least; from 80 to 50 it halves the bytes.
    """
    sides = (None, *_SIDES) if options.max_side is None else (None,)
    qualities = (*_QUALITIES,) if options.jpeg_quality is None else (None,)
    ways = [Sending(side, qualities[0]) for side in sides]
    ways += [Sending(sides[-1], quality) for quality in qualities[1:]]
    return tuple(each for each in ways if each != Sending())
