"""What a run opens: an input as everybody in it sees it, and who is asked about that."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from livesegment.annotate.asking import KeptMasks
from livesegment.annotate.jobs import Job
from livesegment.errors import SourceNotFound
from livesegment.redaction.redactor import Redactor
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.opening import open_segmenter
from livesegment.settings import AnnotateOptions, EndpointOptions, RedactOptions
from livesegment.sinks.mask_file import MaskFileReader
from livesegment.sinks.source_mark import SourceMark
from livesegment.sources import Source, is_drawn, open_source
from livesegment.sources.hidden import hidden
from livesegment.sources.part import part_of
from livesegment.sources.turned import rotated

logger = logging.getLogger(__name__)


class OpenedInput(NamedTuple):
    """An input that is open.

    Attributes:
        file: What was opened: nobody is given its pictures.
        source: The pictures of the part that is wanted, with what is hidden of them black, turned.
            Closing it closes the other.
    """

    file: Source
    source: Source


def open_input(spec: str, options: AnnotateOptions) -> OpenedInput:
    """Open an input.

    Raises:
        SourceError: If it cannot be opened.
        OptionsError: If it has no such part.
    """
    file = open_source(spec)
    try:
        # Zones are places of the picture as the camera gave it.
        seen = hidden(part_of(file, options.part), options.hide)
        return OpenedInput(file, rotated(seen, options.part.rotate))
    except BaseException:
        file.close()
        raise


def open_shared(
    jobs: Sequence[Job], options: AnnotateOptions, stack: ExitStack
) -> Segmenter | None:
    """Open who is asked about all of the inputs; None where nobody has to be."""
    is_unasked = not options.endpoint.names_a_model and all(is_drawn(job.source) for job in jobs)
    if is_unasked or options.kept_masks is not None:
        return None
    segmenter = stack.enter_context(open_segmenter(options.endpoint))
    if options.exported.export_uncertain is not None:
        segmenter.keeps_certainty = True  # by which it is told what is hard
    return segmenter


def asked_about(
    source: Source, shared: Segmenter | None, options: EndpointOptions, stack: ExitStack
) -> Segmenter | None:
    """Return who is asked about one input: itself, if it is drawn and the options name no model."""
    if source.scene is None or options.names_a_model:
        return shared
    return stack.enter_context(open_segmenter(options, source.scene))


def open_asked(
    job: Job,
    options: AnnotateOptions,
    segmenter: Segmenter | None,
    mark: SourceMark | None,
    stack: ExitStack,
) -> Segmenter | KeptMasks:
    """Return who is asked: the masks that a job keeps, or else the segmenter.

    Args:
        job: The job.
        options: How it is done.
        segmenter: Who is asked; None where the job has kept masks.
        mark: By what the input is known again; None: it cannot be.
        stack: Closes the masks.

    Raises:
        SourceNotFound: If those masks cannot be read, or belong to another input.
    """
    path = job.kept_masks
    if path is None:
        assert segmenter is not None
        return segmenter
    reader = stack.enter_context(MaskFileReader(path))
    if reader.source is None:
        logger.warning(
            "%s does not say which pictures its masks are of: it is taken where sizes and times"
            " fit",
            path,
        )
    elif mark is not None and not reader.source.is_of(mark):
        raise SourceNotFound(f"{path} belongs to another input, {reader.source}, not {mark}")
    skips = options.part.leaves_out
    return KeptMasks(iter(reader), reader.class_map, str(path), skips=skips)


def open_redactor(redact: RedactOptions, asked: Segmenter | KeptMasks) -> Redactor | None:
    """Return who hides what is not to be seen; None: nothing is."""
    if not redact.is_wanted:
        return None
    if isinstance(asked, KeptMasks):  # their classes are told
        return Redactor(redact)
    asked.put_on_top(redact.classes)
    return Redactor(redact, class_map_grows=asked.class_map_grows)
