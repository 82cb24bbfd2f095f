"""Looks through a wheel and a source distribution: what is wanted is in them, and nothing else.

    python tests/package.py FOLDER

Wanted is what git tracks of the package, model files and the page's among it. It prints what is
missing or too much and ends with 1; else how many files there are.
"""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = "livesegment"
METADATA = frozenset(("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"))
SOURCES = frozenset(
    (".gitignore", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml")
)


def tracked() -> frozenset[str]:
    """Return the files of the package that git tracks."""
    # A checkout may be another user's than who runs the checks.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", PACKAGE]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return frozenset(filter(None, listed.stdout.split("\0")))


def in_wheel(path: Path) -> frozenset[str]:
    """Return the files of a wheel, those about it without its name and version."""
    with zipfile.ZipFile(path) as wheel:
        names = [name for name in wheel.namelist() if not name.endswith("/")]
    return frozenset(
        name.partition(".dist-info/")[2] if ".dist-info/" in name else name for name in names
    )


def in_sdist(path: Path) -> frozenset[str]:
    """Return the files of a source distribution, without its folder."""
    with tarfile.open(path) as sdist:
        names = [each.name for each in sdist.getmembers() if each.isfile()]
    return frozenset(name.partition("/")[2] for name in names)


def differences(name: str, found: frozenset[str], wanted: frozenset[str]) -> list[str]:
    """Return a line for each file that is missing or too much."""
    missing = [f"{name}: {each} is missing" for each in sorted(wanted - found)]
    return missing + [f"{name}: {each} is too much" for each in sorted(found - wanted)]


def main() -> int:
    """Compare, and say what differs."""
    folder = Path(sys.argv[1])
    [wheel], [sdist] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    package = tracked()
    lines = differences("wheel", in_wheel(wheel), package | METADATA)
    lines += differences("sdist", in_sdist(sdist), package | SOURCES)
    print(*lines or [f"wheel and sdist hold the {len(package)} files of the package"], sep="\n")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
