"""What annotating would take, found out without a call."""

import math
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from livesegment.annotate.identity import reply_identity
from livesegment.annotate.jobs import Job, plan_jobs
from livesegment.annotate.journal import Journal, has_journal, journal_path
from livesegment.annotate.journal_beside import RepliesBeside
from livesegment.annotate.opening import asked_about, open_input, open_shared
from livesegment.annotate.trial import first_frames, seconds_a_call, seconds_a_frame
from livesegment.calls.opening import expected_in_flight
from livesegment.errors import LiveSegmentError, OptionsError, SourceLost
from livesegment.frame import Frame
from livesegment.segmenters.base import Segmenter
from livesegment.settings import AnnotateOptions, PartOptions
from livesegment.sources.base import Source

TYPICAL_ROUND_TRIP_S = 0.15
"""What is assumed of an endpoint, since asking it costs a call."""


@dataclass(frozen=True, slots=True)
class FileEstimate:
    """What one input would take.

    Attributes:
        source: The input, as given.
        output: What would be written.
        frames: Frames that the input says it has; None where it does not say.
        calls: Calls that would be made, at the most.
        kept: Replies kept from an earlier run, for which no call is made.
        is_guess: Whether the frames were not counted, but worked out from the length and the rate.
        error: Why it cannot be annotated.
    """

    source: str
    output: Path
    frames: int | None = 0
    calls: int | None = 0
    kept: int = 0
    is_guess: bool = False
    error: LiveSegmentError | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would take.

    Attributes:
        files: What each input would take.
        round_trip_s: Seconds a call.
        is_round_trip_assumed: Whether that is `TYPICAL_ROUND_TRIP_S`, because a call costs
            something; else it was measured.
        in_flight: Calls at once.
        frame_s: Seconds a frame for everything else, tried on the first frames here.
    """

    files: tuple[FileEstimate, ...]
    round_trip_s: float
    is_round_trip_assumed: bool
    in_flight: int
    frame_s: float

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
        """Seconds that it would take; None where the number of frames is not known."""
        frames, calls = self.frames, self.calls
        if frames is None or calls is None:
            return None
        return max(calls * self.round_trip_s / self.in_flight, frames * self.frame_s)


def estimate(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    options: AnnotateOptions | None = None,
    count: bool = False,
) -> Estimate:
    """Say what `annotate` with the same arguments would take: nothing is asked or written.

    Args:
        inputs: As of `annotate`, like the rest.
        output: Likewise.
        options: Likewise.
        count: Read every input to its end and count its frames, where they would be guessed.

    Raises:
        OptionsError: If inputs and output do not fit together.
    """
    options = options or AnnotateOptions()
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    beside = options.masks, options.kept_masks, options.table
    jobs = plan_jobs([str(each) for each in given], str(output), *beside)
    with ExitStack() as stack:
        shared = open_shared(jobs, options, stack)
        files = tuple(_look_at(job, shared, options, count=count) for job in jobs)
        readable = [job.source for job, each in zip(jobs, files, strict=True) if not each.error]
        frames = first_frames(readable, options)
        in_flight, round_trip_s, is_assumed = _calling(readable, frames, shared, options)
    carries = options.keyframes.every > 1 or options.keyframes.budget is not None
    return Estimate(
        files,
        round_trip_s,
        is_assumed,
        in_flight,
        seconds_a_frame(frames, options, jobs[0].output, carries=carries),
    )


def _calling(
    readable: Sequence[str],
    frames: list[Frame],
    shared: Segmenter | None,
    options: AnnotateOptions,
) -> tuple[int, float, bool]:
    """Return the calls at once, and the seconds that each takes, as the first input's are.

    The last says whether those are assumed.
    """
    endpoint = options.endpoint
    with ExitStack() as stack:
        asked = shared
        if readable and options.kept_masks is None:
            source = stack.enter_context(open_input(readable[0], options).source)
            asked = asked_about(source, shared, endpoint, stack)
        if asked is None:
            return 1, 0.0, False
        in_flight = expected_in_flight(endpoint, asked.max_concurrency)
        is_here = endpoint.is_in_process
        round_trip_s = seconds_a_call(asked, frames) if is_here else TYPICAL_ROUND_TRIP_S
    rate = endpoint.call_rate
    if rate is not None:
        round_trip_s = max(round_trip_s, in_flight / rate)
    return in_flight, round_trip_s, not is_here


def _look_at(
    job: Job, shared: Segmenter | None, options: AnnotateOptions, *, count: bool
) -> FileEstimate:
    try:
        with ExitStack() as stack:
            file, source = open_input(job.source, options)
            stack.enter_context(source)
            if source.is_endless:
                raise OptionsError(f"{source.name} has no end")
            frames, is_guess = source.frame_count, source.is_count_guessed
            if count and (frames is None or is_guess):
                indices: Sequence[int] | None = _indices(source)
                frames, is_guess = len(indices or ()), False
            else:
                indices = _likely_indices(source, file.fps, options.part)
            asked = asked_about(source, shared, options.endpoint, stack)
            kept = _kept(job, asked, options, indices)
            kept = kept if frames is None else min(kept, frames)
    except LiveSegmentError as error:
        return FileEstimate(job.source, job.output, error=error)
    calls = None if frames is None else max(0, _calls(frames, options) - kept)
    return FileEstimate(job.source, job.output, frames, calls, kept, is_guess)


def _indices(source: Source) -> list[int]:
    """Return the numbers of the frames that can be read of a source."""
    source.is_lazy = True
    indices = []
    with suppress(SourceLost):
        while (frame := source.read()) is not None:
            indices.append(frame.index)
    return indices


def _likely_indices(source: Source, fps: float | None, part: PartOptions) -> range | None:
    """Return among which numbers the frames of an input are; None where it does not say.

    Args:
        source: The part that is wanted.
        fps: Frames a second of the whole.
        part: Which part that is.
    """
    frames, first = source.frame_count, 0
    if part.start_s is not None:
        source.is_lazy = True
        frame = source.read()
        first = 0 if frame is None else frame.index
    if frames is None:
        return None
    if part.fps is not None and fps is not None:
        frames = math.ceil(frames * max(1.0, fps / part.fps))
    return range(first, first + frames)


def _kept(
    job: Job,
    segmenter: Segmenter | None,
    options: AnnotateOptions,
    indices: Sequence[int] | None,
) -> int:
    """Return how many replies are kept for frames of some numbers; None: for any."""
    if job.is_to_stdout:
        return 0
    path = journal_path(job.output)
    identity = reply_identity(job, segmenter, options.hide, options.part.rotate)
    if not has_journal(job.output):
        beside = RepliesBeside(path, identity)
        return sum(index in beside for index in indices or ())
    with Journal(path, identity) as journal:
        return len(journal) if indices is None else sum(index in journal for index in indices)


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


def _total(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
