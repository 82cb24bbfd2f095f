"""What a live run opens by its options: source, model, background, and who gets the pictures."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from livesegment.metrics import Metrics
from livesegment.output import Output
from livesegment.redaction.backdrop import Behind
from livesegment.resource import Resource
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.opening import OpeningSegmenter, open_segmenter
from livesegment.segmenters.pattern import PatternSegmenter
from livesegment.settings import LiveOptions, Retention
from livesegment.settings.text_kinds import STANDARD_OUTPUT
from livesegment.sinks.base import Sink
from livesegment.sinks.window import Window
from livesegment.sources import SAMPLE, is_drawn, open_live_source
from livesegment.sources.base import Source
from livesegment.sources.looping import LoopingSource

logger = logging.getLogger(__name__)

_DRAWN_LATENCY_S = 0.2
"""As a hosted model takes: that the picture does not wait for it is what there is to be seen."""


def open_source(spec: str | int | Path, options: LiveOptions, metrics: Metrics) -> Source:
    """Return the source that an address, path or number names; one that is looped begins again."""
    open_once = partial(open_live_source, spec, wait=options.wait_for_source)
    # The sample is eight seconds, and made to be seen again and again.
    begins_again = options.loop or spec == SAMPLE
    return (
        LoopingSource(open_once, partial(metrics.count, "loops")) if begins_again else open_once()
    )


def begin_model(
    source: Source | str | int | Path, options: LiveOptions, stack: ExitStack
) -> OpeningSegmenter | None:
    """Begin to open the model while the source is opened, as a camera takes its time too.

    Returns:
        None where the source has to be known first: a drawn one may be asked itself.
    """
    if isinstance(source, Source) or (is_drawn(source) and not options.endpoint.names_a_model):
        return None
    return stack.enter_context(OpeningSegmenter(options.endpoint))


def open_model(options: LiveOptions, source: Source, stack: ExitStack) -> Segmenter:
    """Open the model, or the drawn source that is asked itself."""
    has_viewer = bool(options.window or options.web is not None or options.publish)
    opened = open_segmenter(
        options.endpoint,
        source.scene,
        mirrored=options.mirror,
        latency_s=_DRAWN_LATENCY_S if has_viewer else 0.0,
    )
    model = stack.enter_context(opened)
    if options.window and isinstance(model, PatternSegmenter) and model.latency_s:
        logger.info(
            "its masks come %.0f ms late: press a in the window to see them moved along (warp), the"
            " picture held back (delay), and neither (paste)",
            1000 * model.latency_s,
        )
    return model


def open_background(options: LiveOptions, stack: ExitStack) -> Behind | None:
    """Open what stands behind the classes; None: nothing, or the room, blurred."""
    if options.background is None:
        return None
    from livesegment.live.backdrop import open_behind  # here, because it may need PyAV

    behind = open_behind(options.background)
    if isinstance(behind, Resource):
        stack.enter_context(behind)
    return behind


def open_outputs(
    options: LiveOptions, source: Source, metrics: Metrics, is_recorded: Callable[[], bool]
) -> Iterator[Output | Sink]:
    """Open whoever gets pictures by the options, one after the other; the caller closes them.

    Args:
        options: What to show and keep.
        source: Whose pictures.
        metrics: Counts what could not be written.
        is_recorded: Whether the recording is switched on at the moment.
    """
    # Each is imported where it is wanted: a camera in a window needs none of PyAV.
    if options.record is not None and options.segment_minutes is not None:
        from livesegment.sinks.segments import SegmentedVideoSink

        yield SegmentedVideoSink(
            options.record,
            segment_s=60 * options.segment_minutes,
            fps=source.fps,
            keep=None if options.keep is None else Retention.parse(options.keep),
            is_on=is_recorded,
            on_unwritten=partial(metrics.count, "frames_unwritten"),
        )
    elif options.record is not None:
        from livesegment.sinks.video_file import VideoFileSink

        yield VideoFileSink(
            options.record,
            fps=source.fps,
            overwrite=options.overwrite,
            fragmented=True,
            codec="h264",  # the others do not keep up
        )
    if options.masks is not None:
        from livesegment.sinks.mask_file import MaskFileSink

        yield MaskFileSink(
            options.masks, fps=source.fps, overwrite=options.overwrite, in_place=True
        )
    if options.publish:
        from livesegment.sinks.stream_to_address import StreamToAddress
        from livesegment.sinks.stream_to_stdout import StreamToStdout

        for each in options.publish:
            if each == STANDARD_OUTPUT:
                yield StreamToStdout(fps=source.fps)
            else:
                yield StreamToAddress(each, fps=source.fps)
    if options.virtual_camera is not None:
        from livesegment.sinks.virtual_camera import VirtualCamera

        yield VirtualCamera(options.virtual_camera)
    if options.window:
        yield Window(f"livesegment - {source.name}")
