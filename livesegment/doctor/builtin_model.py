"""The built-in person model."""

import statistics
import time
from collections.abc import Iterator

from livesegment.doctor.examination import Finding
from livesegment.segmenters.builtin import BuiltinSegmenter
from livesegment.sources.pattern import PatternSource

_FRAMES = 5
_SLOW_MS = 66.0


def check() -> Iterator[Finding]:
    """Load the model and time it."""
    with BuiltinSegmenter() as segmenter, PatternSource(frame_count=_FRAMES + 1) as source:
        times_ms = []
        while (frame := source.read()) is not None:
            began_s = time.perf_counter()
            segmenter.segment(frame)
            times_ms.append((time.perf_counter() - began_s) * 1000)
    # The first one also prepares the network.
    usual_ms = statistics.median(times_ms[1:])
    text = f"loads, and takes {usual_ms:.1f} ms a picture of 640x480"
    if usual_ms > _SLOW_MS:
        yield Finding(
            "built-in model",
            "warn",
            f"{text}: slow",
            "end other programs; the picture does not wait for it in any case",
        )
    else:
        yield Finding("built-in model", "ok", text)
