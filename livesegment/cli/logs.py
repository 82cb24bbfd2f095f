"""What the program says on stderr while it runs."""

import io
import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from livesegment.foreign_noise import silence_libraries
from livesegment.settings.commands import LogOptions

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_OURS = "livesegment"


class _LossyFile(io.FileIO):
    """A file of which what cannot be written is lost: the disk is full, the reader has gone."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def make_stderr_lossy() -> None:
    """Let nothing fail because something cannot be said, whoever says it; once a process."""
    if sys.stderr is None:
        number, encoding = _open_nowhere(), "utf-8"
    elif sys.platform == "win32" and sys.stderr.isatty():
        return  # a console of Windows takes text, not bytes
    else:
        number, encoding = sys.stderr.fileno(), sys.stderr.encoding
    file = io.BufferedWriter(_LossyFile(number, "w", closefd=False))
    sys.stderr = io.TextIOWrapper(file, encoding, errors="backslashreplace", line_buffering=True)


def _open_nowhere() -> int:
    """Return a file descriptor that takes everything, in the place of the closed stderr."""
    number = os.open(os.devnull, os.O_WRONLY)
    try:
        os.fstat(2)
    except OSError:
        # Else the next file that is opened, an output say, gets the number, and all that C
        # libraries and other programs say.
        os.dup2(number, 2)
    else:
        os.set_inheritable(number, number == 2)
    return number


class _StderrHandler(logging.Handler):
    """Writes to what `sys.stderr` is at the moment: a progress bar replaces it to stay below."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)


class _JsonFormatter(logging.Formatter):
    """Makes one JSON object a line: time, level, logger, message, and what else is known."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if camera := getattr(record, "camera", None):
            line["camera"] = camera
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def set_up_logging(options: LogOptions) -> None:
    """Send livesegment's own messages to stderr: one plain line each, or one of JSON.

    Only our loggers are opened: those of the HTTP libraries write whole URLs, key included. What
    asyncio calls an error is a defect of ours.
    """
    silence_libraries()
    handler = _StderrHandler()
    is_json = options.log_format == "json"
    handler.setFormatter(
        _JsonFormatter() if is_json else logging.Formatter("livesegment: %(message)s")
    )
    logger = logging.getLogger(_OURS)
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG if options.verbose else logging.INFO)
    logger.propagate = False
    loop = logging.getLogger("asyncio")
    loop.handlers = [handler]
    loop.setLevel(logging.ERROR)


def say(level: int, sentence: str) -> None:
    """Write a sentence to stderr as messages are written, also before `set_up_logging`."""
    logger = logging.getLogger(_OURS)
    if logger.handlers:
        logger.log(level, "%s", sentence)
    else:
        print(f"livesegment: {sentence}", file=sys.stderr)


def say_mistake(sentence: str) -> None:
    """Write what is wrong with a command line to stderr: nothing else has been said yet."""
    print(f"livesegment: {sentence}", file=sys.stderr)
