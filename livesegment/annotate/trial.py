"""How fast this machine is at what annotating takes, tried on the first frames."""

import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from livesegment.annotate.drawing import annotated
from livesegment.annotate.identity import written_codec
from livesegment.annotate.opening import open_input
from livesegment.errors import LiveSegmentError
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion.propagate import Propagator
from livesegment.overlay.compositor import Compositor
from livesegment.redaction.hiding import Redaction
from livesegment.segmenters.base import Segmenter
from livesegment.settings import AnnotateOptions
from livesegment.sinks.video_file import VideoFileSink

_FRAMES = 9


def first_frames(specs: Sequence[str], options: AnnotateOptions) -> list[Frame]:
    """Return the first few frames of the first input that has some in the part that is wanted."""
    frames: list[Frame] = []
    for spec in specs:
        # What is wrong with an input is said when it is annotated.
        with suppress(LiveSegmentError), open_input(spec, options).source as source:
            frames.extend(islice(iter(source.read, None), _FRAMES))
        if frames:
            break
    return frames


def seconds_a_call(segmenter: Segmenter, frames: list[Frame]) -> float:
    """Return what a model in this process takes for a frame, the quickest of three."""
    times_s = []
    for frame in frames[:3]:
        began_s = time.perf_counter()
        segmenter.segment(frame)
        times_s.append(time.perf_counter() - began_s)
    return min(times_s, default=0.0)


def seconds_a_frame(
    frames: list[Frame], options: AnnotateOptions, output: Path, *, carries: bool
) -> float:
    """Return what drawing and writing a frame takes, and carrying a mask to it if that is done.

    The mask is a disc: how much there is to carry in this input is not known without a call.
    """
    if not frames:
        return 0.0
    # Images may be of any sizes, and a mask is carried over none of another.
    frames = [each for each in frames if each.frame_size == frames[0].frame_size]
    width, height = frames[0].frame_size
    ids = np.zeros((height, width), np.uint8)
    cv2.circle(ids, (width // 2, height // 2), min(width, height) // 4, 1, -1)
    mask = Mask(ids)
    began_s = time.perf_counter()
    if carries:
        Propagator().between(frames, mask, mask)
    with tempfile.TemporaryDirectory() as folder:
        sink = VideoFileSink(
            Path(folder) / "trial.mkv",
            codec=written_codec(output, options),
            quality=options.quality,
            alpha=options.overlay.style == "cutout",
        )
        with sink:
            compositor, controls = Compositor(), options.overlay.controls()
            for frame in (_hidden(each, options) for each in frames):
                sink.write(annotated(compositor, frame, mask, controls, [sink]))
            sink.commit()
    return (time.perf_counter() - began_s) / len(frames)


def _hidden(frame: Frame, options: AnnotateOptions) -> Frame:
    """Return what may be written of a frame whose mask is not known, not even for a moment."""
    if not options.redact.is_wanted:
        return frame
    everywhere = np.ones(frame.image.shape[:2], np.uint8)
    return replace(frame, image=Redaction(options.redact).parts(frame.image, everywhere))
