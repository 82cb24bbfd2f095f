"""How well `monitor` keeps many cameras: frames shown, CPU, latency, and what survives a soak.

    python tests/benchmarks/cameras.py [--cameras 8] [--seconds 30] [--browser]
    python tests/benchmarks/cameras.py --most
    python tests/benchmarks/cameras.py --soak 20

A real RTSP server plays the cameras, whose pictures carry the clock; an endpoint answers after
200 ms; alignment may take 6 ms of a picture. One viewer watches all cameras over Motion JPEG, so
that each picture is drawn, encoded and sent. The first form prints

- shown: frames a second that each camera's process showed, and that reached the viewer;
- glass to viewer: the age of pictures when the viewer has read them, off the clock in them; with
  `--browser`, when Chromium has them on its canvas (needs Playwright);
- CPU in percent of one core, of each kind of process, and of the whole machine.

`--align paste` is its baseline: the same without alignment. With `--record` each camera records,
has a rule, and keeps its events, with clips, for the list of all. `--most` adds cameras until one
of them is shown less than 95% of its frames. `--soak` has a server for each camera and kills, every
30 s, one of them, the endpoint or a camera's process, and prints how soon pictures were back (after
the endpoint: masks), memory and descriptors.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from cameras import Camera, has_rtsp_server
from monitored import Monitored, monitored, until
from watching import AllStreams, Endpoint, Usage, memory_mb, open_files, read_in_browser

WARM_UP_S = 8.0
ENOUGH = 0.95


def configuration(
    endpoint: Endpoint, sources: list[str], arguments: argparse.Namespace, folder: Path
) -> str:
    """Return the monitor's file for some sources."""
    rule = kept = ""
    if arguments.record:
        rule = '[[camera.rule]]\nname = "seen"\nclass = "left"\nabove = 1\n'
        kept = f'[record]\nfolder = "{folder}"\n[events]\nfolder = "{folder}"\n'
    cameras = "".join(
        f'[[camera]]\nname = "c{number}"\nsource = "{source}"\n{rule}'
        for number, source in enumerate(sources)
    )
    budget = f"[budget]\nin_flight = {arguments.in_flight}\n" if arguments.in_flight else ""
    return (
        f'[endpoint]\nurl = "{endpoint.url}"\nmodel = "any/1"\n'
        f"[overlay]\nlegend = false\n"
        f'[picture]\nalign = "{arguments.align}"\nalign_budget_ms = {arguments.align_budget_ms}\n'
        + budget
        + kept
        + cameras
    )


@contextmanager
def started(
    arguments: argparse.Namespace, servers: list[Camera], endpoint: Endpoint, folder: Path
) -> Iterator[Monitored]:
    """Run a monitor of some cameras, whose servers end with it."""
    try:
        for server in {id(each): each for each in servers}.values():
            server.start(arguments.size, arguments.fps)
        text = configuration(endpoint, [server.url for server in servers], arguments, folder)
        with monitored(folder, text) as monitor:
            yield monitor
    finally:
        for server in servers:
            server.kill()


@dataclass
class Look:
    """How cameras were seen for a while.

    Attributes:
        rates: Pictures a second that reached who watches, or that were shown, of each camera.
        ages_ms: How old pictures were.
        cpu_percent: Of one core, without the RTSP server.
        memory_mb: Of the monitor, and of a camera.
    """

    rates: list[float]
    ages_ms: list[float]
    cpu_percent: float
    memory_mb: tuple[float, float] = (0.0, 0.0)


def measured(arguments: argparse.Namespace, cameras: int) -> Look:
    """Watch some cameras for a while, print how it went, and return it."""
    names = [f"c{number}" for number in range(cameras)]
    with tempfile.TemporaryDirectory() as name, Endpoint(arguments.latency_ms) as endpoint:
        server = Camera("rtsp", Path(name))
        with started(arguments, [server] * cameras, endpoint, Path(name)) as monitor:
            monitor.until_runs(*names)
            usage = {
                "monitor": [monitor.program.pid],
                "cameras": [monitor.pid(name) for name in names],
                "RTSP server": [server.pid],
                "endpoint": [endpoint.pid],
                "viewer": [os.getpid()],
            }
            print(f"{cameras} cameras {arguments.size} at {arguments.fps}/s, {arguments.align}")
            look = look_with_browser if arguments.browser else look_with_viewer
            seen = look(arguments, monitor, usage)
            seen.memory_mb = memory_mb(usage["monitor"]), memory_mb(usage["cameras"]) / cameras
            print(f"  memory {seen.memory_mb[0]:.0f} MB for the monitor,", end=" ")
            print(f"{seen.memory_mb[1]:.0f} MB a camera")
    return seen


