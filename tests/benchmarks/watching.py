"""What `cameras.py` and long runs watch with: an endpoint to kill, a viewer, and /proc."""

import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from clock import BITS, MODULUS, read_stamp

CANNED = Path(__file__).with_name("canned_endpoint.py")
READ_ONE_IN = 10  # of the pictures, to tell their age


class Endpoint:
    """The canned endpoint in a process, always at one address.

    Args:
        latency_ms: How long each answer takes.
        options: Further ones of `canned_endpoint.py`.
    """

    def __init__(self, latency_ms: float, *options: str) -> None:
        self._options = ("--latency-ms", str(latency_ms), *options)
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            self._port = chosen.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and return when it listens."""
        command = [sys.executable, str(CANNED), "--port", str(self._port), "--places", "256"]
        self._process = subprocess.Popen(
            [*command, *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def kill(self) -> None:
        """End it without a word."""
        if self._process is not None:
            self._process.kill()
            with self._process:
                self._process = None

    def __enter__(self) -> "Endpoint":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class AllStreams:
    """Watches the pictures of all cameras, as the page does, and reads the clock off some.

    Attributes:
        ages_ms: How old pictures were when they had been read.
    """

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        self._connection = socket.create_connection((parts.hostname, parts.port))
        self._connection.sendall(
            f"GET /stream.mjpg HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
        )
        self._file = self._connection.makefile("rb")
        self._counts: Counter[str] = Counter()
        self._began_s = time.monotonic()
        self.ages_ms: list[float] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """Count anew."""
        self._counts.clear()
        self.ages_ms.clear()
        self._began_s = time.monotonic()

    def rates(self) -> list[float]:
        """Return the pictures a second of each camera."""
        elapsed_s = time.monotonic() - self._began_s
        return [count / elapsed_s for count in self._counts.values()]

    def _read(self) -> None:
        length, camera, total = 0, "", 0
        try:
            while line := self._file.readline():
                if line.startswith(b"Content-Length: "):
                    length = int(line.split()[1])
                elif line.startswith(b"X-Camera: "):
                    camera = line.split()[1].decode()
                elif line == b"\r\n" and length:
                    jpeg, length, total = self._file.read(length), 0, total + 1
                    self._counts[camera] += 1
                    if total % READ_ONE_IN == 0:
                        self._note_age(jpeg, time.time_ns() // 1_000_000)
        except (OSError, ValueError):
            return  # closed

    def _note_age(self, jpeg: bytes, now_ms: int) -> None:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        age_ms = (now_ms - read_stamp(image)) % MODULUS
        self.ages_ms.append(age_ms if age_ms < MODULUS / 2 else age_ms - MODULUS)

    def __enter__(self) -> "AllStreams":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._file.close()
        self._connection.close()


def read_in_browser(url: str, seconds: float) -> list[float]:
    """Return how old pictures of the first camera are when Chromium shows them, in ms."""
    import shutil

    from playwright.sync_api import sync_playwright
    from web_latency import NOTE_AGES

    with sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(url)
        page.wait_for_selector("[data-mood=good]")
        page.wait_for_timeout(2000)
        ages = page.evaluate(NOTE_AGES, [seconds, BITS, MODULUS])
        browser.close()
    return list(map(float, ages))


class Usage:
    """The CPU that kinds of processes take from now on.

    Args:
        kinds: Process numbers by kind.
    """

    def __init__(self, kinds: Mapping[str, Sequence[int]]) -> None:
        self._kinds = kinds
        self._began_s = time.monotonic()
        self._before = {kind: sum(map(cpu_s, pids)) for kind, pids in kinds.items()}
        self._busy_s = busy_s()

    def show(self, *, without: str) -> float:
        """Print percents of one core, and the sum with and without one kind, which it returns."""
        elapsed_s = time.monotonic() - self._began_s
        percents = {
            kind: 100 * (sum(map(cpu_s, pids)) - self._before[kind]) / elapsed_s
            for kind, pids in self._kinds.items()
        }
        shares = ", ".join(f"{kind} {percent:.0f}%" for kind, percent in percents.items())
        total = sum(percents.values())
        print(f"  CPU of one core: {shares}")
        print(f"    together {total:.0f}%, without the {without} {total - percents[without]:.0f}%")
        machine = 100 * (busy_s() - self._busy_s) / elapsed_s
        print(
            f"    the machine, everything on it: {machine:.0f}% of {100 * (os.cpu_count() or 1)}%"
        )
        return total - percents[without]


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy_s() -> float:
    """Return the seconds that the machine's cores were busy so far."""
    fields = list(map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:]))
    idle = fields[3] + fields[4]
    return (sum(fields[:8]) - idle) / os.sysconf("SC_CLK_TCK")


def memory_mb(pids: Sequence[int]) -> float:
    """Return the memory of processes, what they share with others divided among those."""
    texts = (Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids)
    return sum(int(re.search(r"(?m)^Pss:\s+(\d+)", text)[1]) for text in texts) / 1024


def open_files(pid: int) -> int:
    """Return the number of descriptors that a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
