"""What the program says on stderr while it runs."""

import json
import logging
import sys
from datetime import UTC, datetime

from livesegment.settings.commands import LogOptions

_OURS = "livesegment"


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

    Only our loggers are opened: those of the HTTP libraries write whole URLs, key included.
    """
    handler = _StderrHandler()
    is_json = options.log_format == "json"
    handler.setFormatter(
        _JsonFormatter() if is_json else logging.Formatter("livesegment: %(message)s")
    )
    logger = logging.getLogger(_OURS)
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG if options.verbose else logging.INFO)
    logger.propagate = False


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
