"""`livesegment serve`."""

import logging
from collections.abc import Collection

from livesegment.cli.logs import set_up_logging
from livesegment.cli.memory import LEAST_TO_BEGIN, check_address_space
from livesegment.cli.outcome import DONE
from livesegment.settings import EndpointOptions
from livesegment.settings.commands import ServeCommand
from livesegment.settings.endpoint_mistakes import BUILTIN

logger = logging.getLogger(__name__)


def run(command: ServeCommand, _: Collection[str]) -> int:
    """Serve a model under the protocol of hosted endpoints, for any slug and version."""
    set_up_logging(command.log)
    check_address_space(LEAST_TO_BEGIN)
    # Here, because these import OpenCV.
    from livesegment.segmenters.opening import open_segmenter
    from livesegment.server.embedded import EmbeddedServer

    options = EndpointOptions(
        # Said outright, so that the address is the first thing that is told.
        endpoint=BUILTIN if command.file.model_file is None else None,
        class_names=command.class_names,
        device=command.device,
        file=command.file,
    )
    with (
        open_segmenter(options) as segmenter,
        EmbeddedServer(segmenter, command.options) as server,
    ):
        logger.info("serving %s/ANY-MODEL/1; Ctrl-C ends it", server.url)
        server.wait()
    return DONE
