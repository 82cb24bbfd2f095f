"""How much memory `annotate` and `live` take at their peak, by picture size and requests in flight.

A clip in each size is annotated, or played, before an endpoint of its own process::

    python tests/benchmarks/memory.py [--sizes 720p 1080p 4K] [--in-flight 2 4 8] [--latency-ms 150]

Beside each figure stands that of another checkout, if one is named (`--beside DIR`), by turns in
the same run. `--long MINUTES` plays and records 360p for so long and prints how memory goes on.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from canned_endpoint import endpoint
from live_sizes import FRAMES, SIZES, write_clip

HERE = Path(__file__).parents[2]
SAMPLE = HERE / "samples" / "sample.mp4"
SMALL = (640, 360)
LOOKED_EVERY_S = 0.25
PEAK_LOOKED_EVERY_S = 0.02


@dataclass(frozen=True)
class Row:
    """What one run took.

    Attributes:
        command: annotate or live.
        size: Name of the size.
        in_flight: Requests at once.
        latency_ms: The endpoint's.
        peak_mb: Most memory that the process had at once, in MB of 2**20 bytes.
        frames_per_s: Of `annotate`, from start to end of the process; None of `live`.
        cpu_ms: CPU of all its threads, ms a frame, its start included; None of `live`.
        beside: Whether it is the other checkout.
    """

    command: str
    size: str
    in_flight: int
    latency_ms: float
    peak_mb: float
    frames_per_s: float | None
    cpu_ms: float | None
    beside: bool = False


def started(checkout: Path, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start livesegment from a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [sys.executable, "-m", "livesegment", *arguments]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def run_once(
    checkout: Path,
    clip: Path,
    command: str,
    size: str,
    in_flight: int,
    latency_ms: float,
    *,
    frames: int = FRAMES,
    seconds: float = 10.0,
) -> Row:
    """Run a command and wait for its end.

    Raises:
        RuntimeError: If it fails.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        endpoint(places=max(64, in_flight), latency_ms=latency_ms) as running,
    ):
        asked = ["--endpoint", running.url, "--model", "canned/1", "--in-flight", str(in_flight)]
        if command == "annotate":
            rest = ["-o", str(Path(folder) / "out.mp4")]
        else:
            stats = str(Path(folder) / "stats.json")
            rest = ["--loop", "--no-window", "--stats", stats, "--duration", str(seconds)]
        began_s = time.monotonic()
        process = started(checkout, [command, str(clip), *rest, *asked])
        peak_mb = _peak_mb(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - began_s
    if status:
        raise RuntimeError(f"{command} of {size} ended with status {status}")
    is_whole = command == "annotate"
    cpu_s = usage.ru_utime + usage.ru_stime
    return Row(
        command,
        size,
        in_flight,
        latency_ms,
        peak_mb,
        frames / wall_s if is_whole else None,
        1000 * cpu_s / frames if is_whole else None,
        beside=checkout != HERE,
    )


def measure(
    sizes: Sequence[str] = tuple(SIZES),
    in_flight: Sequence[int] = (8,),
    *,
    commands: Sequence[str] = ("annotate", "live"),
    latencies_ms: Sequence[float] = (0, 150),
    beside: Path | None = None,
    clip: Path = SAMPLE,
    frames: int = FRAMES,
    seconds: float = 10.0,
) -> Iterator[Row]:
    """Yield a row for every run, the other checkout's right after ours.

    Args:
        sizes: Names of `live_sizes.SIZES`.
        in_flight: Requests at once.
        commands: annotate, live.
        latencies_ms: The endpoint's.
        beside: Another checkout; None: there is none.
        clip: What is enlarged to each size.
        frames: How many of it.
        seconds: How long `live` runs.
    """
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            enlarged = Path(folder) / f"{size}.mp4"
            write_clip(clip, SIZES[size], enlarged, frames)
            for command in commands:
                for number in in_flight:
                    for latency_ms in latencies_ms:
                        for checkout in [HERE] if beside is None else [HERE, beside]:
                            yield run_once(
                                checkout,
                                enlarged,
                                command,
                                size,
                                number,
                                latency_ms,
                                frames=frames,
                                seconds=seconds,
                            )


def over_time(minutes: float, clip: Path = SAMPLE) -> Iterator[tuple[float, float]]:
    """Yield (seconds since the start, MB resident) of a `live` run of 360p that records."""
    with tempfile.TemporaryDirectory() as folder, endpoint(latency_ms=20) as running:
        small = Path(folder) / "small.mp4"
        write_clip(clip, SMALL, small)
        rest = ["--loop", "--no-window", "--record", str(Path(folder) / "out.mp4")]
        asked = ["--endpoint", running.url, "--model", "canned/1", "--in-flight", "4"]
        duration = ["--duration", str(60 * minutes)]
        began_s = time.monotonic()
        with started(HERE, ["live", str(small), *rest, *asked, *duration]) as process:
            while process.poll() is None:
                time.sleep(LOOKED_EVERY_S)
                if (resident := _resident_mb(process.pid)) is not None:
                    yield time.monotonic() - began_s, resident


def _peak_mb(pid: int) -> float:
    """Wait until a process has ended, and return the most that it held.

    Not `ru_maxrss`: what this process held when it began the other one counts in it.
    """
    peak_mb = 0.0
    while (now_mb := _status_mb(pid, "VmHWM")) is not None:
        peak_mb = now_mb
        time.sleep(PEAK_LOOKED_EVERY_S)
    return peak_mb


def _resident_mb(pid: int) -> float | None:
    return _status_mb(pid, "VmRSS")


def _status_mb(pid: int, name: str) -> float | None:
    """Return a figure of a process; None when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sizes", nargs="+", choices=tuple(SIZES), default=tuple(SIZES))
    parser.add_argument("--in-flight", type=int, nargs="+", default=(8,))
    parser.add_argument("--latency-ms", type=float, nargs="+", default=(0.0, 150.0))
    parser.add_argument("--commands", nargs="+", default=("annotate", "live"))
    parser.add_argument("--frames", type=int, default=FRAMES, help="to annotate")
    parser.add_argument("--seconds", type=float, default=10.0, help="of live")
    parser.add_argument("--beside", type=Path, help="another checkout, measured by turns")
    parser.add_argument("--long", type=float, metavar="MINUTES", help="memory as time goes on")
    given = parser.parse_args()
    if given.long is not None:
        seen = list(over_time(given.long))
        for part in range(1, 11):
            until_s, resident = seen[len(seen) * part // 10 - 1]
            print(f"after {until_s:6.0f} s {resident:7.1f} MB")
        return
    print(f"{'':32} {'peak MB':>8} {'frames/s':>9} {'CPU ms':>7}")
    for row in measure(
        given.sizes,
        given.in_flight,
        commands=given.commands,
        latencies_ms=given.latency_ms,
        beside=given.beside,
        frames=given.frames,
        seconds=given.seconds,
    ):
        name = f"{row.command} {row.size}, {row.in_flight} at {row.latency_ms:g} ms"
        rate = "" if row.frames_per_s is None else f"{row.frames_per_s:.1f}"
        cpu = "" if row.cpu_ms is None else f"{row.cpu_ms:.0f}"
        mark = " (beside)" if row.beside else ""
        print(f"{name:32} {row.peak_mb:8.0f} {rate:>9} {cpu:>7}{mark}", flush=True)


if __name__ == "__main__":
    main()
