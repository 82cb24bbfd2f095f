"""`livesegment annotate`."""

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING

from livesegment.cli.logs import set_up_logging
from livesegment.cli.outcome import BUG, DONE, exit_code
from livesegment.settings.commands import AnnotateCommand

if TYPE_CHECKING:
    from livesegment.annotate.report import AnnotateReport


def run(command: AnnotateCommand, _: Collection[str]) -> int:
    """Write videos and images with their segmentation: every frame, in order.

    Replies are kept in OUTPUT.journal from the moment they come: the same command goes on where it
    was broken off, and pays for nothing twice.
    """
    set_up_logging(command.log)
    from livesegment.cli.summary import print_estimate, print_summary  # they import OpenCV

    if command.dry_run:
        from livesegment.annotate.estimate import estimate

        print_estimate(estimate(command.inputs, command.output, options=command.options))
        return DONE
    from livesegment.cli.progress import open_progress

    annotate = _who_annotates(command.cluster)
    with open_progress() as progress:
        report = annotate(
            command.inputs, command.output, options=command.options, on_progress=progress.update
        )
    if len(report.files) > 1:
        print_summary(report)
    if report.unfinished:
        error = report.unfinished[0].error
        return BUG if error is None else exit_code(error)
    return DONE


def _who_annotates(cluster: str | None) -> Callable[..., "AnnotateReport"]:
    if cluster is None:
        from livesegment.annotate.runner import annotate

        return annotate
    from livesegment.cluster.runner import annotate_on_cluster

    return partial(annotate_on_cluster, address=cluster)
