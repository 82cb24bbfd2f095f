"""`livesegment serve`."""

import logging
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from livesegment.cli.logs import set_up_logging
from livesegment.cli.memory import LEAST_TO_BEGIN, check_address_space
from livesegment.cli.outcome import DONE
from livesegment.settings.commands import ServeCommand

if TYPE_CHECKING:
    from livesegment.segmenters.base import Segmenter

logger = logging.getLogger(__name__)


def run(command: ServeCommand, _: Collection[str]) -> int:
    """Serve a model under the protocol of hosted endpoints, for any slug and version."""
    set_up_logging(command.log)
    check_address_space(LEAST_TO_BEGIN)
    # Here, because these import OpenCV.
    from livesegment.server.embedded import EmbeddedServer

    with (
        _segmenter(command.model_file, command.classes) as segmenter,
        EmbeddedServer(segmenter, command.options) as server,
    ):
        logger.info("serving %s/ANY-MODEL/1; Ctrl-C ends it", server.url)
        server.wait()
    return DONE


def _segmenter(model_file: str | None, classes: str | None) -> "Segmenter":
    if model_file is None:
        from livesegment.segmenters.builtin import BuiltinSegmenter

        return BuiltinSegmenter()
    from livesegment.segmenters.network_file import NetworkFileSegmenter

    return NetworkFileSegmenter(model_file, None if classes is None else Path(classes))
