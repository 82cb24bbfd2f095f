"""How long a server stands still while clients send bodies in pieces of a byte.

    python tests/benchmarks/small_pieces.py [--clients 1] [--megabytes 1.8]

The server is a process of its own. Meanwhile its /healthz is asked again and again: the longest
answer is what everybody waits who asks for something.
"""

import argparse
import contextlib
import http.client
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

SERVER = """
import sys
from livesegment.segmenters.builtin import BuiltinSegmenter
from livesegment.server.embedded import EmbeddedServer
from livesegment.settings.serve import ServeOptions
with EmbeddedServer(BuiltinSegmenter(), ServeOptions(port=0)) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""
PIECE = b"1\r\nQ\r\n"


def send(address: tuple[str, int], size: int, start: threading.Barrier) -> None:
    """Send a body in pieces of a byte, however that is answered."""
    head = b"POST /any/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = PIECE * (size // len(PIECE)) + b"0\r\n\r\n"
    with socket.create_connection(address) as connection, contextlib.suppress(OSError):
        start.wait()
        connection.sendall(head + body)
        connection.recv(65536)


def measure(clients: int, megabytes: float) -> list[float]:
    """Return in rising order how many seconds each answer took."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        parts = urlsplit(server.stdout.readline().strip())
        address = (parts.hostname or "", parts.port or 0)
        start = threading.Barrier(clients + 1)
        size = int(megabytes * 1e6)
        senders = [
            threading.Thread(target=send, args=(address, size, start)) for _ in range(clients)
        ]
        for sender in senders:
            sender.start()
        health = http.client.HTTPConnection(*address)
        waits_s = []
        start.wait()
        while any(sender.is_alive() for sender in senders):
            asked_s = time.monotonic()
            health.request("GET", "/healthz")
            health.getresponse().read()
            waits_s.append(time.monotonic() - asked_s)
            time.sleep(0.002)
        server.stdin.close()
    return sorted(waits_s)


def tables(quick: bool = False) -> dict[str, list[dict[str, object]]]:
    """Return how long somebody else waits, by the number of clients."""
    waits = {each: measure(each, 1.8) for each in ([1] if quick else [1, 8])}
    rows = [
        {
            "clients": each,
            "median ms": round(1000 * waits_s[len(waits_s) // 2]),
            "longest ms": round(1000 * waits_s[-1]),
        }
        for each, waits_s in waits.items()
    ]
    return {"pieces": rows}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--megabytes", type=float, default=1.8, help="as sent, by each client")
    arguments = parser.parse_args()
    waits_s = measure(arguments.clients, arguments.megabytes)
    print(
        f"{arguments.clients} clients, {arguments.megabytes:g} MB each: /healthz {len(waits_s)}"
        f" times, median {waits_s[len(waits_s) // 2] * 1e3:.0f} ms, longest"
        f" {waits_s[-1] * 1e3:.0f} ms"
    )


if __name__ == "__main__":
    main()
