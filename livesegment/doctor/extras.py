"""Optional packages."""

import re
from collections import defaultdict
from collections.abc import Iterator
from importlib import metadata

from livesegment.doctor.examination import Finding

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+).*\bextra\s*==\s*['\"]([A-Za-z0-9._-]+)['\"]")
_FOR_DEVELOPERS = frozenset({"dev", "test"})


def check() -> Iterator[Finding]:
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
    missing = [package for package in packages if not _is_installed(package)]
    if not missing:
        return Finding(f"extra {extra}", "ok", f"{', '.join(packages)} installed")
    return Finding(
        f"extra {extra}",
        "ok",
        f"not installed: {', '.join(missing)}",
        f"run pip install 'livesegment[{extra}]' if you want it",
    )


def _is_installed(package: str) -> bool:
    try:
        metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return False
    return True
