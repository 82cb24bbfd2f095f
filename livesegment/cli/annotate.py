"""`livesegment annotate`."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, cast

import typer

from livesegment.cli import parameters
from livesegment.cli.logs import set_up_logging
from livesegment.cli.outcome import exit_code, reports_outcome
from livesegment.cli.redact import redact_options
from livesegment.settings import (
    AnnotateOptions,
    Codec,
    EndpointOptions,
    ExportKind,
    KeyframeOptions,
    OverlayOptions,
    RedactOptions,
)

if TYPE_CHECKING:
    from livesegment.annotate.report import AnnotateReport


def keyframe_options(
    every: Annotated[
        int, typer.Option(metavar="N", help="Ask about one frame in N, carry masks between.")
    ] = 1,
    budget: Annotated[
        int | None,
        typer.Option(
            metavar="CALLS", help="Ask about so many frames of each input, where most changes."
        ),
    ] = None,
    skip_still: Annotated[
        bool, typer.Option("--skip-still", help="Ask nothing about frames that do not change.")
    ] = False,
) -> KeyframeOptions:
    """Return the keyframe options that the parameters stand for."""
    return KeyframeOptions(every=every, budget=budget, skip_still=skip_still)


def output_options(
    masks: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.mkv", help="Keep the masks, lossless; a folder with several inputs."
        ),
    ] = None,
    masks_from: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.mkv", help="Draw the masks kept by an earlier run: no call is made."
        ),
    ] = None,
    export: Annotated[
        list[str] | None,  # of ExportKind, which typer does not take in a list
        typer.Option(
            metavar="coco|png|yolo", help="Write annotations beside the output; may be repeated."
        ),
    ] = None,
    codec: Annotated[Codec, typer.Option(help="Video codec; all of them play in browsers.")] = (
        "h264"
    ),
    quality: Annotated[
        int, typer.Option(metavar="1..100", help="Quality of the video written.")
    ] = 75,
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", help="Inputs to work on at once: 1, or a cluster's processors."),
    ] = None,
    report: Annotated[
        str | None,
        typer.Option(metavar="FILE.json", help="Write what became of each input; replaces it."),
    ] = None,
    overwrite: parameters.Overwrite = False,
) -> AnnotateOptions:
    """Return what the parameters say of the output, with the default model and overlay."""
    return AnnotateOptions(
        masks=masks,
        kept_masks=masks_from,
        export=cast(tuple[ExportKind, ...], tuple(dict.fromkeys(export or ()))),
        codec=codec,
        quality=quality,
        jobs=jobs,
        report=report,
        overwrite=overwrite,
    )


@reports_outcome
@parameters.takes(output_options, "options")
@parameters.takes(redact_options, "redact")
@parameters.takes(keyframe_options, "keyframes")
@parameters.takes(parameters.overlay_options, "overlay")
@parameters.takes(parameters.endpoint_options, "endpoint")
def annotate(
    endpoint: EndpointOptions,
    overlay: OverlayOptions,
    keyframes: KeyframeOptions,
    redact: RedactOptions,
    options: AnnotateOptions,
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT...", help="Videos, images, folders, globs."),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="OUTPUT",
            help="Video (.mp4), image or folder; a folder with several inputs.",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many calls and hours it would take.")
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="local|ADDRESS",
            help="Have Ray do it: started here, or auto, HOST:PORT, ray://HOST:PORT.",
        ),
    ] = None,
    log_format: parameters.LogFormat = "text",
    verbose: parameters.Verbose = False,
) -> None:
    """Write videos and images with their segmentation: every frame, in order.

    Replies are kept in OUTPUT.journal from the moment they come: the same command goes on where it
    was broken off, and pays for nothing twice.
    """
    set_up_logging(verbose=verbose, log_format=log_format)
    options = replace(
        options, endpoint=endpoint, overlay=overlay, keyframes=keyframes, redact=redact
    )
    from livesegment.cli.summary import print_estimate, print_summary  # they import OpenCV

    if dry_run:
        from livesegment.annotate.estimate import estimate

        print_estimate(estimate(inputs, output, options=options))
        return
    from livesegment.cli.progress import open_progress

    with open_progress() as progress:
        report = _who_annotates(cluster)(
            inputs, output, options=options, on_progress=progress.update
        )
    if len(report.files) > 1:
        print_summary(report)
    if report.unfinished:
        error = report.unfinished[0].error
        raise typer.Exit(1 if error is None else exit_code(error))


def _who_annotates(cluster: str | None) -> Callable[..., "AnnotateReport"]:
    if cluster is None:
        from livesegment.annotate.runner import annotate

        return annotate
    from livesegment.cluster.runner import annotate_on_cluster

    return partial(annotate_on_cluster, address=cluster)
