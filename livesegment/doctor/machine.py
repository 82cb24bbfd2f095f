"""Python, processors and memory."""

import os
import platform
import sys
from collections.abc import Iterator

from livesegment import __version__
from livesegment.doctor.finding import Finding

_OLDEST = (3, 11)
_LITTLE_MEMORY = 2**30


def check() -> Iterator[Finding]:
    """Look at what everything else runs on."""
    yield _python()
    yield _processors()
    yield _memory()


def _python() -> Finding:
    text = (
        f"livesegment {__version__} on Python {platform.python_version()},"
        f" {platform.system()} {platform.machine()}"
    )
    if sys.version_info < _OLDEST:
        wanted = ".".join(map(str, _OLDEST))
        return Finding("python", "fail", text, f"install Python {wanted} or newer")
    return Finding("python", "ok", text)


def _processors() -> Finding:
    usable = _usable_processors()
    text = f"{usable} to run on" if usable != 1 else "one to run on"
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


def _usable_processors() -> int:
    """Return how many this process may run on, which in a container are not all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> Finding:
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        total, free = page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows; macOS knows no free pages
        return Finding("memory", "ok", "how much there is, this system does not tell Python")
    text = f"{total / 2**30:.1f} GB, {free / 2**30:.1f} GB of it unused"
    if total < _LITTLE_MEMORY:
        return Finding("memory", "warn", text, "use one camera or input at a time")
    return Finding("memory", "ok", text)
