"""An endpoint that asks for fewer calls, over real connections."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest

from livesegment import AnnotateOptions, EndpointOptions, Mask, annotate
from livesegment.protocol.reply import flat_reply

FRAMES = 16
LATENCY_S = 0.4
RETRY_AFTER_S = 1
KNOWN_AFTER_S = 0.25  # requests that come earlier were under way; the next follow an answer
REFUSED = {5, 10}


class LimitedEndpoint(ThreadingHTTPServer):
    """Answers some requests with 429, and notes when others came although it asked for a pause."""

    daemon_threads = False
    request_queue_size = 64  # connections may come all at once

    def __init__(self, retry_after: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.retry_after = retry_after
        self.lock = threading.Lock()
        self.requests = 0
        self.closed_at_s: list[float] = []
        self.intruders: list[float] = []

    def arrived(self) -> bool:
        """Note a request and tell whether it is answered."""
        with self.lock:
            number, now_s = self.requests, time.monotonic()
            self.requests += 1
            for closed_at_s in self.closed_at_s:
                since_s = now_s - closed_at_s
                if KNOWN_AFTER_S < since_s < RETRY_AFTER_S:
                    self.intruders.append(since_s)
            if number in REFUSED:
                self.closed_at_s.append(now_s)
            return number not in REFUSED


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LimitedEndpoint

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        is_answered = self.server.arrived()
        time.sleep(LATENCY_S if is_answered else 0.0)
        reply = flat_reply(Mask(np.ones((48, 64), np.uint8), {1: "object"}, 0))
        body = json.dumps(reply if is_answered else {"message": "slow down"}).encode()
        self.send_response(200 if is_answered else 429)
        if not is_answered:
            self.send_header("Retry-After", self.server.retry_after)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def limited_endpoint(retry_after: str = str(RETRY_AFTER_S)) -> Iterator[LimitedEndpoint]:
    with LimitedEndpoint(retry_after) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def write_frames(folder: Path) -> Path:
    """Write pictures into a folder in another, and return that."""
    made = folder / "in"
    made.mkdir()
    for index in range(FRAMES):
        cv2.imwrite(str(made / f"{index:03}.png"), np.full((48, 64, 3), index, np.uint8))
    return made


@pytest.mark.parametrize("in_flight", [4, "auto"])
def test_every_frame_gets_a_mask_and_nobody_asks_during_the_pause(
    tmp_path: Path, in_flight: int | Literal["auto"]
) -> None:
    folder = write_frames(tmp_path)
    with limited_endpoint() as server:
        options = AnnotateOptions(
            endpoint=EndpointOptions(
                endpoint=f"http://127.0.0.1:{server.server_port}",
                model="any/1",
                max_in_flight=in_flight,
            )
        )
        report = annotate(folder, tmp_path / "out", options=options)
    assert (report.frames, report.frames_without_mask) == (FRAMES, 0)
    assert report.errors == {"RateLimited": len(REFUSED)}
    assert report.calls == server.requests == FRAMES + len(REFUSED)
    assert len(server.closed_at_s) == len(REFUSED)
    assert server.intruders == []


def annotated(folder: Path, server: LimitedEndpoint) -> "subprocess.CompletedProcess[str]":
    """Annotate as a user does."""
    url = f"http://127.0.0.1:{server.server_port}"
    command = ["annotate", "in", "-o", "out", "--endpoint", url, "--model", "any/1"]
    return subprocess.run(
        [sys.executable, "-m", "livesegment", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_what_is_waited_for_is_said_without_asking(tmp_path: Path) -> None:
    write_frames(tmp_path)
    with limited_endpoint() as server:
        ended = annotated(tmp_path, server)
    assert ended.returncode == 0, ended.stderr
    assert "livesegment: the endpoint asks to wait 1 s: waiting\n" in ended.stderr


@pytest.mark.parametrize(
    ("retry_after", "time"),
    [("86400", "24 h 00 min"), ("1e9", "8784 h"), ("Fri, 31 Dec 9999 23:59:59 GMT", "8784 h")],
)
def test_more_than_an_hour_is_not_waited_for_and_the_time_is_said(
    tmp_path: Path, retry_after: str, time: str
) -> None:
    write_frames(tmp_path)
    with limited_endpoint(retry_after) as server:
        ended = annotated(tmp_path, server)
    assert ended.returncode == 4, ended.stderr
    assert f"slow down); the endpoint asks to wait {time}" in ended.stderr
    assert ": waiting" not in ended.stderr


@pytest.mark.parametrize("retry_after", ["0", "Wed, 01 May 99999999999 12:01:00 GMT"])
def test_a_useless_retry_after_is_backed_off_from(tmp_path: Path, retry_after: str) -> None:
    write_frames(tmp_path)
    with limited_endpoint(retry_after) as server:
        ended = annotated(tmp_path, server)
    assert ended.returncode == 0, ended.stderr
    assert "asks to wait" not in ended.stderr
