"""Runs a row's command as a user would, and measures it from outside."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import av
from av.error import FFmpegError
from chaos.answers import KEY, Large, good
from chaos.endpoint import Endpoint
from chaos.row import FPS, Measured, Row
from odd_endpoint import OddEndpoint

_MARK = KEY[:11].encode()
_PAGE = re.compile(r"the page is at (http\S+?)[\s\"]")
_HIGH_WATER = re.compile(r"VmHWM:\s*(\d+) kB")


class Running:
    """A command under way.

    Attributes:
        folder: Where it works.
        endpoint: Whom it asks.
        asked_to_end_s: When it was asked to end, monotonic seconds.
        rate: Share of the source's frames that was shown, where a step has measured that.
        memory_mb: The most that a process of it has held so far.
    """

    def __init__(self, row: Row, folder: Path, url: str, endpoint: Endpoint) -> None:
        self.folder = folder
        self.endpoint = endpoint
        self.asked_to_end_s: float | None = None
        self.rate: float | None = None
        self.memory_mb = 0.0
        self._row = row
        self._url = url
        for file in folder.glob("*.toml"):
            file.write_bytes(file.read_bytes().replace(b"{url}", url.encode()))
        self.start()

    def start(self) -> None:
        """Start the command, also once more after it has ended."""
        words = [each.replace("{url}", self._url) for each in self._row.command]
        command = [sys.executable, "-m", "livesegment", *words]
        if self._row.shell:
            command = ["bash", "-c", self._row.shell, "-", *command]
        environment = {**os.environ, "LIVESEGMENT_API_KEY": KEY}
        with (self.folder / "stdout").open("ab") as out, (self.folder / "stderr").open("ab") as err:
            self._program = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """What it has said on stderr."""
        return (self.folder / "stderr").read_text(errors="replace")

    @property
    def code(self) -> int | None:
        """Its exit code, once it has ended."""
        return self._program.poll()

    def until(self, condition: Callable[[], Any], timeout_s: float = 30.0) -> Any:
        """Return what a condition returns as soon as that is true, or the program has ended."""
        ends_s = time.monotonic() + timeout_s
        while not (found := condition()) and self.code is None and time.monotonic() < ends_s:
            self.look()
            time.sleep(0.02)
        return found

    def lasts(self, seconds: float) -> None:
        """Let it run for a while."""
        self.until(lambda: False, seconds)

    def tell(self, what: signal.Signals) -> None:
        """Send it a signal."""
        if self.asked_to_end_s is None:
            self.asked_to_end_s = time.monotonic()
        self._program.send_signal(what)

    def kill(self) -> None:
        """Leave nothing of it."""
        with suppress(ProcessLookupError):
            os.killpg(self._program.pid, signal.SIGKILL)
        self._program.wait()

    def cameras(self) -> dict[str, dict[str, Any]]:
        """Return what the page says of every camera."""
        found = self.until(lambda: _PAGE.search(self.said))
        if not found:
            return {}
        with urlopen(f"{found[1].rstrip('/')}/api/cameras", timeout=10) as reply:
            return {each["name"]: each for each in json.load(reply)["cameras"]}

    def look(self) -> None:
        """Take in how much memory its processes have held."""
        for pid in _with_children(self._program.pid):
            with suppress(OSError):
                if found := _HIGH_WATER.search(Path(f"/proc/{pid}/status").read_text()):
                    self.memory_mb = max(self.memory_mb, int(found[1]) / 1024)


def _with_children(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from _with_children(int(child))


def measured(row: Row, keep_in: Path | None = None) -> Measured:
    """Run a row, and return what came of it.

    Args:
        row: What to run.
        keep_in: A folder to leave its files in; None: nothing is left.
    """
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        got = _measured_in(row, folder)
        if keep_in is not None:
            with suppress(shutil.Error):  # pipes cannot be copied
                shutil.copytree(folder, keep_in / _file_name(row.name), dirs_exist_ok=True)
        return got


def _measured_in(row: Row, folder: Path) -> Measured:
    if row.prepare is not None:
        row.prepare(folder)
    for answer in row.trouble.answers if row.trouble is not None else ():
        if isinstance(answer, Large):
            answer.make()
    endpoint = Endpoint(row.trouble, row.usual)
    with endpoint.serving() as url, _elsewhere(endpoint) as elsewhere:
        running = Running(row, folder, url, endpoint)
        try:
            if row.steps is not None:
                row.steps(running)
            running.until(lambda: False, row.limit_s)
            ending_s = time.monotonic()
        finally:
            code = running.code
            running.kill()
    got = Measured(code=code, said=running.said, memory_mb=running.memory_mb)
    if running.asked_to_end_s is not None:
        got.ending_s = ending_s - running.asked_to_end_s
    got.calls, got.calls_in_trouble = endpoint.calls, endpoint.asked_in_trouble()
    got.recovery_s, got.elsewhere = endpoint.recovery_s(), elsewhere.calls
    got.rate = running.rate
    _read_outputs(row, folder, endpoint, got)
    return got


@contextmanager
def _elsewhere(endpoint: Endpoint) -> Iterator[OddEndpoint]:
    """Listen on another host, at the endpoint's port: where its redirects lead."""
    other = OddEndpoint(lambda _: good(), ("127.0.0.2", endpoint.address[1]))
    with other.serving():
        yield other


def _read_outputs(row: Row, folder: Path, endpoint: Endpoint, got: Measured) -> None:
    with suppress(OSError, ValueError):
        stats = json.loads((folder / "stats.json").read_text())
        refused = sum(stats["errors"].values()) if endpoint.calls else 0
        got.calls = max(got.calls, stats["calls"])
        got.calls_in_trouble = max(got.calls_in_trouble, refused)
        got.lost = endpoint.masks_sent() - stats["masks_received"]
        duration = row.command[row.command.index("--duration") + 1]
        got.rate = stats["frames_shown"] / (FPS * float(duration))
    if row.expected.frames is not None:
        got.frames = _frames(folder / row.expected.frames[0])
    got.gone = [name for name in row.keeps if not (folder / name).exists()]
    got.leaks = [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and _MARK in path.read_bytes()
    ]


def _frames(path: Path) -> int:
    """Return how many frames of a film can be read."""
    count = 0
    with suppress(OSError, FFmpegError), av.open(str(path)) as container:
        for _ in container.decode(video=0):
            count += 1
    return count


def _file_name(name: str) -> str:
    return re.sub(r"[^\w-]+", "_", name)
