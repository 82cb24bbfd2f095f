"""An endpoint that costs next to nothing: it waits, then answers every request with one mask.

Started by benchmarks in a process of its own (`endpoint`), so that its CPU shows apart::

    python tests/benchmarks/canned_endpoint.py --places 8 --latency-ms 150

Requests beyond the places wait for one. `--blink-s 2` has it see something and nothing by turns,
two seconds each. It prints its port, ends when its standard input does, and prints the CPU seconds
that it used.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from livesegment.mask import Mask
from livesegment.protocol.reply import flat_reply

DENSE = 11
"""Classes of a mask with one on every pixel."""


def canned_reply(size: tuple[int, int], *, is_empty: bool = False, classes: int = 0) -> bytes:
    """Return a whole HTTP answer with a mask of a few ellipses, of nothing, or of areas all over.

    Args:
        size: (width, height) of the mask.
        is_empty: Nothing is found.
        classes: Every pixel has one of so many classes; 0: there are a few ellipses.
    """
    width, height = size
    y, x = np.mgrid[:height, :width]
    ids = np.zeros((height, width), np.uint8)
    for class_id, (cx, cy, r) in enumerate([(0.3, 0.5, 0.2), (0.7, 0.4, 0.15)], start=1):
        if not is_empty:
            ids[np.hypot(x - cx * width, y - cy * height) < r * width] = class_id
    names = {0: "background", 1: "left", 2: "right"}
    if classes:
        points = np.random.default_rng(0).random((3 * classes, 2)) * (width, height)
        nearest = np.full((height, width), np.inf)
        for number, (px, py) in enumerate(points):
            apart = np.hypot(x - px, y - py)
            ids[apart < nearest] = number % classes + 1
            np.minimum(nearest, apart, out=nearest)
        names = {class_id: f"class {class_id}" for class_id in range(1, classes + 1)}
    body = json.dumps(flat_reply(Mask(ids, names, 0))).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


_PACKET = 1400  # bytes: several requests share an uplink packet by packet


class CannedEndpoint:
    """Waits for one of some places, holds it for a while, and answers.

    Args:
        places: Requests worked on at once.
        latency_s: Seconds that each holds its place.
        network_s: Seconds that each takes besides.
        replies: The answers, one after the other.
        each_s: Seconds for which each is given, before the next one is.
        uplink: Bytes a second in which all requests come; None: any number.
    """

    def __init__(
        self,
        places: int,
        latency_s: float,
        network_s: float,
        replies: Sequence[bytes],
        each_s: float = 1.0,
        uplink: float | None = None,
    ) -> None:
        self.latency_s = latency_s
        self._places = asyncio.Semaphore(places)
        self._network_s = network_s
        self._replies = replies
        self._each_s = each_s
        self._uplink = uplink
        self._uplink_free_s = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until the client closes it."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = head.decode().lower().split("\r\n")
                length = next(each for each in fields if each.startswith("content-length:"))
                await self._receive(reader, int(length.split(":")[1]))
                await asyncio.sleep(self._network_s)
                async with self._places:
                    await asyncio.sleep(self.latency_s)
                turn = int(time.monotonic() / self._each_s) % len(self._replies)
                writer.write(self._replies[turn])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _receive(self, reader: asyncio.StreamReader, length: int) -> None:
        """Read a body as fast as the uplink that all requests share."""
        while length > 0:
            size = min(length, _PACKET if self._uplink else length)
            await reader.readexactly(size)
            length -= size
            if self._uplink:
                now_s = time.monotonic()
                self._uplink_free_s = max(now_s, self._uplink_free_s) + size / self._uplink
                await asyncio.sleep(self._uplink_free_s - now_s)

    async def change(self, after_s: float, latency_s: float) -> None:
        """Take another time for each request from a moment on."""
        await asyncio.sleep(after_s)
        self.latency_s = latency_s


@dataclass
class Endpoint:
    """A running endpoint; its CPU seconds are known once it has ended."""

    url: str
    cpu_s: float = 0.0


@contextmanager
def endpoint(**options: object) -> Iterator[Endpoint]:
    """Run the canned endpoint with these options while the block runs."""
    command = [sys.executable, __file__]
    for name, value in options.items():
        values = value if isinstance(value, tuple) else (value,)
        command += [f"--{name.replace('_', '-')}", *map(str, values)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        running = Endpoint(f"http://127.0.0.1:{program.stdout.readline().strip()}")
        yield running
        program.stdin.close()
        running.cpu_s = float(program.stdout.readline())


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--places", type=int, default=8)
    parser.add_argument("--latency-ms", type=float, default=150)
    parser.add_argument("--network-ms", type=float, default=0)
    parser.add_argument("--change-after-s", type=float, help="from then on another latency")
    parser.add_argument("--changed-latency-ms", type=float, default=300)
    parser.add_argument("--uplink-mbit", type=float, help="Mbit/s that all requests share")
    parser.add_argument("--size", type=int, nargs=2, default=(640, 360))
    parser.add_argument("--blink-s", type=float, help="see something and nothing by turns")
    parser.add_argument("--dense", type=int, default=0, choices=(0, 1), help="1: all is a class")
    parser.add_argument("--classes", type=int, default=DENSE, help="of a mask that is all classes")
    given = parser.parse_args()
    replies = [canned_reply(given.size, classes=given.classes if given.dense else 0)]
    if given.blink_s is not None:
        replies.append(canned_reply(given.size, is_empty=True))
    endpoint = CannedEndpoint(
        given.places,
        given.latency_ms / 1000,
        given.network_ms / 1000,
        replies,
        given.blink_s or 1.0,
        None if given.uplink_mbit is None else given.uplink_mbit * 1e6 / 8,
    )
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", given.port)
    print(server.sockets[0].getsockname()[1], flush=True)
    changing = None
    if given.change_after_s is not None:
        changing = asyncio.create_task(
            endpoint.change(given.change_after_s, given.changed_latency_ms / 1000)
        )
    await asyncio.to_thread(sys.stdin.read)
    if changing is not None:
        changing.cancel()
    server.close()
    print(time.process_time(), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
