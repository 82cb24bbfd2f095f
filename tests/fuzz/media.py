"""Hostile media, through every source, as the program that is shipped.

    python tests/fuzz/media.py [--seeds 20] [--first 0] [--only mp4,gif] [--keep FOLDER]

Each file was whole once and is spoiled by its number, or is a bomb. What counts as a failure: a
traceback, an exit code that says nothing of the file, a command that does not end, more than
MOST_MB of memory beyond what the whole file takes. It prints a table, and says what failed.
"""

import argparse
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).parents[1]))

from bombs import write_bombs
from kinds import KINDS, Kind, write_whole
from spoiled import spoiled

from livesegment.cli.app import run as program

MOST_MB, MOST_S = 300, 60
# What the commands import when they are run.
_PARTS = ("annotate.runner", "live.run", "picture", "sources.network", "segmenters.builtin")
# Done; a source; an output, as H.264 takes no pictures of some sizes; told to end.
_RIGHT = frozenset((0, 3, 5))
_TOLD_TO_END = 130


@dataclass
class Row:
    """What became of the files of one kind."""

    files: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    longest_s: float = 0.0
    most_mb: float = 0.0
    failures: list[str] = field(default_factory=list)


@contextmanager
def served(path: Path, how: str) -> Iterator[str]:
    """Send a file to whoever connects, as it is (rtsp), or after a head of HTTP."""
    content = path.read_bytes()
    heads = {
        "rtsp": b"",
        "file": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content),
        "camera": b"HTTP/1.1 200 OK\r\n"
        b"Content-Type: multipart/x-mixed-replace; boundary=cut\r\n\r\n",
    }
    answer = heads[how] + content
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(2)
                try:
                    connection.recv(4096)
                    connection.sendall(answer)
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    scheme = "rtsp" if how == "rtsp" else "http"
    try:
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/{path.name}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@dataclass(frozen=True)
class Outcome:
    """How a command ended: None for a code is one that did not end."""

    code: int | None
    seconds: float
    megabytes: float
    said: str

    def wrong(self, kind: Kind, most_mb: float) -> str | None:
        """Return what is wrong with it."""
        right = _RIGHT | ({_TOLD_TO_END} if kind.ends_after_s else set())
        if self.code is None:
            return "did not end"
        if "Traceback" in self.said:
            return "traceback"
        if self.code not in right:
            return f"exit {self.code}"
        return f"{self.megabytes:.0f} MB" if self.megabytes > most_mb else None


def tried(kind: Kind, whole: Path, content: bytes, folder: Path) -> Outcome:
    """Run the command of a kind with such a file, in a folder of its own."""
    for name in (*kind.beside, kind.name):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(whole / name, folder / name)
    (path := folder / kind.name).write_bytes(content)
    if kind.serves is None:
        return _run(kind, kind.name, folder)
    with served(path, kind.serves) as url:
        return _run(kind, url, folder)


def _run(kind: Kind, file: str, folder: Path) -> Outcome:
    words = [word.format(file=file) for word in kind.command]
    began_s = time.monotonic()
    child = os.fork()
    if child == 0:
        _become(words, folder)
    code, used = _awaited(child, kind.ends_after_s)
    said = (folder / "said.txt").read_text(encoding="utf-8", errors="replace")
    return Outcome(code, time.monotonic() - began_s, used.ru_maxrss / 1024, said)


def _become(words: list[str], folder: Path) -> NoReturn:
    """Be the program, in a process that has been forked for it: most of its time is its start."""
    code = -1
    try:
        os.chdir(folder)
        for number, name, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, os.devnull, os.O_WRONLY),
            (2, "said.txt", os.O_WRONLY | os.O_CREAT),
        ):
            os.dup2(os.open(name, flags), number)
        code = program(words)
    except BaseException:  # noqa: BLE001 - whatever it is, it is said, and this process ends
        traceback.print_exc()
        code = 1
    finally:
        sys.stderr.flush()
        os._exit(code)


def _awaited(child: int, ends_after_s: float | None) -> tuple[int | None, resource.struct_rusage]:
    """Return the exit code of a process, None if it had to be killed, and what it used."""
    began_s = time.monotonic()
    is_told = False
    while True:
        ended, status, used = os.wait4(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return (None if code == -signal.SIGKILL else code), used
        lasted_s = time.monotonic() - began_s
        if ends_after_s is not None and lasted_s > ends_after_s and not is_told:
            os.kill(child, signal.SIGTERM)
            is_told = True
        if lasted_s > MOST_S:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)


def contents(name: str, whole: bytes, numbers: range) -> Iterator[tuple[str, bytes]]:
    """Yield the spoiled files of a kind and its bombs, each with what to call it."""
    with tempfile.TemporaryDirectory() as folder:
        for path in write_bombs(name, Path(folder) / "bombs"):
            yield path.name, path.read_bytes()
    for number in numbers:
        yield f"{number}", spoiled(whole, number)


def row(name: str, whole: Path, numbers: range, keep: Path | None = None) -> Row:
    """Try the files of one kind."""
    kind, found = KINDS[name], Row()
    content = (whole / kind.name).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        usual = tried(kind, whole, content, Path(folder))
    assert usual.wrong(kind, 2000) is None, usual
    for label, each in contents(name, content, numbers):
        with tempfile.TemporaryDirectory() as folder:
            outcome = tried(kind, whole, each, Path(folder))
        found.files += 1
        found.codes[-1 if outcome.code is None else outcome.code] += 1
        found.longest_s = max(found.longest_s, outcome.seconds)
        found.most_mb = max(found.most_mb, outcome.megabytes - usual.megabytes)
        wrong = outcome.wrong(kind, usual.megabytes + MOST_MB)
        if wrong is not None:
            last = outcome.said.strip().splitlines()[-1:]
            found.failures.append(f"{name} {label}: {wrong}: {''.join(last)[:200]}")
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{name}-{label}-{Path(kind.name).name}".replace(" ", "_")).write_bytes(
                    each
                )
    return found


def main() -> None:
    """Try everything and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20, help="files of each kind")
    parser.add_argument("--first", type=int, default=0, help="the first of their numbers")
    parser.add_argument("--only", default=",".join(KINDS))
    parser.add_argument("--keep", type=Path, help="a folder for the files that failed")
    arguments = parser.parse_args()
    for part in _PARTS:
        import_module(f"livesegment.{part}")
    failures = []
    print(f"{'kind':<16}{'files':>6}{'longest':>9}{'memory':>9}  exit codes")
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        write_whole(whole)
        for name in arguments.only.split(","):
            numbers = range(arguments.first, arguments.first + arguments.seeds)
            found = row(name, whole, numbers, arguments.keep)
            codes = ", ".join(f"{code}: {times}" for code, times in sorted(found.codes.items()))
            print(
                f"{name:<16}{found.files:>6}{found.longest_s:>7.1f} s{found.most_mb:>+6.0f} MB"
                f"  {codes}",
                flush=True,
            )
            failures += found.failures
    print(f"{len(failures)} failures", *failures, sep="\n")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