def look_with_viewer(
    arguments: argparse.Namespace, monitor: Monitored, usage: dict[str, list[int]]
) -> Look:
    """Watch as a page does."""
    rates: dict[str, list[float]] = defaultdict(list)
    mask_ages: list[float] = []
    with AllStreams(monitor.url) as viewer:
        time.sleep(WARM_UP_S)
        viewer.begin()
        spent = Usage(usage)
        end_s = time.monotonic() + arguments.seconds
        while time.monotonic() < end_s:
            time.sleep(1)
            for name, each in monitor.cameras().items():
                rates[name].append(each["figures"]["frames_per_s"])
                mask_ages.append(each["figures"]["mask_age_s"] or 0.0)
        reached = viewer.rates()
        percent = spent.show(without="RTSP server")
    shown = [statistics.mean(each) for each in rates.values()]
    print(f"  shown         {min(shown):5.2f} to {max(shown):5.2f} frames/s a camera")
    print(f"  at the viewer {min(reached):5.2f} to {max(reached):5.2f} frames/s a camera")
    print_ages("viewer", viewer.ages_ms)
    print(f"  masks {1000 * statistics.median(mask_ages):.0f} ms old at the median")
    return Look(reached, viewer.ages_ms, percent)


def look_with_browser(
    arguments: argparse.Namespace, monitor: Monitored, usage: dict[str, list[int]]
) -> Look:
    """Watch with Chromium."""
    spent = Usage(usage)
    ages = read_in_browser(monitor.url, arguments.seconds)
    shown = [each["figures"]["frames_per_s"] for each in monitor.cameras().values()]
    percent = spent.show(without="RTSP server")
    print(f"  shown {min(shown):5.2f} to {max(shown):5.2f} frames/s a camera")
    print_ages("browser", ages)
    return Look(shown, ages, percent)


def print_ages(where: str, ages_ms: list[float]) -> None:
    ages_ms = sorted(ages_ms)
    print(
        f"  glass to {where}: {statistics.median(ages_ms):.0f} ms p50,"
        f" {ages_ms[int(0.95 * (len(ages_ms) - 1))]:.0f} ms p95, {ages_ms[-1]:.0f} ms most"
    )


def find_most(arguments: argparse.Namespace) -> None:
    """Add cameras until one of them is shown too few of its frames."""
    sustained = 0
    for cameras in range(arguments.cameras, 65):
        if min(measured(arguments, cameras).rates) / arguments.fps < ENOUGH:
            break
        sustained = cameras
    print(f"sustained: {sustained} cameras, of each at least {ENOUGH:.0%} of its frames")


def held(monitor: Monitored, names: list[str]) -> tuple[float, int]:
    """Return the memory in MB and the descriptors of the monitor and all its cameras."""
    pids = [monitor.program.pid, *(monitor.pids(name)[-1] for name in names)]
    return memory_mb(pids), sum(map(open_files, pids))


