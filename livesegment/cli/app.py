"""The program: its commands, and what becomes of a line that is wrong."""

import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from inspect import cleandoc

from livesegment import __version__
from livesegment.cli.line import read_line
from livesegment.cli.logs import make_stderr_lossy, say_mistake
from livesegment.cli.outcome import USAGE, print_result, run_to_outcome
from livesegment.errors import OptionsError
from livesegment.settings.commands import (
    AnnotateCommand,
    BenchCommand,
    CompletionCommand,
    DoctorCommand,
    LiveCommand,
    MonitorCommand,
    PredictCommand,
    ServeCommand,
)
from livesegment.settings.group import Settings
from livesegment.settings.option import quoted
from livesegment.workers import end_process


@dataclass(frozen=True, slots=True)
class _Command:
    """A command: what it takes, and the module whose `run` does it."""

    takes: type[Settings]
    module: str

    @property
    def run(self) -> Callable[..., int]:
        run: Callable[..., int] = import_module(f"livesegment.cli.{self.module}").run
        return run


_COMMANDS = {
    "live": _Command(LiveCommand, "live"),
    "annotate": _Command(AnnotateCommand, "annotate"),
    "predict": _Command(PredictCommand, "predict"),
    "serve": _Command(ServeCommand, "serve"),
    "monitor": _Command(MonitorCommand, "monitor"),
    "bench": _Command(BenchCommand, "bench"),
    "doctor": _Command(DoctorCommand, "doctor"),
    "completion": _Command(CompletionCommand, "completion"),
}
"""Each is imported when it is asked for: `--help` must not wait for OpenCV."""

_HELP = frozenset({"--help", "-h"})


def main() -> None:
    """Run the program with the process's arguments and end the process with its exit code."""
    make_stderr_lossy()
    # What Pillow finds odd in somebody's picture is no message of ours, nor a line of JSON.
    warnings.filterwarnings("ignore", module=r"PIL\b")
    end_process(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Run the program with a command line, and return its exit code."""
    return run_to_outcome(lambda: _run(list(words)))


def takes(name: str) -> type[Settings]:
    """Return the group of everything that a command takes."""
    return _COMMANDS[name].takes


def _run(words: list[str]) -> int:
    name = words[0] if words else "--help"
    if name == "--version":
        print_result(f"livesegment {__version__}")
        return 0
    if name in _HELP:
        from livesegment.cli.help import overview  # here and below: only who asks for it waits

        print_result(overview(summaries()))
        return 0
    if name not in _COMMANDS:
        what = "option" if name.startswith("-") else "command"
        close = get_close_matches(name, (*_COMMANDS, "--version", "--help"), 1)
        meant = f": did you mean {close[0]}?" if close else ""
        shown = name if name and name.isprintable() else quoted(name)
        say_mistake(f"there is no {what} {shown}{meant} (see livesegment --help)")
        return USAGE
    command = _COMMANDS[name]
    if _HELP & {*words[: words.index("--") if "--" in words else None]}:
        from livesegment.cli.help import help_text

        print_result(help_text(name, command.takes, cleandoc(command.run.__doc__ or "")))
        return 0
    try:
        asked, given = read_line(command.takes, words[1:])
    except OptionsError as error:
        say_mistake(f"{error} (see livesegment {name} --help)")
        return USAGE
    return command.run(asked, given)


def summaries() -> dict[str, tuple[type[Settings], str]]:
    """Return what each command takes, and what it does in words."""
    return {
        name: (command.takes, cleandoc(command.run.__doc__ or ""))
        for name, command in _COMMANDS.items()
    }
