"""`livesegment predict`."""

import json
from typing import Annotated

import typer

from livesegment.cli import parameters
from livesegment.cli.logs import set_up_logging
from livesegment.cli.outcome import print_result, reports_outcome
from livesegment.settings import EndpointOptions, OverlayOptions


@reports_outcome
@parameters.takes(parameters.overlay_options, "overlay_options")
@parameters.takes(parameters.endpoint_options, "endpoint_options")
def predict(
    endpoint_options: EndpointOptions,
    overlay_options: OverlayOptions,
    image: Annotated[str, typer.Argument(metavar="IMAGE_OR_URL", help="The picture to segment.")],
    save: Annotated[
        str | None, typer.Option(metavar="OUT.jpg", help="Write the annotated picture.")
    ] = None,
    overwrite: parameters.Overwrite = False,
    verbose: parameters.Verbose = False,
) -> None:
    """Segment one picture and print the reply as JSON."""
    set_up_logging(verbose=verbose)
    # Here, because these import OpenCV.
    from livesegment import picture
    from livesegment.protocol.reply import flat_reply

    opened = picture.load_image(image, timeout_s=endpoint_options.timeout_s)
    if save is not None:
        picture.check_save(image, save, overwrite=overwrite)
    mask = picture.predict(opened, options=endpoint_options)
    # Escapes, because the encoding of a pipe may lack the letters of a class name.
    print_result(json.dumps(flat_reply(mask)))
    if save is not None:
        picture.save_annotated(opened, mask, save, overlay=overlay_options, overwrite=overwrite)
