"""What the program says on stderr while it runs."""

import logging
import sys


class _StderrHandler(logging.Handler):
    """Writes to what `sys.stderr` is at the moment: a progress bar replaces it to stay below."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)


def set_up_logging(*, verbose: bool) -> None:
    """Send livesegment's own messages to stderr, one plain line each.

    Only our loggers are opened: those of the HTTP libraries write whole URLs, key included.
    """
    handler = _StderrHandler()
    handler.setFormatter(logging.Formatter("livesegment: %(message)s"))
    logger = logging.getLogger("livesegment")
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
