"""What is said of an input when it is done."""

import logging
from collections.abc import Sequence

from livesegment.annotate.jobs import Job
from livesegment.annotate.loop import AnnotateResult
from livesegment.duration import counted
from livesegment.sinks.standard_output import STANDARD_OUTPUT_NAME
from livesegment.sources.base import Source
from livesegment.sources.images import ImagesSource

logger = logging.getLogger(__name__)

_MOST_NAMES = 5  # of images, in one line


def tell(job: Job, result: AnnotateResult, source: Source, *, frames_hidden: int) -> None:
    """Log what was written, and what is missing in it.

    Args:
        job: The input and its outputs.
        result: What became of it.
        source: The input as it was opened; what a folder of images gave is told by name.
        frames_hidden: How many frames nobody may see, since no mask could be trusted for them.
    """
    output = STANDARD_OUTPUT_NAME if job.is_to_stdout else job.output
    images = _names(source) if job.kind == "image folder" else []
    if result.lost is not None:
        logger.warning("%s; %s goes as far as that", result.lost, output)
    elif len(images) == result.frames > 0:  # else a part of them was wanted
        logger.info("wrote %s, %s: %s", output, counted(len(images), "image"), _listed(images))
    else:
        logger.info("wrote %s, %s", output, counted(result.frames, "frame"))
    if frames_hidden:
        logger.warning(
            "%d of %d frames in %s are hidden whole, since no mask could be trusted for them:"
            " to ask about every frame shows more",
            frames_hidden,
            result.frames,
            output,
        )
    if result.frames_without_mask:
        logger.warning(
            "%d of %d frames in %s have no mask: no more calls were allowed",
            result.frames_without_mask,
            result.frames,
            output,
        )


def _names(source: Source) -> list[str]:
    """Return the names of the images of a source that could be read; of any other, none."""
    if not isinstance(source, ImagesSource):
        return []
    return [path.name for path in source.paths if path not in source.skipped]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
