"""Files to keep: every frame, in order."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from livesegment.api.distinct import check_distinct
from livesegment.api.jobs import Job, plan_jobs
from livesegment.api.model import open_segmenter, requests_in_flight
from livesegment.engine.annotate import AnnotateLoop, AnnotateResult
from livesegment.engine.call_meter import CallMeter
from livesegment.errors import OptionsError, SourceLost
from livesegment.options import AnnotateOptions
from livesegment.segmenters.base import Segmenter
from livesegment.sinks.base import Sink
from livesegment.sinks.image_file import ImageFileSink, ImageFolderSink
from livesegment.sinks.mask_file import MaskFileSink
from livesegment.sinks.output_file import check_free, refused
from livesegment.sinks.video_file import VideoFileSink
from livesegment.sources import open_source
from livesegment.sources.base import Source
from livesegment.sources.images import ImagesSource, find_images, is_images
from livesegment.telemetry import Telemetry

logger = logging.getLogger(__name__)

OnProgress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True)
class AnnotateReport:
    """What `annotate` did.

    Attributes:
        outputs: What was written, in the order of the inputs.
        frames: Frames written.
        frames_without_mask: Of these, written plain because no more calls were allowed.
        calls: Calls made, those tried again included.
        errors: Number of errors by class name, those tried again included.
        lost: Why inputs ended early; their outputs go as far as they did.
    """

    outputs: tuple[Path, ...]
    frames: int
    frames_without_mask: int
    calls: int
    errors: dict[str, int]
    lost: tuple[SourceLost, ...]


def annotate(
    inputs: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    segmenter: Segmenter | None = None,
    options: AnnotateOptions | None = None,
    on_progress: OnProgress | None = None,
) -> AnnotateReport:
    """Segment every frame of videos and images and write them with their masks drawn.

    An output appears under its name when it is complete; before that, and if the run fails, what
    there is stays in `NAME.part.SUFFIX`.

    Args:
        inputs: Video, image, folder of images or glob, or several of these.
        output: Video, image or folder; a folder with several inputs.
        segmenter: Who is asked; it stays the caller's to close. None: opened from
            `options.endpoint`.
        options: What to write; None: the built-in person model and nothing replaced.
        on_progress: Called with frames written and frames expected (None: not known) after each.

    Raises:
        SourceNotFound: If an input cannot be opened.
        EndpointError: If a frame cannot be segmented.
        SinkError: If an output exists or cannot be written.
        OptionsError: If inputs and output do not fit together, or are the same file.
    """
    options = options or AnnotateOptions()
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    jobs = plan_jobs([str(each) for each in given], str(output), options.masks)
    _check_inputs(jobs)
    _check_outputs(jobs, overwrite=options.overwrite)
    _check_distinct(jobs)
    with ExitStack() as stack:
        model = segmenter or stack.enter_context(open_segmenter(options.endpoint))
        run = _Run(model, options, on_progress)
        results = [run.annotate(job) for job in jobs]
    return AnnotateReport(
        outputs=tuple(job.output for job in jobs),
        frames=sum(result.frames for result in results),
        frames_without_mask=sum(result.frames_without_mask for result in results),
        calls=run.telemetry.get("calls"),
        errors=run.telemetry.report()["errors"],
        lost=tuple(result.lost for result in results if result.lost is not None),
    )


def _check_inputs(jobs: Sequence[Job]) -> None:
    """Find out before the first call whether the last input can be read."""
    for job in jobs:
        with open_source(job.source) as source:
            if source.is_endless:
                raise OptionsError(f"{source.name} has no end: record it with 'live --record'")


def _check_outputs(jobs: Sequence[Job], *, overwrite: bool) -> None:
    """Find out before the first call whether the last output may be written."""
    for path in (path for job in jobs for path in (job.output, job.masks) if path is not None):
        if not path.is_dir():
            check_free(path, overwrite=overwrite)
        try:
            if len(jobs) > 1:
                path.parent.mkdir(exist_ok=True)
            path.parent.stat()
        except OSError as error:
            raise refused(path, error) from error


def _check_distinct(jobs: Sequence[Job]) -> None:
    """Find out before the first call whether an output would destroy an input."""
    inputs: list[Path] = []
    outputs: list[Path | None] = []
    for job in jobs:
        files = find_images(job.source) if is_images(job.source) else [Path(job.source)]
        inputs += files
        if job.kind == "image folder":
            outputs += [job.output / file.name for file in files]
        else:
            outputs.append(job.output)
        outputs.append(job.masks)
    check_distinct(inputs, outputs)


class _Run:
    """Annotates one job after the other with one segmenter and one allowance of calls."""

    def __init__(
        self, segmenter: Segmenter, options: AnnotateOptions, on_progress: OnProgress | None
    ) -> None:
        self.telemetry = Telemetry()
        self._segmenter = segmenter
        self._options = options
        self._on_progress = on_progress
        self._meter = CallMeter(options.endpoint.max_calls, options.endpoint.call_rate)
        self._in_flight = requests_in_flight(segmenter, options.endpoint)
        self._frames_done = 0
        self._frames_total: int | None = None

    def annotate(self, job: Job) -> AnnotateResult:
        with ExitStack() as stack:
            source = stack.enter_context(open_source(job.source))
            sinks = [stack.enter_context(sink) for sink in self._sinks(job, source)]
            if source.frame_count is not None:
                self._frames_total = self._frames_done + source.frame_count
            loop = AnnotateLoop(
                source,
                self._segmenter,
                sinks,
                self._options.overlay.controls(),
                meter=self._meter,
                max_in_flight=self._in_flight,
                telemetry=self.telemetry,
                on_frame=self._on_frame,
            )
            result = loop.run()
            if result.frames:
                for sink in sinks:
                    sink.commit()
        self._report(job, result)
        return result

    def _sinks(self, job: Job, source: Source) -> Iterator[Sink]:
        overwrite = self._options.overwrite
        if job.kind == "image":
            yield ImageFileSink(job.output, overwrite=overwrite)
        elif job.kind == "image folder" and isinstance(source, ImagesSource):
            names = [path.name for path in source.paths]
            yield ImageFolderSink(job.output, names, overwrite=overwrite)
        else:
            yield VideoFileSink(job.output, fps=source.fps, overwrite=overwrite)
        if job.masks is not None:
            yield MaskFileSink(job.masks, fps=source.fps, overwrite=overwrite)

    def _on_frame(self) -> None:
        self._frames_done += 1
        if self._on_progress is not None:
            self._on_progress(self._frames_done, self._frames_total)

    def _report(self, job: Job, result: AnnotateResult) -> None:
        if result.lost is None:
            logger.info("wrote %s, %d frames", job.output, result.frames)
        else:
            logger.warning("%s; %s goes as far as that", result.lost, job.output)
        if result.frames_without_mask:
            logger.warning(
                "%d of %d frames in %s have no mask: no more calls were allowed",
                result.frames_without_mask,
                result.frames,
                job.output,
            )
