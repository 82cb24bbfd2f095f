"""What a command's end means: exit codes, and one sentence for each error.

| code | meaning |
|---|---|
| 0 | done |
| 1 | a bug in livesegment; too little memory; for `doctor`, an installation to repair |
| 2 | usage: an option is wrong or contradicts another |
| 3 | source: it cannot be opened, or ended early |
| 4 | endpoint: unreachable, key refused, no such model, ...; a cluster that fails |
| 5 | output: exists already, folder missing, disk full, no display; nobody reads `-o -` any more |
| 130 | interrupted (Ctrl-C, SIGTERM) |
"""

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from livesegment.cli.logs import say
from livesegment.errors import (
    ClusterError,
    EndpointError,
    LiveSegmentError,
    MissingExtra,
    OptionsError,
    OutOfMemory,
    OutputNotWritable,
    ReaderGone,
    SinkError,
    SourceError,
    system_words,
    tells_of_memory,
)
from livesegment.workers import hurry

DONE, BUG, USAGE, SOURCE, ENDPOINT, OUTPUT, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

_CODES: tuple[tuple[type[LiveSegmentError], int], ...] = (
    (OptionsError, USAGE),
    (MissingExtra, USAGE),
    (SourceError, SOURCE),
    (EndpointError, ENDPOINT),
    (ClusterError, ENDPOINT),
    (SinkError, OUTPUT),
)


def exit_code(error: LiveSegmentError) -> int:
    """Return the exit code that an error stands for."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), BUG)


def run_to_outcome(command: Callable[[], int]) -> int:
    """Run a command, tell what it raises in one sentence on stderr, and return the exit code."""
    try:
        with _terminable():
            return command()
    except ReaderGone:
        return OUTPUT
    except LiveSegmentError as error:
        say(logging.ERROR, f"{error}")
        return exit_code(error)
    except KeyboardInterrupt:
        say(logging.INFO, "interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone.
        _drop_stdout()
        return BUG
    except Exception as error:
        if not tells_of_memory(error):
            raise
        say(logging.ERROR, f"{OutOfMemory()}")
        return BUG


def print_result(text: str) -> None:
    """Write a line to stdout, at once.

    Raises:
        OutputNotWritable: If it cannot be written, unless its reader has gone.
    """
    if sys.stdout is None:
        raise OutputNotWritable("the answer cannot be written: stdout is closed")
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        _drop_stdout()
        reason = system_words(error)
        raise OutputNotWritable(f"the answer cannot be written to stdout: {reason}") from error


def _drop_stdout() -> None:
    # Whatever Python still holds for stdout would fail once more when it ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _terminable() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the command once; files are finished before the process ends.

    A second one has it wait for no answer that is still to come.
    """
    interrupted = False

    def handle(handler: Callable[..., object] | signal.Handlers) -> None:
        for each, _ in before:
            signal.signal(each, handler)

    def interrupt(*_: object) -> None:
        nonlocal interrupted
        interrupted = True
        sys.unraisablehook = _drop_late_signal
        handle(be_quick)
        raise KeyboardInterrupt

    def be_quick(*_: object) -> None:
        # No second exception: it would break off the finishing that the first one started.
        handle(signal.SIG_IGN)
        hurry()

    before = [(each, signal.getsignal(each)) for each in _ending_signals()]
    hurry(on=False)
    handle(interrupt)
    try:
        yield
    finally:
        if interrupted:
            # The process is about to end: a late Ctrl-C must not change how.
            handle(signal.SIG_IGN)
        else:
            for each, handler in before:
                signal.signal(each, handler)


def _drop_late_signal(unraisable: "sys.UnraisableHookArgs", /) -> None:
    """Say what nobody could catch, but not that a signal came while it began to be ignored."""
    # Python's own, about a race of signals, has no number of the system's.
    if not (isinstance(unraisable.exc_value, OSError) and unraisable.exc_value.errno is None):
        sys.__unraisablehook__(unraisable)


def _ending_signals() -> Iterator[signal.Signals]:
    """Yield the signals that end a command, of those that the system has."""
    yield from (signal.SIGINT, signal.SIGTERM)
    # What a closed terminal sends, unless `nohup` asks to go on without it.
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) != signal.SIG_IGN:
        yield hangup
