"""`livesegment live`."""

import os
from typing import Annotated

import typer

from livesegment.cli import parameters
from livesegment.cli.events import event_options
from livesegment.cli.logs import set_up_logging
from livesegment.cli.outcome import reports_outcome
from livesegment.cli.redact import redact_options
from livesegment.cli.web import DEFAULT_ADDRESS, web_options
from livesegment.settings import (
    EndpointOptions,
    EventOptions,
    LiveOptions,
    OverlayOptions,
    RedactOptions,
)
from livesegment.settings.controls import Align


@reports_outcome
@parameters.takes(event_options, "event_options")
@parameters.takes(redact_options, "redact_options")
@parameters.takes(parameters.overlay_options, "overlay_options")
@parameters.takes(parameters.endpoint_options, "endpoint_options")
def live(
    endpoint_options: EndpointOptions,
    overlay_options: OverlayOptions,
    event_options: EventOptions,
    redact_options: RedactOptions,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="Camera number or device, video file, image, folder, URL, or 'pattern:'.",
        ),
    ] = "0",
    align: Annotated[
        Align | None,
        typer.Option(
            help="A late mask is moved to where its object is now (warp, the default), its picture"
            " held back for it (delay, the default with --redact), or drawn where it was (paste)."
        ),
    ] = None,
    max_delay: Annotated[
        float, typer.Option(metavar="S", help="The longest that 'delay' holds a picture back.")
    ] = 2.0,
    mask_ttl: Annotated[
        float, typer.Option(metavar="S", help="Age at which a mask has faded away.")
    ] = 2.0,
    smooth: Annotated[
        bool, typer.Option("--smooth", help="Calm the edges of masks where the picture is still.")
    ] = False,
    no_window: Annotated[bool, typer.Option("--no-window", help="Open no window.")] = False,
    record: Annotated[
        str | None, typer.Option(metavar="FILE.mp4", help="Record what is shown, fragmented MP4.")
    ] = None,
    segment: Annotated[
        float | None,
        typer.Option(
            metavar="MINUTES", help="Record into a new file every so often: FILE_date-timeZ.mp4."
        ),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="20GB|7d", help="Remove the oldest of these files beyond a size or an age."
        ),
    ] = None,
    masks: Annotated[
        str | None, typer.Option(metavar="FILE.mkv", help="Keep the masks shown, lossless.")
    ] = None,
    overwrite: parameters.Overwrite = False,
    duration: Annotated[
        float | None, typer.Option(metavar="S", help="End S seconds after the first frame.")
    ] = None,
    max_frames: Annotated[
        int | None, typer.Option(metavar="N", help="End after N frames shown.")
    ] = None,
    stats: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the run's figures as JSON.")
    ] = None,
    fps_limit: Annotated[
        float | None, typer.Option(metavar="N", help="Show at most N frames a second.")
    ] = None,
    mirror: Annotated[bool, typer.Option("--mirror", help="Flip the picture, as a mirror.")] = (
        False
    ),
    wait_for_source: Annotated[
        bool,
        typer.Option(
            "--wait-for-source", help="Wait for a network camera that cannot be opened yet."
        ),
    ] = False,
    web: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:PORT]",
            help=f"Show a page with the picture, on {DEFAULT_ADDRESS} unless told otherwise.",
        ),
    ] = None,
    price_per_call: Annotated[
        float | None, typer.Option(metavar="N", help="What a call costs, for the page.")
    ] = None,
    log_format: parameters.LogFormat = "text",
    verbose: parameters.Verbose = False,
) -> None:
    """Show a camera or a video with its segmentation, live.

    Keys: q or Esc quit, space pause, s snapshot, o l h overlay, legend and HUD, [ ] opacity,
    1-4 style, r ask the endpoint at once though it wants to be left alone.
    """
    set_up_logging(verbose=verbose, log_format=log_format)
    options = LiveOptions(
        endpoint=endpoint_options,
        overlay=overlay_options,
        align=align or redact_options.best_align,
        max_delay_s=max_delay,
        mask_ttl_s=mask_ttl,
        smooth=smooth,
        window=not no_window,
        record=record,
        segment_minutes=segment,
        keep=keep,
        masks=masks,
        stats=stats,
        overwrite=overwrite,
        duration_s=duration,
        max_frames=max_frames,
        fps_limit=fps_limit,
        mirror=mirror,
        web=None if web is None else web_options(web),
        price_per_call=price_per_call,
        wait_for_source=wait_for_source,
        events=event_options,
        redact=redact_options,
    )
    import cv2  # here, because it takes its time

    from livesegment.live.run import live as run

    # The other half of the cores reads, asks, encodes; threads of OpenCV that wait for a core
    # in the middle of a picture make it late.
    cv2.setNumThreads(max(1, (os.cpu_count() or 2) // 2))
    run(source, options=options)
