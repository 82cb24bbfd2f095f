"""A monitor as a user runs it, and what its log and its page say."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from waiting import wait_until

from livesegment.mask import Mask
from livesegment.protocol.reply import flat_reply

PATIENCE_S = 60
STARTED = re.compile(r"livesegment: (?P<name>[\w.-]+): started, process (?P<pid>\d+)")
PAGE = re.compile(r"the page is at (?P<url>[^\s\"]+)")


def until(condition: Callable[[], Any]) -> Any:
    """Return what a condition returns, as soon as that is true."""
    return wait_until(condition, "a sign of the monitor", PATIENCE_S, pause_s=0.02)


class Monitored:
    """A monitor under way.

    Attributes:
        config: Its file.
        lines: What it has logged.
        program: Its process.
    """

    def __init__(self, config: Path, program: "subprocess.Popen[str]") -> None:
        self.config = config
        self.program = program
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.program.stderr is not None
        for line in self.program.stderr:
            self.lines.append(line.rstrip("\n"))

    def said(self, pattern: str, times: int = 1) -> None:
        """Wait until lines with a pattern were logged."""
        until(lambda: sum(bool(re.search(pattern, line)) for line in self.lines) >= times)

    def pids(self, name: str) -> list[int]:
        """Return the processes that a camera has had, the newest last."""
        found = map(STARTED.fullmatch, self.lines)
        return [int(match["pid"]) for match in found if match and match["name"] == name]

    def pid(self, name: str, number: int = 0) -> int:
        """Return a process of a camera, waiting for it to be started."""
        return until(lambda: self.pids(name)[number : number + 1])[0]

    def kill(self, name: str) -> None:
        """Kill a camera's process and wait until another one is started."""
        before = self.pids(name)
        os.kill(before[-1], signal.SIGKILL)
        self.pid(name, len(before))

    @property
    def url(self) -> str:
        """The page's address."""
        return until(lambda: [m["url"] for m in map(PAGE.search, self.lines) if m])[0]

    def cameras(self) -> dict[str, dict[str, Any]]:
        """Return what the page says of every camera."""
        with urllib.request.urlopen(f"{self.url}/api/cameras", timeout=30) as reply:
            return {each["name"]: each for each in json.load(reply)["cameras"]}

    def until_runs(self, *names: str) -> dict[str, dict[str, Any]]:
        """Wait until pictures of cameras come, and return what the page says."""

        def running() -> dict[str, dict[str, Any]] | None:
            said = self.cameras()
            states = [said.get(name, {}).get("state") for name in names]
            return said if states == ["running"] * len(names) else None

        return until(running)

    def picture(self, name: str) -> np.ndarray:
        """Return a camera's next picture."""
        with urllib.request.urlopen(f"{self.url}/cameras/{name}/snapshot.jpg", timeout=30) as reply:
            return cv2.imdecode(np.frombuffer(reply.read(), np.uint8), cv2.IMREAD_COLOR)

    def change(self, name: str, **controls: Any) -> None:
        """Change controls as the page does."""
        request = urllib.request.Request(
            f"{self.url}/api/cameras/{name}/controls",
            json.dumps(controls).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=30).close()

    def retry(self, name: str) -> None:
        """Have a camera's endpoint asked at once, as the page does."""
        request = urllib.request.Request(
            f"{self.url}/api/cameras/{name}/retry", b"{}", {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=30).close()

    def ended(self, *, by: signal.Signals) -> int:
        """End it with a signal and return its exit code."""
        self.program.send_signal(by)
        code = self.program.wait(timeout=PATIENCE_S)
        self._reader.join()
        return code


@contextmanager
def monitored(folder: Path, text: str, **environment: str) -> Iterator[Monitored]:
    """Run a monitor with a configuration; nothing of it outlives a test that fails."""
    config = folder / "cameras.toml"
    config.write_text("web.port = 0\n" + text)
    config.chmod(0o600)
    with followed(["monitor", str(config)], config, {**os.environ, **environment}) as running:
        yield running


@contextmanager
def followed(
    arguments: list[str], config: Path, environment: dict[str, str] | None = None
) -> Iterator[Monitored]:
    """Run livesegment beside a file, reading what it logs; it is ended as by Ctrl-C."""
    remembered = {"STATE_DIRECTORY": str(config.parent / "state")}  # not in anybody's home
    environment = remembered | dict(os.environ if environment is None else environment)
    with subprocess.Popen(
        [sys.executable, "-m", "livesegment", *arguments],
        cwd=config.parent,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        running = Monitored(config, program)
        try:
            yield running
        finally:
            if program.poll() is None:
                assert running.ended(by=signal.SIGINT) == 130, running.lines


@contextmanager
def usual_port_taken() -> Iterator[None]:
    """Have the page's usual port taken, which many tests may do at once."""
    with socket.socket() as other:
        for each in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            other.setsockopt(socket.SOL_SOCKET, each, 1)
        with contextlib.suppress(OSError):  # another program has it
            other.bind(("127.0.0.1", 8080))
            other.listen()
        yield


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, also if nobody has asked how."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


class CountingEndpoint:
    """Answers after a while with a mask that is one class everywhere, and counts.

    Attributes:
        times: When each request came, monotonic seconds.
        most: Requests that were under way at once.
        status: What it answers with.
        retry_after: What it asks for besides; None: nothing.
    """

    def __init__(self, latency_s: float = 0.0) -> None:
        self.times: list[float] = []
        self.most = 0
        self.status = 200
        self.retry_after: str | None = None
        self._under_way = 0
        self._lock = threading.Lock()
        mask = Mask(np.full((90, 160), 1, np.uint8), {0: "background", 1: "thing"})
        reply = json.dumps(flat_reply(mask)).encode()
        endpoint, never = self, threading.Event()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                with endpoint._lock:
                    endpoint.times.append(time.monotonic())
                    endpoint._under_way += 1
                    endpoint.most = max(endpoint.most, endpoint._under_way)
                never.wait(latency_s)
                with endpoint._lock:
                    endpoint._under_way -= 1
                body = reply if endpoint.status == 200 else b'{"message": "no"}'
                with contextlib.suppress(OSError):  # who asked may have been killed
                    self.send_response(endpoint.status)
                    self.send_header("Content-Length", str(len(body)))
                    if endpoint.retry_after is not None:
                        self.send_header("Retry-After", endpoint.retry_after)
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.toml = f'[endpoint]\nurl = "http://127.0.0.1:{self._server.server_port}"\n'
        self.toml += 'model = "any/1"\n'

    def __enter__(self) -> "CountingEndpoint":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
