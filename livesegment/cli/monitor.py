"""`livesegment monitor`."""

import json
import logging
import signal
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from livesegment.cli.logs import set_up_logging
from livesegment.cli.outcome import DONE, print_result
from livesegment.errors import SinkError
from livesegment.settings import require
from livesegment.settings.commands import MonitorCommand
from livesegment.settings.schema import json_schema
from livesegment.state import state_folder

logger = logging.getLogger(__name__)


def run(command: MonitorCommand, _: Collection[str]) -> int:
    """Watch many cameras unattended, one process each, and show them on a page.

    Without a file it is that of the user, or of the service, and may not be there yet: the page
    adds cameras, rules and zones, and writes them there. SIGHUP reads the file again; cameras that
    have not changed are not touched.
    """
    if command.schema:
        print_result(json.dumps(json_schema(), indent=2))
        return DONE
    set_up_logging(command.log)
    # Here, because these have much to import.
    from livesegment.events.opening import check_notify
    from livesegment.monitor.config import is_missing
    from livesegment.monitor.config_file import ConfigFile, usual_config

    is_run = not (command.check_only or command.test_notify)
    config = usual_config() if command.config is None else Path(command.config)
    # Without cameras there is the page, on which the first is added: but not of a file that is
    # named and not there.
    may_be_empty = command.config is None and (is_run or not is_missing(config))
    file = ConfigFile(config, may_be_empty=may_be_empty)
    read = file.config()
    for warning in read.warnings:
        logger.warning("%s", warning)
    addresses = read.notify
    if addresses and (command.check_only or command.test_notify):
        # Not in a monitor that runs on: its cameras find it out, and Apprise takes memory.
        check_notify(addresses)
    if command.test_notify:
        return _test_notify(config.name, addresses)
    if command.check_only:
        count = len(read.cameras)
        print_result(f"{config.name} is fine: {count} camera{'' if count == 1 else 's'}")
        return DONE
    require(sys.platform != "win32", "monitor needs a Unix system, such as Linux")
    from livesegment.monitor.call_ledger import CallLedger, ledger_path
    from livesegment.monitor.supervisor import Supervisor

    if not read.cameras:
        logger.info("there is no camera yet: the page adds the first, and %s is made", config)
    running = Supervisor(read, file, state_folder(config), CallLedger(ledger_path(config)))
    # In place of those that end other commands at once: cameras finish their files first.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: running.stop())
    signal.signal(signal.SIGHUP, lambda *_: running.reload())
    running.run()
    raise KeyboardInterrupt


def _test_notify(name: str, addresses: Sequence[str]) -> int:
    """Send a message to every address of a file, and say of each by its number what came of it."""
    require(bool(addresses), f"{name} names nobody to be told: events.notify")
    from livesegment.events.notify import tried

    missed = []
    for place, is_told in tried(addresses):
        print_result(f"{place}: {'sent' if is_told else 'not taken'}")
        if not is_told:
            missed.append(place)
    if missed:
        raise SinkError(
            f"{len(missed)} of {len(addresses)} addresses did not take the message:"
            f" {', '.join(missed)}"
        )
    return DONE
