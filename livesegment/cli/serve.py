"""`livesegment serve`."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from livesegment.cli import parameters
from livesegment.cli.logs import set_up_logging
from livesegment.cli.outcome import reports_outcome
from livesegment.settings import require
from livesegment.settings.serve import ReplyShape, ServeOptions

if TYPE_CHECKING:
    from livesegment.segmenters.base import Segmenter

logger = logging.getLogger(__name__)


def _serve_options(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 9001,
    api_key_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Accepted keys, one a line; without it, any key."),
    ] = None,
    reply: Annotated[ReplyShape, typer.Option(help="Shape of the replies.")] = "flat",
    latency_ms: Annotated[
        float, typer.Option(metavar="N", help="Reply no earlier than N ms after the request.")
    ] = 0.0,
    allow_url_images: Annotated[
        bool, typer.Option("--allow-url-images", help="Fetch pictures given as image=URL.")
    ] = False,
    allow_private_urls: Annotated[
        bool, typer.Option("--allow-private-urls", help="Also from private addresses.")
    ] = False,
) -> ServeOptions:
    return ServeOptions(
        host=host,
        port=port,
        api_key_file=api_key_file,
        reply=reply,
        latency_ms=latency_ms,
        allow_url_images=allow_url_images,
        allow_private_urls=allow_private_urls,
    )


@reports_outcome
@parameters.takes(_serve_options, "options")
def serve(
    options: ServeOptions,
    model_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="ONNX or TFLite model; without it, the person model."),
    ] = None,
    classes: Annotated[
        str | None, typer.Option(metavar="FILE", help="Its class names, one a line, from id 0.")
    ] = None,
    log_format: parameters.LogFormat = "text",
    verbose: parameters.Verbose = False,
) -> None:
    """Serve a model under the protocol of hosted endpoints, for any slug and version."""
    set_up_logging(verbose=verbose, log_format=log_format)
    require(model_file is not None or classes is None, "--classes needs --model-file")
    # Here, because these import OpenCV.
    from livesegment.server.embedded import EmbeddedServer

    with _segmenter(model_file, classes) as segmenter, EmbeddedServer(segmenter, options) as server:
        logger.info("serving %s/ANY-MODEL/1; Ctrl-C ends it", server.url)
        server.wait()


def _segmenter(model_file: str | None, classes: str | None) -> "Segmenter":
    if model_file is None:
        from livesegment.segmenters.builtin import BuiltinSegmenter

        return BuiltinSegmenter()
    from livesegment.segmenters.network_file import NetworkFileSegmenter

    return NetworkFileSegmenter(model_file, None if classes is None else Path(classes))
