"""The process of one camera: `python -m livesegment.monitor.camera_process NAME`.

Its standard input is the socket to the monitor, from which everything else comes: configurations
hold keys, and command lines are seen by everybody.
"""

import faulthandler
import logging
import os
import pickle
import signal
import socket
import threading
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import cv2

from livesegment.calls.lease import Lease, LeasedQuota
from livesegment.errors import LiveSegmentError, OutputNotWritable, system_words
from livesegment.events.opening import Home
from livesegment.events.switches import Switches
from livesegment.foreign_noise import silence_libraries
from livesegment.live.run import run_live
from livesegment.memory_budget import give_large_memory_back
from livesegment.monitor.child_link import ChildLink, LinkHandler
from livesegment.monitor.link import Message
from livesegment.monitor.reporter import Reporter
from livesegment.settings.monitor import CameraOptions
from livesegment.workers import end_process

LAST_WORDS_S = 10.0
"""How long files may take to be finished when the monitor is gone."""


def main() -> int:
    """Run one camera until the monitor says stop, or is gone; return the exit code."""
    faulthandler.enable()
    give_large_memory_back()
    # Signals for the whole group reach the monitor too, and it says what they mean for a camera.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    link = _open_link()
    start = link.receive()
    if start is None:
        return 1
    _set_up_logging(link, start.fields["level"])
    # The cores are shared by all cameras; a library's own threads would only wait for one another.
    cv2.setNumThreads(1)
    # Pickled by the monitor that started us, over a socket that nobody else has.
    config: CameraOptions = pickle.loads(start.body)
    return run(link, config, home_of(config, start.fields))


def run(link: ChildLink, config: CameraOptions, home: Home | None = None) -> int:
    """Run one camera and return the exit code.

    Args:
        link: Leads to the monitor; closed at the end.
        config: The camera.
        home: What a broker is told of it.
    """
    endpoint = config.options.endpoint
    quota = LeasedQuota(
        lambda need: link.send("need", **asdict(need)), endpoint.max_calls, endpoint.call_rate
    )
    reporter = Reporter(link, quota)
    obey = partial(_obey, link, quota, reporter)
    threading.Thread(target=obey, name="orders", daemon=True).start()
    try:
        _make_folders(config)
        run_live(
            config.source,
            config.options,
            outputs=[reporter, reporter.labelled],
            quota=quota,
            home=home,
        )
    except LiveSegmentError as error:
        link.send("failed", text=str(error))
        return 1
    else:
        link.send("ended")
        return 0
    finally:
        link.close()


def _make_folders(config: CameraOptions) -> None:
    """Make the folders that the file names; here, because a disk may hang.

    Raises:
        OutputNotWritable: If one cannot be made.
    """
    for path in (config.options.record, config.options.events.jsonl):
        if path is None:
            continue
        folder = Path(path).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = system_words(error)
            raise OutputNotWritable(f"the folder {folder} cannot be made: {reason}") from error


def _obey(link: ChildLink, quota: LeasedQuota, reporter: Reporter) -> None:
    while (message := link.receive()) is not None:
        if message.kind == "lease":
            quota.obey(Lease(**message.fields))
        else:
            reporter.take(message)
    if link.is_closed:
        return
    # Nobody is there to end us if the run does not end by itself.
    timer = threading.Timer(LAST_WORDS_S, os._exit, (1,))
    timer.daemon = True
    timer.start()
    reporter.take(Message("stop"))


def home_of(config: CameraOptions, fields: Mapping[str, Any]) -> Home:
    """Return what a broker is told of a camera, what it had switched off, and who was told."""
    path = fields["switches"] if config.options.events.mqtt_commands else None
    switches = Switches(None if path is None else Path(path))
    told = fields.get("told")
    return Home(
        config.title,
        fields["page_url"],
        switches=switches,
        told=None if told is None else Path(told),
    )


def _open_link() -> ChildLink:
    connection = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return ChildLink(connection)


def _set_up_logging(link: ChildLink, level: int) -> None:
    silence_libraries()
    logger = logging.getLogger("livesegment")
    logger.handlers = [LinkHandler(link)]
    logger.setLevel(level)
    logger.propagate = False


if __name__ == "__main__":
    end_process(main())
