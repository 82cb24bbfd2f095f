"""What everything else runs on: Python, processors, memory, extras, fonts."""

import os
import platform
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from livesegment import __version__
from livesegment.doctor.examination import Finding
from livesegment.opencv import is_installed

_OLDEST = (3, 11)
_LITTLE_MEMORY = 2**30
_CONTROL_GROUP = Path("/sys/fs/cgroup")

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+).*\bextra\s*==\s*['\"]([A-Za-z0-9._-]+)['\"]")
_FOR_DEVELOPERS = frozenset({"dev", "test"})

_SAMPLES = {
    "Latin": "Straße",
    "Greek": "δρόμος",
    "Cyrillic": "дорога",
    "Chinese": "道路",
    "Japanese": "みち",
    "Korean": "도로",
    "Arabic": "طريق",
    "Hebrew": "כביש",
    "Devanagari": "सड़क",
    "Thai": "ถนน",
}


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


def extras() -> Iterator[Finding]:
    """Look at which of livesegment's extras are there."""
    try:
        requirements = metadata.requires("livesegment") or []
    except metadata.PackageNotFoundError:
        yield Finding(
            "extras",
            "warn",
            "livesegment runs from a folder and is not installed: which there are is not known",
            "run 'pip install .' there",
        )
        return
    for extra, packages in _packages(requirements).items():
        yield _extra(extra, packages)


def _packages(requirements: list[str]) -> dict[str, list[str]]:
    """Return the packages of every extra."""
    extras = defaultdict(list)
    for requirement in requirements:
        match = _REQUIREMENT.match(requirement)
        if match and match[2] not in _FOR_DEVELOPERS:
            extras[match[2]].append(match[1])
    return dict(sorted(extras.items()))


def _extra(extra: str, packages: list[str]) -> Finding:
    missing = [package for package in packages if not is_installed(package)]
    if not missing:
        return Finding(f"extra {extra}", "ok", f"{', '.join(packages)} installed")
    return Finding(
        f"extra {extra}",
        "ok",
        f"not installed: {', '.join(missing)}",
        f"run pip install 'livesegment[{extra}]' if you want it",
    )


def fonts() -> Iterator[Finding]:
    """Look for scripts that class names may be written in."""
    from livesegment.overlay.fonts import can_draw

    missing = [script for script, word in _SAMPLES.items() if not can_draw(word)]
    drawn = ", ".join(script for script in _SAMPLES if script not in missing)
    if not missing:
        yield Finding("fonts", "ok", drawn)
        return
    yield Finding(
        "fonts",
        "warn",
        f"{drawn}; class names in {', '.join(missing)} would be drawn as boxes",
        "install the Noto fonts if you have such classes: Debian's fonts-noto-core, fonts-noto-cjk",
    )
