"""Prints the counts of the package's structure, of any revisions side by side.

    python tests/structure.py                    # the working tree
    python tests/structure.py cc3a308 HEAD       # two revisions

It reads text, and imports nothing of what it counts. An idea that is written once has few names and
few files: so the last rows count the names of an idea's classes, and the files that name an option
or a figure as an example of all of them.
"""

import argparse
import ast
import io
import re
import subprocess
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = "livesegment"
LARGEST = 3
SMALL = 85
"""Lines: a file of no more, with one importer, asks to be a part of that one."""

ADMISSION = (
    "Turns CallMeter Ration Place Flight Saturation Era RetryPolicy EndpointHealth EvenSpacing Need"
    " Lease LeasedTurns BudgetDesk DeskRation Desk Allowance Quota LeasedQuota RelayedQuota Limiter"
    " Permit AskedPause Backoff Breaker Coordinator"
)
IDEAS = {
    "when a call may be made": ADMISSION,
    "who gets pictures, masks, ticks": "Viewer View Watcher Onlooker OpenOnlooker Hears Illustrator"
    " Telling Feed LiveFeed CameraFeed Output",
    "figures": "Telemetry Counters Figures Report LiveStatus Metrics Snapshot Figure",
    "options": "LiveOptions CameraOptions CameraConfig CameraTables Option Settings",
}
"""An idea and the names of classes and aliases that it has, or had."""

PLACES = {
    "a queue of its own between threads": r"threading\.Condition\(|queue\.\w*Queue\b.*\(\)",
    "waits that double": r"\b2(\.0)? \*\* |\*= 2\b|\* 2\.0\b|\* _?(FACTOR|GROWTH)\b",
    "an HTTP client set up": r"httpx\.(Async)?Client\(",
    "the option mask_ttl": r"\bmask[_-]ttl",
    "the option keep_clips": r"\bkeep[_-]clips",
    "the figure masks_stale": r"\bmasks_stale\b",
    "the figure reconnects": r"\breconnects\b",
}
"""What is looked for in the text of files, and how it is written."""


def read_revision(revision: str | None) -> dict[str, str]:
    """Return the text of every Python file of the package by its path below the package."""
    if revision is None:
        folder = ROOT / PACKAGE
        return {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*.py"))
        }
    command = ["git", "archive", revision, PACKAGE]
    packed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        return {
            name.removeprefix(f"{PACKAGE}/"): file.read().decode()
            for name in archive.getnames()
            if name.endswith(".py") and (file := archive.extractfile(name)) is not None
        }


def module_name(path: str) -> str:
    """Return the dotted name of a module."""
    parts = [PACKAGE, *path.removesuffix(".py").split("/")]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(tree: ast.Module, known: set[str]) -> Iterator[str]:
    """Yield the modules of the package that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in known else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def small_with_one_importer(files: Mapping[str, str], trees: Mapping[str, ast.Module]) -> int:
    """Count the files that are short and that one other module imports."""
    names = {path: module_name(path) for path in files}
    known, importers = set(names.values()), Counter[str]()
    for path, tree in trees.items():
        importers.update(set(imported_modules(tree, known)) - {names[path]})
    return sum(
        importers[names[path]] == 1 and len(text.splitlines()) <= SMALL
        for path, text in files.items()
        if not path.endswith("__init__.py")
    )


def functions(trees: Mapping[str, ast.Module]) -> Iterator[tuple[int, str]]:
    """Yield (lines, where and which) of every function."""
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (node.end_lineno or 0) - node.lineno + 1, f"{path} {node.name}"


def defined_names(tree: ast.Module) -> Iterator[str]:
    """Yield the names of classes, and of what a module assigns, such as aliases of types."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name.lstrip("_")
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id.lstrip("_")


def counts(revision: str | None) -> dict[str, str]:
    """Return what is printed of a revision, by its row's name."""
    files = read_revision(revision)
    trees = {path: ast.parse(text) for path, text in files.items()}
    classes = {
        path: [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        for path, tree in trees.items()
    }
    rows = {
        "modules": str(len(files)),
        "classes": str(sum(map(len, classes.values()))),
        "lines": str(sum(len(text.splitlines()) for text in files.values())),
        f"files of <= {SMALL} lines, one importer": str(small_with_one_importer(files, trees)),
    }
    largest = sorted(((len(text.splitlines()), path) for path, text in files.items()), reverse=True)
    longest = sorted(functions(trees), reverse=True)
    for number in range(LARGEST):
        rows[f"file {number + 1} by size"] = "{} {}".format(*largest[number])
    for number in range(LARGEST):
        rows[f"function {number + 1} by length"] = "{} {}".format(*longest[number])
    rooms = Counter[str]()
    for path, names in classes.items():
        rooms[path.split("/")[0].removesuffix(".py") if "/" in path else "(no room)"] += len(names)
    rows |= {f"classes in {room}": str(count) for room, count in sorted(rooms.items())}
    there = {name for tree in trees.values() for name in defined_names(tree)}
    for idea, known in IDEAS.items():
        found = sorted(there & set(known.split()))
        rows[f"names: {idea}"] = f"{len(found)} {' '.join(found)}"
    for what, pattern in PLACES.items():
        named = [path for path, text in files.items() if re.search(pattern, text)]
        rows[f"files with {what}"] = str(len(named))
    return rows


def main() -> None:
    """Print a row for each count and a column for each revision."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("revision", nargs="*", help="of git; the working tree without any")
    revisions: list[str | None] = parser.parse_args().revision or [None]
    columns = [counts(revision) for revision in revisions]
    labels = sorted(
        dict.fromkeys(row for column in columns for row in column),
        key=lambda label: label if label.startswith("classes in") else "",
    )
    print(f"{'':42} " + " | ".join(f"{revision or 'working tree':>12}" for revision in revisions))
    for label in labels:
        cells = [column.get(label, "0") for column in columns]
        if max(map(len, cells)) <= 12:
            print(f"{label:42} " + " | ".join(f"{cell:>12}" for cell in cells))
        else:
            print(label)
            for revision, cell in zip(revisions, cells, strict=True):
                print(f"  {revision or 'working tree':>12}: {cell}")


if __name__ == "__main__":
    main()
