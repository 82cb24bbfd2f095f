"""What a job writes: whether it may, the sinks that do, and whether it is done already."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from livesegment.address import shown_source
from livesegment.annotate.choice import FrameChoice, open_choice
from livesegment.annotate.chosen_frames import SUFFIX, ChosenFrames, is_list
from livesegment.annotate.jobs import Job
from livesegment.annotate.journal import Journal, has_journal, journal_path
from livesegment.errors import OutputNotWritable
from livesegment.export import (
    ExportKind,
    Origin,
    Split,
    beside,
    check_export_free,
    export_path,
    open_exporter,
)
from livesegment.export.base import Exporter
from livesegment.settings import AnnotateOptions, require
from livesegment.sinks.arranged import arranged
from livesegment.sinks.base import Sink
from livesegment.sinks.image_file import ImageFileSink, ImageFolderSink
from livesegment.sinks.mask_file import MaskFileSink
from livesegment.sinks.output_file import check_free, refused
from livesegment.sinks.run_files import check_distinct
from livesegment.sinks.source_mark import SourceMark
from livesegment.sinks.video_file import VideoFileSink
from livesegment.sinks.video_to_stdout import VideoToStdout
from livesegment.sources.base import Source
from livesegment.sources.images import ImagesSource, find_images, is_images
from livesegment.sources.video_file import VideoFileSource
from livesegment.timeline.kept import KeptTimeline, TimelineSink
from livesegment.timeline.measuring import Measurer
from livesegment.timeline.table import TableSink

_BEGUN, _FINISHING, _COMPLETE = "begun", "finishing", "complete"
_NOTHING = json.dumps([None, {}])  # what is complete while outputs get their names


class Outputs:
    """The outputs of one job, with the notes about them in its journal.

    Args:
        job: The job.
        options: What to write.
        identity: What the outputs depend on beside the replies.
    """

    def __init__(self, job: Job, options: AnnotateOptions, identity: str) -> None:
        self._job = job
        self._options = options
        self._identity = identity
        self._measurer = Measurer()

    def check(self) -> None:
        """Find out before the first call whether the outputs may be written.

        What a journal says is ours is looked at later, when it is open.

        Raises:
            OutputExists: If there is one, no journal tells of it, and it may not be replaced.
            OutputNotWritable: If a folder is missing.
        """
        is_begun = not self._job.is_to_stdout and has_journal(self._job.output)
        overwrite = self._options.overwrite or is_begun
        for path in self._own_files():
            check_free(path, overwrite=overwrite)
        for kind, path in self._exports().items():
            check_export_free(kind, path, overwrite=overwrite, is_divided=self._is_divided)
        for path in (*self._list_of_frames(), *self._stale_list()):
            check_free(path, overwrite=overwrite)

    def are_complete(self, journal: Journal) -> bool:
        """Tell whether an earlier run of the same command finished, and nobody touched them."""
        noted = journal.noted(_COMPLETE)
        if noted is None:
            return False
        identity, sizes = json.loads(noted)
        return bool(identity == self._identity and sizes == self._sizes())

    def open(
        self,
        source: Source,
        origin: Origin,
        journal: Journal | None,
        timeline: KeptTimeline | None,
        mark: SourceMark | None,
        stack: ExitStack,
    ) -> list[Sink]:
        """Open the sinks; what an unfinished run of this journal left is replaced.

        Args:
            source: The input, as it was opened.
            origin: What annotations say of where they come from.
            journal: What an earlier run of the same command has done; None: nobody knows.
            timeline: Where to keep what a report shows of the pictures; None: nowhere.
            mark: By what the input is known again; None: it cannot be.
            stack: Closes the sinks.

        Raises:
            SinkError: If an output exists and is not ours, or cannot be written.
        """
        overwrite = self._options.overwrite or (journal is not None and self._are_ours(journal))
        for path in self._stale_list():
            check_free(path, overwrite=overwrite)
        opened = self._sinks(source, origin, mark, overwrite=overwrite)
        sinks = [stack.enter_context(sink) for sink in opened]
        if (choice := open_choice(self._options.exported)) is not None:
            exporters = [sink for sink in sinks if isinstance(sink, Exporter)]
            sinks = [sink for sink in sinks if sink not in exporters]
            chosen = self._chosen_frames(choice, exporters, source, overwrite=overwrite)
            sinks.append(stack.enter_context(chosen))
        if timeline is not None:
            sinks.append(stack.enter_context(TimelineSink(timeline, self._measurer)))
        if journal is not None and journal.noted(_BEGUN) is None:
            journal.note(_BEGUN, self._identity)
        return sinks

    def _are_ours(self, journal: Journal) -> bool:
        unfinished = journal.noted(_COMPLETE) in {None, _NOTHING}
        # Images appear one by one, a video and its masks when all is finished.
        evidence = _FINISHING if self._job.kind == "video" else _BEGUN
        return unfinished and journal.noted(evidence) == self._identity

    def commit(self, sinks: Sequence[Sink], journal: Journal | None, *, complete: bool) -> None:
        """Give the outputs their names.

        Args:
            sinks: What `open` returned.
            journal: Is told before and after; None: nobody is.
            complete: Whether there is nothing more to do with this input.

        Raises:
            SinkError: If an output cannot be finished.
        """
        if journal is not None:
            journal.note(_FINISHING, self._identity)
        if journal is not None and journal.noted(_COMPLETE) is not None:
            # An earlier run's, whose outputs have gone: what is there from now on is this run's.
            journal.note(_COMPLETE, _NOTHING)
        for sink in sinks:
            sink.commit()
        for path in self._stale_list():
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise refused(path, error) from error
        if complete and journal is not None:
            journal.note(_COMPLETE, json.dumps([self._identity, self._sizes()]))

    def _sinks(
        self, source: Source, origin: Origin, mark: SourceMark | None, *, overwrite: bool
    ) -> Iterator[Sink]:
        job, options = self._job, self._options
        images = source.paths if isinstance(source, ImagesSource) else None
        yield arranged(self._picture_sink(source, overwrite=overwrite), options.layout)
        if job.masks is not None:
            fps = options.part.fps or source.fps
            yield MaskFileSink(job.masks, fps=fps, overwrite=overwrite, source=mark)
        if job.table is not None:
            yield TableSink(job.table, self._measurer, files=images, overwrite=overwrite)
        are_other = options.redact.is_wanted or options.hide or options.part.rotate
        for kind, path in self._exports().items():
            pictures = images or _stem(job.source)
            yield open_exporter(
                kind,
                path,
                pictures,
                overwrite=overwrite,
                copies_files=not are_other,
                split=None if options.split is None else Split(options.split, options.split_seed),
                origin=origin,
            )

    def _chosen_frames(
        self, choice: FrameChoice, exporters: list[Exporter], source: Source, *, overwrite: bool
    ) -> ChosenFrames:
        pictures = source.paths if isinstance(source, ImagesSource) else _stem(self._job.source)
        [path] = self._list_of_frames()
        return ChosenFrames(choice, exporters, path, pictures, overwrite=overwrite)

    def _picture_sink(self, source: Source, *, overwrite: bool) -> Sink:
        job, options = self._job, self._options
        if job.kind == "image":
            return ImageFileSink(job.output, overwrite=overwrite)
        if job.kind == "image folder" and isinstance(source, ImagesSource):
            names = [path.name for path in source.paths]
            return ImageFolderSink(job.output, names, overwrite=overwrite)
        fps = options.part.fps or source.fps
        like = job.source if isinstance(source, VideoFileSource) else None
        if job.is_to_stdout:
            return VideoToStdout(fps=fps, quality=options.quality, like=like, part=options.part)
        return VideoFileSink(
            job.output,
            fps=fps,
            overwrite=overwrite,
            codec=options.codec,
            quality=options.quality,
            like=like,
            part=options.part,
            alpha=options.overlay.style == "cutout",
        )

    def files(self) -> list[Path]:
        """Return what is written beside the journal: the files of an image folder one by one."""
        return [*self._own_files(), *self._exports().values(), *self._list_of_frames()]

    def _own_files(self) -> list[Path]:
        job = self._job
        files = [] if job.is_to_stdout else [job.output]
        if job.kind == "image folder":
            files = [job.output / file.name for file in find_images(job.source)]
        return [*files, *job.written[1:]]

    def _exports(self) -> dict[ExportKind, Path]:
        job = self._job
        is_folder = job.kind == "image folder"
        return {
            kind: export_path(kind, job.output, is_folder=is_folder, is_divided=self._is_divided)
            for kind in self._options.export
        }

    @property
    def _is_divided(self) -> bool:
        return self._options.split is not None

    def _list_of_frames(self) -> list[Path]:
        return [] if self._options.exported.given is None else [self._list_path()]

    def _stale_list(self) -> list[Path]:
        """Return the list of frames that an earlier run has chosen, where this one exports all."""
        if not self._options.export or self._options.exported.given is not None:
            return []
        path = self._list_path()
        return [path] if is_list(path) else []

    def _list_path(self) -> Path:
        return beside(self._job.output, SUFFIX, is_folder=self._job.kind == "image folder")

    def _sizes(self) -> dict[str, int]:
        """Return the size of every file there is among the outputs, by its name."""
        sizes: dict[str, int] = {}
        for path in self.files():
            inside = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else []
            for file in inside or ([path] if path.is_file() else []):
                sizes[str(file.relative_to(path.parent))] = file.stat().st_size
        return dict(sorted(sizes.items()))


def _stem(source: str) -> str:
    """Return what the pictures of a video are called after."""
    return Path(shown_source(source)).stem


def check_together(jobs: Sequence[Job], options: AnnotateOptions) -> None:
    """Find out before the first call whether an output would destroy an input, or another output.

    Raises:
        OptionsError: If it would.
        SourceNotFound: If an image input is not there.
    """
    inputs = [path for job in jobs for path in _inputs(job)]
    outputs: list[str | Path | None] = [*options.report]
    for job in jobs:
        if job.is_to_stdout:
            _check_stdout(options)
        else:
            outputs.append(journal_path(job.output))
        outputs += Outputs(job, options, "").files()
    check_distinct(inputs, outputs)


def _check_stdout(options: AnnotateOptions) -> None:
    require(
        not options.export,
        "--export writes annotations beside the output, and -o - has no place: name a file",
    )
    require(
        not options.pages,
        "a page of --report is made of what is kept beside the output, and -o - has no place",
    )
    require(
        options.codec in {None, "h264"},
        f"-o - writes h264 to standard output, not {options.codec}: leave --codec out",
    )


def make_folders(jobs: Sequence[Job]) -> None:
    """Make the folders that outputs go into, and those above them.

    Raises:
        OutputNotWritable: If that is not possible.
    """
    for path in (path for job in jobs for path in job.written):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise OutputNotWritable(f"cannot write {path}: {path.parent} is no folder") from None
        except OSError as error:
            raise refused(path, error) from error


def _inputs(job: Job) -> list[Path]:
    """Return the files that a job reads."""
    read = find_images(job.source) if is_images(job.source) else [Path(job.source)]
    return read if job.kept_masks is None else [*read, job.kept_masks]