def soak(arguments: argparse.Namespace) -> None:
    """Kill something every so often, for some minutes."""
    chance = random.Random(1)
    backs: dict[str, list[float]] = defaultdict(list)
    holds = []
    with tempfile.TemporaryDirectory() as folder, Endpoint(arguments.latency_ms) as endpoint:
        servers = [Camera("rtsp", Path(folder)) for _ in range(arguments.cameras)]
        with (
            started(arguments, servers, endpoint, Path(folder)) as monitor,
            AllStreams(monitor.url),
        ):
            names = [f"c{number}" for number in range(arguments.cameras)]
            until(lambda: is_well(monitor))
            began_s = time.monotonic()
            while time.monotonic() < began_s + 60 * arguments.soak:
                next_s = time.monotonic() + arguments.every
                number = chance.randrange(arguments.cameras)
                what = chance.choice(("camera", "endpoint", "process"))
                lose(what, monitor, names[number], servers[number], endpoint, arguments)
                back_s = time.monotonic()
                until(lambda w=what: is_well(monitor, masks=w == "endpoint"))
                took_s = time.monotonic() - back_s
                until(lambda: is_well(monitor))
                memory, descriptors = held(monitor, names)
                backs[what].append(took_s)
                holds.append((memory, descriptors))
                print(
                    f"{time.monotonic() - began_s:6.0f} s  {what:8} back after {took_s:4.1f} s,"
                    f" {memory:.0f} MB, {descriptors} descriptors",
                    flush=True,
                )
                time.sleep(max(0.0, next_s - time.monotonic()))
    for what, times in backs.items():
        median_s, most_s = statistics.median(times), max(times)
        print(f"{what}: {len(times)} times, back after {median_s:.1f} s, at most {most_s:.1f} s")
    print(f"memory {holds[0][0]:.0f} MB first, {holds[-1][0]:.0f} MB last")
    print(f"descriptors {holds[0][1]} first, {holds[-1][1]} last")


def is_well(monitor: Monitored, *, masks: bool = True) -> bool:
    """Tell whether every camera is shown, and gets masks if that matters."""
    return all(
        each["state"] == "running" and (each["endpoint"] == "answering" or not masks)
        for each in monitor.cameras().values()
    )


def lose(
    what: str,
    monitor: Monitored,
    name: str,
    server: Camera,
    endpoint: Endpoint,
    arguments: argparse.Namespace,
) -> None:
    """Kill something and, once it was noticed, start it again; a process starts by itself."""
    if what == "process":
        monitor.kill(name)
    elif what == "camera":
        server.kill()
        until(lambda: monitor.cameras()[name]["state"] == "lost")
        server.start(arguments.size, arguments.fps)
    else:
        endpoint.kill()
        until(lambda: any(each["endpoint"] == "trouble" for each in monitor.cameras().values()))
        endpoint.start()


def tables(quick: bool = False) -> dict[str, list[dict[str, object]]]:
    """Return how eight cameras are seen, two if that is to be quick, with and without alignment."""
    if not has_rtsp_server():
        raise SystemExit("the system's Python lacks GstRtspServer: see tests/rtsp_server.py")
    count = 2 if quick else 8
    rows: list[dict[str, object]] = []
    for align, *more in (["paste"], ["warp"], ["warp", "--record"]):
        arguments = options([f"--align={align}", f"--seconds={6 if quick else 30}", *more])
        seen = measured(arguments, count)
        ages_ms = sorted(seen.ages_ms)
        rows.append(
            {
                f"{count} cameras": f"`{align}`" + (", recorded" if more else ""),
                f"frames/s of {arguments.fps}": round(min(seen.rates), 1),
                "CPU, % of a core": round(seen.cpu_percent),
                "age, ms": round(statistics.median(ages_ms)),
                "95%": round(ages_ms[int(0.95 * (len(ages_ms) - 1))]),
                "MB a camera": round(seen.memory_mb[1]),
            }
        )
    return {"cameras": rows}


def options(words: list[str] | None = None) -> argparse.Namespace:
    """Return the options of a command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--latency-ms", type=float, default=200)
    parser.add_argument("--in-flight", type=int, help="of all; one a camera if left out")
    parser.add_argument("--align", default="warp")
    parser.add_argument("--align-budget-ms", type=float, default=6)
    parser.add_argument("--record", action="store_true", help="record, and keep events and clips")
    parser.add_argument("--browser", action="store_true", help="watch with Chromium")
    parser.add_argument("--most", action="store_true", help="find how many cameras are sustained")
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    parser.add_argument("--every", type=float, default=30, help="seconds between kills in a soak")
    parser.add_argument("--json", action="store_true", help="say it again as a line of JSON")
    return parser.parse_args(words)


def main() -> None:
    arguments = options()
    if not has_rtsp_server():
        raise SystemExit("the system's Python lacks GstRtspServer: see tests/rtsp_server.py")
    if arguments.soak is not None:
        soak(arguments)
    elif arguments.most:
        find_most(arguments)
    else:
        seen = measured(arguments, arguments.cameras)
        if arguments.json:
            print(json.dumps(asdict(seen)))


if __name__ == "__main__":
    main()
