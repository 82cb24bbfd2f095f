"""Tables of what became, or would become, of many inputs."""

import sys
from collections.abc import Sequence

from livesegment.annotate.estimate import Estimate
from livesegment.annotate.report import AnnotateReport
from livesegment.cli.outcome import print_result
from livesegment.duration import in_words


def print_summary(report: AnnotateReport) -> None:
    """Write what became of each input to stderr."""
    rows = [
        (
            each.outcome,
            f"{each.frames}",
            f"{each.calls}",
            f"{each.calls_saved}",
            in_words(each.elapsed_s),
            f"{each.output}" if each.error is None else f"{each.source}: {each.error}",
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
    for line in _aligned([header, *rows, total]):
        print(line, file=sys.stderr)


def print_estimate(estimate: Estimate) -> None:
    """Write what annotating would take to stdout."""
    rows = [
        (
            "?" if each.frames is None else f"{each.frames}",
            "?" if each.calls is None else f"{each.calls}",
            f"{each.kept}",
            f"{each.source} -> {each.output}" if each.error is None else f"{each.error}",
        )
        for each in estimate.files
    ]
    total = (_number(estimate.frames), _number(estimate.calls), f"{estimate.kept}", "in all")
    for line in _aligned([("frames", "calls", "kept", ""), *rows, total]):
        print_result(line)
    if estimate.elapsed_s is not None:
        print_result(
            f"about {in_words(estimate.elapsed_s)}: {estimate.round_trip_s * 1000:.0f} ms a call,"
            f" {estimate.in_flight} at once; {estimate.frame_s * 1000:.0f} ms a frame to draw and"
            " write"
        )


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the rows as lines with aligned columns, the last one as it is."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1], strict=True)]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return lines
