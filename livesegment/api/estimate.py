"""What annotating would take, found out without a call."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from livesegment.api.identity import reply_identity
from livesegment.api.jobs import Job, plan_jobs
from livesegment.api.model import open_flight, open_segmenter
from livesegment.engine.journal import Journal, journal_path
from livesegment.errors import LiveSegmentError, OptionsError
from livesegment.options import AnnotateOptions
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.builtin import BuiltinSegmenter
from livesegment.sources import open_source
from livesegment.sources.base import Source

TYPICAL_ROUND_TRIP_S = 0.15
"""What is assumed of an endpoint, since asking it costs a call."""

_TRIALS = 3


@dataclass(frozen=True, slots=True)
class FileEstimate:
    """What one input would take.

    Attributes:
        source: The input, as given.
        output: What would be written.
        frames: Frames that the input says it has; None where it does not say.
        calls: Calls that would be made, at the most.
        kept: Replies kept from an earlier run, for which no call is made.
        error: Why it cannot be annotated.
    """

    source: str
    output: Path
    frames: int | None = 0
    calls: int | None = 0
    kept: int = 0
    error: LiveSegmentError | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would take.

    Attributes:
        files: What each input would take.
        round_trip_s: Seconds a call, measured where it is free, else `TYPICAL_ROUND_TRIP_S`.
        in_flight: Calls at once.
    """

    files: tuple[FileEstimate, ...]
    round_trip_s: float
    in_flight: int

    @property
    def frames(self) -> int | None:
        """Frames in all; None where an input does not say."""
        return _total([each.frames for each in self.files])

    @property
    def calls(self) -> int | None:
        """Calls in all, at the most; None where an input does not say."""
        return _total([each.calls for each in self.files])

    @property
    def kept(self) -> int:
        """Replies kept from earlier runs."""
        return sum(each.kept for each in self.files)

    @property
    def elapsed_s(self) -> float | None:
        """Seconds that the calls would take; None where their number is not known."""
        calls = self.calls
        return None if calls is None else calls * self.round_trip_s / self.in_flight


def estimate(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    options: AnnotateOptions | None = None,
) -> Estimate:
    """Say what `annotate` with the same arguments would take: nothing is asked or written.

    Raises:
        OptionsError: If inputs and output do not fit together.
    """
    options = options or AnnotateOptions()
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    jobs = plan_jobs([str(each) for each in given], str(output), options.masks, options.kept_masks)
    with open_segmenter(options.endpoint) as segmenter:
        files = tuple(_look_at(job, segmenter, options) for job in jobs)
        in_flight = open_flight(segmenter, options.endpoint).limit
        readable = [job for job, each in zip(jobs, files, strict=True) if each.error is None]
        round_trip_s = TYPICAL_ROUND_TRIP_S
        if isinstance(segmenter, BuiltinSegmenter) and readable:
            round_trip_s = _timed(segmenter, readable[0])
        rate = options.endpoint.call_rate
        if rate is not None:
            round_trip_s = max(round_trip_s, in_flight / rate)
    return Estimate(files, round_trip_s, in_flight)


def _look_at(job: Job, segmenter: Segmenter, options: AnnotateOptions) -> FileEstimate:
    try:
        with open_source(job.source) as source:
            if source.is_endless:
                raise OptionsError(f"{source.name} has no end")
            frames = source.frame_count
            kept = _kept(job, segmenter)
    except LiveSegmentError as error:
        return FileEstimate(job.source, job.output, error=error)
    calls = None if frames is None else max(0, _calls(frames, options) - kept)
    return FileEstimate(job.source, job.output, frames, calls, kept)


def _kept(job: Job, segmenter: Segmenter) -> int:
    path = journal_path(job.output)
    if not path.exists():
        return 0
    with Journal(path, reply_identity(job, segmenter)) as journal:
        return len(journal)


def _calls(frames: int, options: AnnotateOptions) -> int:
    """Return the calls for a number of frames of one scene; each cut may add one."""
    keyframes = options.keyframes
    calls = frames
    if options.kept_masks is not None:
        calls = 0
    elif keyframes.budget is not None:
        calls = min(frames, keyframes.budget)
    elif keyframes.every > 1:
        calls = -(-(frames - 1) // keyframes.every) + 1
    most = options.endpoint.max_calls
    return calls if most is None else min(calls, most)


def _timed(segmenter: Segmenter, job: Job) -> float:
    """Return how long a model in this process takes for a frame."""
    with ExitStack() as stack:
        source: Source = stack.enter_context(open_source(job.source))
        times_s = []
        for _ in range(_TRIALS):
            frame = source.read()
            if frame is None:
                break
            began_s = time.perf_counter()
            segmenter.segment(frame)
            times_s.append(time.perf_counter() - began_s)
    return min(times_s, default=0.0)


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
