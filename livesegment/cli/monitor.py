"""`livesegment monitor`."""

import logging
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from livesegment.cli import parameters
from livesegment.cli.logs import set_up_logging
from livesegment.cli.outcome import print_result, reports_outcome
from livesegment.settings import require

logger = logging.getLogger(__name__)


@reports_outcome
def monitor(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG.toml", help="The cameras, and what they share.")
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Say every mistake in the file, with its line.")
    ] = False,
    log_format: parameters.LogFormat = "text",
    verbose: parameters.Verbose = False,
) -> None:
    """Watch many cameras unattended, one process each, and show them on a page.

    SIGHUP reads the file again; cameras that have not changed are not touched.
    """
    set_up_logging(verbose=verbose, log_format=log_format)
    # Here, because these have much to import.
    from livesegment.monitor.config import read_config

    read = read_config(config)
    for warning in read.warnings:
        logger.warning("%s", warning)
    if check:
        count = len(read.cameras)
        print_result(f"{config.name} is fine: {count} camera{'' if count == 1 else 's'}")
        return
    require(sys.platform != "win32", "monitor needs a Unix system, such as Linux")
    from livesegment.monitor.supervisor import Supervisor

    running = Supervisor(read, lambda: read_config(config))
    # In place of those that end other commands at once: cameras finish their files first.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: running.stop())
    signal.signal(signal.SIGHUP, lambda *_: running.reload())
    running.run()
    raise KeyboardInterrupt
