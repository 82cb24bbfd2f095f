"""`livesegment annotate`."""

import sys
from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING

from livesegment.address import shown_source
from livesegment.cli.logs import set_up_logging
from livesegment.cli.memory import check_address_space
from livesegment.cli.outcome import BUG, DONE, exit_code, print_result
from livesegment.cli.profile import profile_said
from livesegment.columns import aligned
from livesegment.duration import in_words
from livesegment.memory_budget import give_large_memory_back
from livesegment.settings.commands import AnnotateCommand

if TYPE_CHECKING:  # they import OpenCV
    from livesegment.annotate.estimate import Estimate
    from livesegment.annotate.report import AnnotateReport, FileReport


def run(command: AnnotateCommand, _: Collection[str]) -> int:
    """Write videos and images with their segmentation: every frame, in order.

    Replies are kept in .livesegment/OUTPUT.journal from the moment they come: the same command goes
    on where it was broken off, and pays for nothing twice.
    """
    set_up_logging(command.log)
    check_address_space()
    give_large_memory_back()
    if command.dry_run:
        from livesegment.annotate.estimate import estimate

        found = estimate(
            command.inputs, command.output, options=command.options, count=command.count
        )
        _print_estimate(found)
        unreadable = [each.error for each in found.files if each.error is not None]
        return exit_code(unreadable[0]) if unreadable else DONE
    from livesegment.cli.progress import open_progress

    annotate = _who_annotates(command.cluster)
    with profile_said(wanted=command.profile), open_progress() as progress:
        report = annotate(
            command.inputs, command.output, options=command.options, on_progress=progress.update
        )
    if len(report.files) > 1:
        _print_summary(report)
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


def _print_summary(report: "AnnotateReport") -> None:
    """Write what became of each input to stderr."""
    rows = [
        (
            each.outcome,
            f"{each.frames}",
            f"{each.calls}",
            f"{each.calls_saved}",
            in_words(each.elapsed_s),
            _fate(each),
        )
        for each in report.files
    ]
    total = (
        f"{len(rows) - len(report.unfinished)} of {len(rows)}",
        f"{report.frames}",
        f"{report.calls}",
        f"{report.calls_saved}",
        in_words(report.elapsed_s),
        "in all",
    )
    header = ("outcome", "frames", "calls", "saved", "time", "")
    for line in aligned([header, *rows, total]):
        print(line, file=sys.stderr)


def _fate(file: "FileReport") -> str:
    """Return the output, or why there is none; why one ends early was said when it did."""
    if file.error is None or file.outcome == "cut short":
        return f"{file.output}"
    said = f"{file.error}"
    source = shown_source(file.source)
    return said if source in said else f"{source}: {said}"


def _print_estimate(estimate: "Estimate") -> None:
    """Write what annotating would take to stdout."""
    rows = [
        (
            _number(each.frames, is_guess=each.is_guess),
            _number(each.calls, is_guess=each.is_guess),
            f"{each.kept}",
            f"{shown_source(each.source)} -> {each.output}"
            if each.error is None
            else f"{each.error}",
        )
        for each in estimate.files
    ]
    guesses = any(each.is_guess for each in estimate.files)
    total = (
        _number(estimate.frames, is_guess=guesses),
        _number(estimate.calls, is_guess=guesses),
        f"{estimate.kept}",
        "in all",
    )
    for line in aligned([("frames", "calls", "kept", ""), *rows, total]):
        print_result(line)
    if guesses:
        print_result("~: guessed from the length and the rate; --count counts")
    if estimate.elapsed_s is not None:
        assumed = " (assumed: to ask would cost one)" if estimate.is_round_trip_assumed else ""
        print_result(
            f"about {in_words(estimate.elapsed_s)}: {estimate.round_trip_s * 1000:.0f} ms a call"
            f"{assumed}, {estimate.in_flight} at once; {estimate.frame_s * 1000:.0f} ms a frame to"
            " draw and write"
        )


def _number(value: int | None, *, is_guess: bool) -> str:
    return "?" if value is None else f"{'~' if is_guess else ''}{value}"
