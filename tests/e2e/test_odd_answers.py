"""Whatever an endpoint sends in the middle of a run, the run goes on."""

import gzip
import json
import re
import signal
import socket
import subprocess
from pathlib import Path

import numpy as np
from odd_endpoint import Answer, OddEndpoint, raw
from parts import started
from waiting import wait_until

from livesegment.mask import Mask
from livesegment.protocol.reply import flat_reply

SIZE = (64, 48)
ASKING = ("--model", "any/1", "--in-flight", "1")


def reply(size: tuple[int, int] = SIZE, names: dict[int, str] | None = None) -> bytes:
    document = flat_reply(Mask(np.ones(size[::-1], np.uint8)))
    document["class_map"] = {0: "background", 1: "thing"} if names is None else names
    return json.dumps(document).encode()


GOOD = raw("200 OK", reply())
PAGE = b"<!DOCTYPE html><html>Bad luck</html>"
# What says that something went wrong on the way once.
PASSING: dict[str, Answer] = {
    "500": raw("500 Oops", PAGE),
    "408": raw("408 Request Timeout", b""),
    "425": raw("425 Too Early", b""),
    "truncated JSON": raw("200 OK", reply()[:100]),
    "an HTML page": raw("200 OK", PAGE),
}


BOMB = gzip.compress(bytes(300 * 2**20), compresslevel=1)


def trickling_head(connection: socket.socket) -> None:
    connection.settimeout(0.02)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        connection.sendall(b"x")
        try:
            if not connection.recv(1):
                return
        except TimeoutError:
            continue


def flood(connection: socket.socket) -> None:
    while True:
        connection.sendall(1000 * b"HTTP/1.1 100 Continue\r\n\r\n")


BAD: dict[str, tuple[Answer, str]] = {
    "packed twice": (
        raw("200 OK\r\nContent-Encoding: gzip, gzip", gzip.compress(BOMB)),
        "BadReply",
    ),
    "a bomb": (raw("200 OK\r\nContent-Encoding: gzip", BOMB), "BadReply"),
    "an error's bomb": (
        raw("503 No\r\nContent-Encoding: gzip", BOMB),
        "ServerFailed",
    ),
    "a huge mask": (raw("200 OK", reply((8000, 8000))), "BadReply"),
    "a huge class map": (
        raw("200 OK", reply(names={number: f"class {number}" for number in range(300_000)})),
        "BadReply",
    ),
    "a head that trickles": (trickling_head, "EndpointTimeout"),
    "a flood of interim answers": (flood, "EndpointUnreachable"),
}


def test_annotate_tries_again_what_went_wrong_once(tmp_path: Path) -> None:
    odd = list(PASSING.values())
    endpoint = OddEndpoint(lambda call: odd[call // 2] if call % 2 and call < 10 else GOOD)
    asked = (*ASKING, "-o", "out.mp4", "--report", "report.json")
    with (
        endpoint.serving() as url,
        started(tmp_path, "annotate", "pattern:64x48:8", "--endpoint", url, *asked) as program,
    ):
        _, said = program.communicate(timeout=60)
    assert program.returncode == 0, said
    assert "wrote out.mp4, 8 frames" in said
    assert endpoint.calls == 8 + len(odd)


def test_live_goes_on_after_each_and_counts_them(tmp_path: Path) -> None:
    bad = [*((answer, "BadReply") for answer in PASSING.values())][3:]
    bad += [*BAD.values()]
    asked = (*ASKING, "--timeout", "0.5", "--no-window", "--stats", "s.json")
    endpoint = OddEndpoint(
        lambda call: bad[call // 2][0] if call % 2 and call < 2 * len(bad) else GOOD
    )
    with (
        endpoint.serving() as url,
        started(tmp_path, "live", "pattern:64x48", "--endpoint", url, *asked) as program,
    ):
        wait_until(
            lambda: endpoint.calls >= 2 * len(bad) + 3 or program.poll() is not None, "every answer"
        )
        peak = _peak_megabytes(program)
        program.send_signal(signal.SIGTERM)
        _, said = program.communicate(timeout=30)
    assert program.returncode == 130, said
    assert "Traceback" not in said
    kinds = [kind for _, kind in bad]
    stats = json.loads((tmp_path / "s.json").read_text())
    assert stats["errors"] == {kind: kinds.count(kind) for kind in set(kinds)}
    assert stats["masks_received"] >= len(bad) + 2
    assert peak < 350


def _peak_megabytes(program: "subprocess.Popen[str]") -> float:
    """Return the most memory that a program ever had; 0 where nobody says."""
    status = Path(f"/proc/{program.pid}/status")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else 0.0
