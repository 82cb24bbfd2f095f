"""Python, processors and memory."""

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from livesegment import __version__
from livesegment.doctor.examination import Finding

_OLDEST = (3, 11)
_LITTLE_MEMORY = 2**30


_CONTROL_GROUP = Path("/sys/fs/cgroup")


def check(control_group: Path = _CONTROL_GROUP) -> Iterator[Finding]:
    """Look at what everything else runs on.

    Args:
        control_group: Where Linux says what this container may use, if it is one.
    """
    yield _python()
    yield _processors(control_group)
    yield _memory(control_group)


def _python() -> Finding:
    text = (
        f"livesegment {__version__} on Python {platform.python_version()},"
        f" {platform.system()} {platform.machine()}"
    )
    if sys.version_info < _OLDEST:
        wanted = ".".join(map(str, _OLDEST))
        return Finding("python", "fail", text, f"install Python {wanted} or newer")
    return Finding("python", "ok", text)


def _processors(control_group: Path) -> Finding:
    usable = _usable_processors()
    text = f"{usable} to run on"
    quota = _numbers(control_group / "cpu.max")
    if len(quota) == 2 and quota[0] < quota[1] * usable:
        usable = quota[0] / quota[1]
        text += f", of which this container may use {usable:g}"
    if hasattr(os, "getloadavg"):
        load = os.getloadavg()[0]
        text += f", load {load:.1f}"
        if load > 2 * usable:
            return Finding(
                "processors",
                "warn",
                f"{text}: others keep them busy",
                "end other programs; the times below are longer than they need to be",
            )
    if usable < 2:
        return Finding(
            "processors",
            "warn",
            text,
            "use smaller pictures or --align paste if the picture stutters",
        )
    return Finding("processors", "ok", text)


def _usable_processors() -> float:
    """Return how many this process may run on, which in a container are not all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory(control_group: Path) -> Finding:
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        total, free = page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows; macOS knows no free pages
        return Finding("memory", "ok", "how much there is, this system does not tell Python")
    text = f"{total / 2**30:.1f} GB, {free / 2**30:.1f} GB of it unused"
    limit = _numbers(control_group / "memory.max")
    if limit and limit[0] < total:
        total = limit[0]
        text += f"; this container may have {total / 2**30:.1f} GB"
    if total < _LITTLE_MEMORY:
        return Finding("memory", "warn", text, "use one camera or input at a time")
    return Finding("memory", "ok", text)


def _numbers(path: Path) -> list[int]:
    """Return the numbers that a file begins with; none where it says that there is no limit."""
    try:
        words = path.read_text().split()
    except OSError:
        return []
    return [int(word) for word in words] if all(map(str.isdecimal, words)) else []
