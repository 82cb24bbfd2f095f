"""`livesegment annotate`."""

from typing import Annotated

import typer

from livesegment.cli import parameters
from livesegment.cli.logs import set_up_logging
from livesegment.cli.outcome import SOURCE, reports_outcome
from livesegment.options import AnnotateOptions, EndpointOptions, OverlayOptions


@reports_outcome
@parameters.takes(parameters.overlay_options, "overlay_options")
@parameters.takes(parameters.endpoint_options, "endpoint_options")
def annotate(
    endpoint_options: EndpointOptions,
    overlay_options: OverlayOptions,
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT...", help="Videos, images, folders of images, globs."),
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
    masks: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.mkv", help="Keep the masks, lossless; a folder with several inputs."
        ),
    ] = None,
    overwrite: parameters.Overwrite = False,
    verbose: parameters.Verbose = False,
) -> None:
    """Write videos and images with their segmentation: every frame, in order."""
    set_up_logging(verbose=verbose)
    options = AnnotateOptions(
        endpoint=endpoint_options, overlay=overlay_options, masks=masks, overwrite=overwrite
    )
    from livesegment.api.annotate import annotate as run  # here, because it imports OpenCV
    from livesegment.cli.progress import ProgressBar

    with ProgressBar() as progress:
        report = run(inputs, output, options=options, on_progress=progress.update)
    if report.lost:
        raise typer.Exit(SOURCE)
