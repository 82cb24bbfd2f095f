"""A row of the table: what is run, what goes wrong meanwhile, and what is expected of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.endpoint import Trouble
from odd_endpoint import Answer

if TYPE_CHECKING:
    from chaos.running import Running

FPS = 15
SIZE = "320x240"


@dataclass(frozen=True)
class Expected:
    """What a row promises.

    Attributes:
        code: The exit code.
        rate: Share of the source's frames that is shown at least; None: it is not about that.
        memory_mb: The most that a process of it ever holds, in MB.
        calls: Calls at most: while the trouble lasts, or in all where it has no end.
        counts_all: Whether `calls` is about the whole run.
        recovery_s: Seconds from the trouble's end to the next mask at most; None: it is not about
            that.
        says: A pattern of what is said on stderr.
        frames: Frames in the output, by its file; None: it is not about that.
        ends_within_s: Seconds from its being asked to end.
    """

    code: int = 0
    rate: float | None = None
    memory_mb: float = 300.0
    calls: int | None = None
    counts_all: bool = False
    recovery_s: float | None = None
    says: str = ""
    frames: tuple[str, int] | None = None
    ends_within_s: float | None = None


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        name: What goes wrong, in words.
        command: The words of the command, with `{url}` for the endpoint's address.
        expected: What it promises.
        trouble: What goes wrong with the endpoint; None: nothing.
        usual: What the endpoint answers else; None: as one that is well.
        prepare: Puts files into the folder before.
        steps: What is done to the run while it goes on; it has to end by itself then.
        shell: How a shell starts it, as `exec "$@"`.
        keeps: Files of the folder that are to be there afterwards.
        needs: A command of a shell that succeeds where the row can be run; empty: anywhere.
        is_quick: Whether it belongs to the quick part.
        limit_s: Seconds after which it is killed.
    """

    name: str
    command: tuple[str, ...]
    expected: Expected
    trouble: Trouble | None = None
    usual: Answer | None = None
    prepare: Callable[[Path], object] | None = None
    steps: "Callable[[Running], object] | None" = None
    shell: str = ""
    keeps: tuple[str, ...] = ()
    needs: str = ""
    is_quick: bool = False
    limit_s: float = 60.0


@dataclass
class Measured:
    """What came of a row.

    Attributes:
        code: The exit code; None: it had to be killed.
        said: What stood on stderr.
        memory_mb: The most that a process of it held.
        rate: Share of the source's frames that was shown.
        calls: Calls in all, and
        calls_in_trouble: while the trouble lasted.
        recovery_s: Seconds from the trouble's end to the next mask; None: none came.
        lost: Masks that were sent and not got.
        elsewhere: Calls that came to a host that was not asked for.
        frames: Frames of the output.
        ending_s: Seconds from its being asked to end.
        gone: Files that should have been kept.
        leaks: Where the key was found.
    """

    code: int | None = None
    said: str = ""
    memory_mb: float = 0.0
    rate: float | None = None
    calls: int = 0
    calls_in_trouble: int = 0
    recovery_s: float | None = None
    lost: int = 0
    elsewhere: int = 0
    frames: int | None = None
    ending_s: float | None = None
    gone: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)


TIMED = ("rate", "recovery", "end")
"""What a machine that is busy otherwise can spoil."""


def failures(row: Row, got: Measured) -> dict[str, str]:
    """Return what does not hold: what it is about, and what was seen."""
    expected = row.expected
    calls = got.calls if expected.counts_all else got.calls_in_trouble
    last = got.said.strip().rpartition("\n")[2][:200]
    wanted_frames = None if expected.frames is None else expected.frames[1]
    most_calls = calls if expected.calls is None else expected.calls
    checks = {
        "code": (got.code != expected.code, f"exit code {got.code}, not {expected.code}: {last}"),
        "traceback": ("Traceback" in got.said, f"a traceback: {last}"),
        "says": (
            re.search(expected.says, got.said) is None,
            f"it does not say {expected.says!r}: {last}",
        ),
        "key": (bool(got.leaks), f"the key stands in {', '.join(got.leaks)}"),
        "elsewhere": (got.elsewhere > 0, f"{got.elsewhere} calls went to another host"),
        "memory": (
            got.memory_mb > expected.memory_mb,
            f"{got.memory_mb:.0f} MB, over {expected.memory_mb:.0f}",
        ),
        "calls": (calls > most_calls, f"{calls} calls, over {most_calls}"),
        "frames": (got.frames != wanted_frames, f"{got.frames} frames, not {wanted_frames}"),
        "files": (bool(got.gone), f"gone: {', '.join(got.gone)}"),
        # Four may be under way when a run ends.
        "lost": (got.lost > 4, f"{got.lost} masks were sent and not got"),
        "masks": (
            expected.recovery_s is not None and got.recovery_s is None,
            "no mask came any more",
        ),
    }
    found = {about: text for about, (is_wrong, text) in checks.items() if is_wrong}
    return {**found, **_timed_failures(expected, got)}


def _timed_failures(expected: Expected, got: Measured) -> dict[str, str]:
    found: dict[str, str] = {}
    if expected.rate is not None and (got.rate is None or got.rate < expected.rate):
        found["rate"] = f"{_percent(got.rate)} of the source's rate"
    if (got.recovery_s or 0) > (expected.recovery_s or inf):
        found["recovery"] = f"masks came after {got.recovery_s:.1f} s"
    if expected.ends_within_s is not None and (got.ending_s or 0) > expected.ends_within_s:
        found["end"] = f"it ended after {got.ending_s:.1f} s"
    return found


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.0f} %"
