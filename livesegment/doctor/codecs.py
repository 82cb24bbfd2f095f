"""Videos that can be written and read back."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av import library_versions

from livesegment.doctor.examination import Finding, State
from livesegment.errors import LiveSegmentError
from livesegment.settings import CODECS, Codec
from livesegment.sinks.base import Annotated
from livesegment.sinks.codecs import coding_for
from livesegment.sinks.video_file import VideoFileSink
from livesegment.sources.pattern import PatternSource

_FRAMES = 6
_SIZE = (128, 96)
_MOST_DIFFERENT = 16.0
"""Mean difference, of 255, of a picture that was written and read: more is no loss of coding."""

_WORKS_WITHOUT = "install PyAV's own wheel: 'pip install --force-reinstall --only-binary av av'"


def check() -> Iterator[Finding]:
    """Write a tiny video with each codec and read it back."""
    yield Finding("pyav", "ok", f"{av.__version__} with libavcodec {_libavcodec()}")
    with tempfile.TemporaryDirectory(prefix="livesegment-doctor-") as folder:
        for codec in CODECS:
            suffix = ".mov" if codec == "prores" else ".mp4"
            yield _codec(codec, Path(folder) / f"{codec}{suffix}")


def _libavcodec() -> str:
    return ".".join(map(str, library_versions["libavcodec"]))


def _codec(codec: Codec, path: Path) -> Finding:
    # The one that everything is written with unless told otherwise.
    state: State = "fail" if codec == CODECS[0] else "warn"
    name = f"codec {codec}"
    try:
        encoder = coding_for(path, codec, quality=75).codec
        began_s = time.perf_counter()
        difference = _round_trip(path, codec)
    except (LiveSegmentError, av.FFmpegError) as error:
        advice = f"{_WORKS_WITHOUT}{'' if state == 'fail' else ', or do without --codec ' + codec}"
        return Finding(name, state, f"cannot be written and read: {error}", advice)
    took_ms = (time.perf_counter() - began_s) * 1000
    if difference > _MOST_DIFFERENT:
        return Finding(
            name, state, f"{encoder}: what is read is not what was written", _WORKS_WITHOUT
        )
    return Finding(name, "ok", f"{encoder} wrote {_FRAMES} pictures, read back in {took_ms:.0f} ms")


def _round_trip(path: Path, codec: Codec) -> float:
    """Return how different pictures come back, of 255; 255 if some are missing."""
    written = []
    with (
        PatternSource(_SIZE, frame_count=_FRAMES) as source,
        VideoFileSink(os.fspath(path), fps=source.fps, codec=codec) as sink,
    ):
        while (frame := source.read()) is not None:
            sink.write(Annotated(frame, None, frame.image))
            written.append(frame.image)
        sink.commit()
    with av.open(path) as container:
        read = [each.to_ndarray(format="bgr24") for each in container.decode(video=0)]
    if len(read) != len(written):
        return 255.0
    return float(np.abs(np.subtract(read, written, dtype=np.int16)).mean())
