"""Keeps the calls of livesegment out of the logs of httpx and httpcore.

httpx logs whole URLs at INFO, and the key travels in them. Raising the level of its loggers would
silence the program around us as well, and would not last: anybody may lower it again.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_unlogged: ContextVar[bool] = ContextVar("unlogged", default=False)

# A filter is asked only by the logger that it was added to, not by that logger's parents.
_LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)


def _allow(_: logging.LogRecord) -> bool:
    return not _unlogged.get()


for _name in _LOGGERS:
    logging.getLogger(_name).addFilter(_allow)


@contextmanager
def unlogged() -> Iterator[None]:
    """Silence httpx for what this thread or task does within the block."""
    token = _unlogged.set(True)
    try:
        yield
    finally:
        _unlogged.reset(token)
