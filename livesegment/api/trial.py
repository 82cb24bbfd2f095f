"""What a frame takes on this machine, tried on the first ones of an input."""

import tempfile
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion.propagate import Propagator
from livesegment.options import AnnotateOptions
from livesegment.overlay.compositor import Compositor
from livesegment.overlay.redaction import Redaction
from livesegment.segmenters.base import Segmenter
from livesegment.sinks.base import Annotated
from livesegment.sinks.video_file import VideoFileSink
from livesegment.sources import open_source

_FRAMES = 9


def first_frames(spec: str) -> list[Frame]:
    """Return the first few frames of an input.

    Raises:
        SourceError: If they cannot be read.
    """
    with open_source(spec) as source:
        return list(islice(iter(source.read, None), _FRAMES))


def seconds_a_call(segmenter: Segmenter, frames: list[Frame]) -> float:
    """Return what a model in this process takes for a frame, the quickest of three."""
    times_s = []
    for frame in frames[:3]:
        began_s = time.perf_counter()
        segmenter.segment(frame)
        times_s.append(time.perf_counter() - began_s)
    return min(times_s, default=0.0)


def seconds_a_frame(frames: list[Frame], options: AnnotateOptions, *, carries: bool) -> float:
    """Return what drawing and writing a frame takes, and carrying a mask to it if that is done.

    The mask is a disc: how much there is to carry in this input is not known without a call.
    """
    if not frames:
        return 0.0
    width, height = frames[0].frame_size
    ids = np.zeros((height, width), np.uint8)
    cv2.circle(ids, (width // 2, height // 2), min(width, height) // 4, 1, -1)
    mask = Mask(ids)
    began_s = time.perf_counter()
    if carries:
        Propagator().between(frames, mask, mask)
    with tempfile.TemporaryDirectory() as folder:
        sink = VideoFileSink(
            Path(folder) / "trial.mkv", codec=options.codec, quality=options.quality
        )
        with sink:
            compositor, controls = Compositor(), options.overlay.controls()
            for frame in (_hidden(each, options) for each in frames):
                image = compositor.draw(frame, mask, controls)
                sink.write(Annotated(frame, mask, image))
            sink.commit()
    return (time.perf_counter() - began_s) / len(frames)


def _hidden(frame: Frame, options: AnnotateOptions) -> Frame:
    """Return what may be written of a frame whose mask is not known, not even for a moment."""
    if not options.redact.is_wanted:
        return frame
    everywhere = np.ones(frame.image.shape[:2], np.uint8)
    return replace(frame, image=Redaction(options.redact).parts(frame.image, everywhere))
