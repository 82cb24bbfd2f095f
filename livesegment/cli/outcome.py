"""What a command's end means: exit codes, and one sentence for each error.

| code | meaning |
|---|---|
| 0 | done |
| 1 | a bug in livesegment |
| 2 | usage: an option is wrong or contradicts another |
| 3 | source: it cannot be opened, or ended early |
| 4 | endpoint: unreachable, key refused, no such model, ... |
| 5 | output: exists already, folder missing, disk full, no display |
| 130 | interrupted (Ctrl-C, SIGTERM) |
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import typer

from livesegment.errors import (
    EndpointError,
    LiveSegmentError,
    MissingExtra,
    OptionsError,
    SinkError,
    SourceError,
)

USAGE, SOURCE, ENDPOINT, OUTPUT, INTERRUPTED = 2, 3, 4, 5, 130

_CODES: tuple[tuple[type[LiveSegmentError], int], ...] = (
    (OptionsError, USAGE),
    (MissingExtra, USAGE),
    (SourceError, SOURCE),
    (EndpointError, ENDPOINT),
    (SinkError, OUTPUT),
)

P = ParamSpec("P")


def exit_code(error: LiveSegmentError) -> int:
    """Return the exit code that an error stands for."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), 1)


def reports_outcome(command: Callable[P, None]) -> Callable[P, None]:
    """Turn what a command raises into one sentence on stderr and its exit code."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with _terminable():
                command(*args, **kwargs)
        except LiveSegmentError as error:
            print(f"livesegment: {error}", file=sys.stderr)
            raise typer.Exit(exit_code(error)) from None
        except KeyboardInterrupt:
            print("livesegment: interrupted", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # Whoever read our output has gone; Python would complain again when it flushes.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None

    return wrapped


@contextmanager
def _terminable() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the command once; files are finished before the process ends."""

    def interrupt(*_: object) -> None:
        # A second Ctrl-C would break off the finishing that the first one started.
        for each in caught:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    # Systems differ in the signals they have; SIGHUP is what a closed terminal sends.
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    caught = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = [(each, signal.signal(each, interrupt)) for each in caught]
    try:
        yield
    finally:
        for each, handler in before:
            signal.signal(each, handler)
