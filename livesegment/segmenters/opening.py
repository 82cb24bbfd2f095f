"""From options to a segmenter."""

import logging
import threading
from typing import TYPE_CHECKING

from livesegment.resource import Resource
from livesegment.scene import Scene
from livesegment.segmenters.base import Segmenter, Sending
from livesegment.settings import EndpointOptions
from livesegment.settings.endpoint import JPEG_QUALITY, MAX_SIDE

# Each is imported where it is asked for: a picture need not wait for an HTTP client without a use.
if TYPE_CHECKING:
    from livesegment.segmenters.http import HttpSegmenter
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
    model, said = _opened(options)
    if said:
        logger.info("%s", said)
    return model


class OpeningSegmenter(Resource):
    """Opens what options ask for on a thread, while something else is opened that takes its time.

    It closes what it opened, also where nobody came to ask for it, whenever that is there: who has
    met an error elsewhere does not wait for a model to be loaded.

    Args:
        options: Which model to ask, and how; no drawn scene is asked itself.
    """

    def __init__(self, options: EndpointOptions) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._is_wanted = True
        self._model: Segmenter | None = None
        self._said = ""
        self._error: BaseException | None = None
        # A daemon: a model that is loaded for nobody does not keep the process.
        self._thread = threading.Thread(target=self._open, name="open model", daemon=True)
        self._thread.start()

    def result(self) -> Segmenter:
        """Wait for the segmenter; what it met is raised here, and what is to be said is said."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._model is not None
        if self._said:
            logger.info("%s", self._said)
        return self._model

    def close(self) -> None:
        """Close the segmenter, if it is there, or as soon as it is. May be called twice."""
        with self._lock:
            self._is_wanted = False
            model = self._model
        if model is not None:
            model.close()

    def _open(self) -> None:
        try:
            model, said = _opened(self._options)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller
            self._error = error
            return
        with self._lock:
            self._model, self._said = model, said
            is_wanted = self._is_wanted
        if not is_wanted:
            model.close()


def _opened(options: EndpointOptions) -> tuple[Segmenter, str]:
    """Return what the options ask for, and what is to be said of it."""
    if options.model_path is not None:
        own = open_model_file(options, options.model_path)
        return own, f"{options.model_path} runs on {own.device}"
    if options.is_builtin:
        from livesegment.segmenters.builtin import BuiltinSegmenter

        builtin = BuiltinSegmenter(options.confidence_number, options.device)
        said = ""
        if options.endpoint is None:
            said = (
                f"using the built-in person model on {builtin.device}; --model, --model-file,"
                " --endpoint choose another"
            )
        elif options.device != "auto":
            said = f"the built-in person model runs on {builtin.device}"
        return builtin, said
    return open_endpoint(options), ""


def open_endpoint(
    options: EndpointOptions, max_connections: int = _MOST_CONNECTIONS
) -> "HttpSegmenter":
    """Return what asks an endpoint as the options say; the caller closes it.

    Args:
        options: Which model to ask, and how.
        max_connections: As many requests at once as there may ever be.
    """
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
        max_connections=max_connections,
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
