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

`--align paste` is its baseline: the same without alignment. `--most` adds cameras until one of them
is shown less than 95% of its frames. `--soak` has a server for each camera and kills, every 30 s,
one of them, the endpoint or a camera's process, and prints how soon everything was back, memory
and descriptors.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from cameras import Camera, has_rtsp_server
from monitored import Monitored, monitored, until
from watching import AllStreams, Endpoint, Usage, memory_mb, open_files, read_in_browser

WARM_UP_S = 8.0
ENOUGH = 0.95


def configuration(endpoint: Endpoint, sources: list[str], arguments: argparse.Namespace) -> str:
    """Return the monitor's file for some sources."""
    cameras = "".join(
        f'[[camera]]\nname = "c{number}"\nsource = "{source}"\n'
        for number, source in enumerate(sources)
    )
    budget = f"[budget]\nin_flight = {arguments.in_flight}\n" if arguments.in_flight else ""
    return (
        f'[endpoint]\nurl = "{endpoint.url}"\nmodel = "any/1"\n'
        f"[overlay]\nlegend = false\n"
        f'[picture]\nalign = "{arguments.align}"\nalign_budget_ms = {arguments.align_budget_ms}\n'
        + budget
        + cameras
    )


def measured(arguments: argparse.Namespace, cameras: int) -> float:
    """Watch some cameras for a while, print how it went, and return the least share shown."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        endpoint = stack.enter_context(Endpoint(arguments.latency_ms))
        server = Camera("rtsp", folder)
        stack.callback(server.kill)
        server.start(arguments.size, arguments.fps)
        text = configuration(endpoint, [server.url] * cameras, arguments)
        monitor = stack.enter_context(monitored(folder, text))
        names = [f"c{number}" for number in range(cameras)]
        monitor.until_runs(*names)
        viewer = None
        if not arguments.browser:
            viewer = stack.enter_context(AllStreams(monitor.url))
        usage = {
            "monitor": [monitor.program.pid],
            "cameras": [monitor.pid(name) for name in names],
            "RTSP server": [server.pid],
            "endpoint": [endpoint.pid],
        }
        time.sleep(WARM_UP_S)
        if viewer is not None:
            viewer.begin()
        spent = Usage(usage)
        rates: dict[str, list[float]] = {name: [] for name in names}
        ages: list[float] = []
        if arguments.browser:
            ages = read_in_browser(monitor.url, arguments.seconds)
        end_s = time.monotonic() + (0 if arguments.browser else arguments.seconds)
        mask_ages: list[float] = []
        while True:
            for name, each in monitor.cameras().items():
                rates[name].append(each["figures"]["frames_per_s"])
                mask_ages.append(each["figures"]["mask_age_s"] or 0.0)
            if time.monotonic() >= end_s:
                break
            time.sleep(1)
        print(f"{cameras} cameras {arguments.size} at {arguments.fps}/s, --align {arguments.align}")
        shown = [statistics.mean(each) for each in rates.values()]
        print(f"  shown         {min(shown):5.2f} to {max(shown):5.2f} frames/s a camera")
        if viewer is not None:
            reached = viewer.rates()
            print(f"  at the viewer {min(reached):5.2f} to {max(reached):5.2f} frames/s a camera")
            shown = reached
            ages = viewer.ages_ms
        where = "browser" if arguments.browser else "viewer"
        ages.sort()
        print(
            f"  glass to {where}: {statistics.median(ages):.0f} ms p50,"
            f" {ages[int(0.95 * (len(ages) - 1))]:.0f} ms p95, {ages[-1]:.0f} ms most"
        )
        print(f"  masks {1000 * statistics.median(mask_ages):.0f} ms old at the median")
        spent.show(without="RTSP server")
        print(f"  memory {memory_mb([monitor.program.pid]):.0f} MB for the monitor,", end=" ")
        print(f"{memory_mb(usage['cameras']) / cameras:.0f} MB a camera")
    return min(shown) / arguments.fps


def find_most(arguments: argparse.Namespace) -> None:
    """Add cameras until one of them is shown too few of its frames."""
    sustained = 0
    for cameras in range(arguments.cameras, 65):
        if measured(arguments, cameras) < ENOUGH:
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
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        endpoint = stack.enter_context(Endpoint(arguments.latency_ms))
        servers = [Camera("rtsp", folder) for _ in range(arguments.cameras)]
        for server in servers:
            stack.callback(server.kill)
            server.start(arguments.size, arguments.fps)
        text = configuration(endpoint, [server.url for server in servers], arguments)
        monitor = stack.enter_context(monitored(folder, text))
        stack.enter_context(AllStreams(monitor.url))
        names = [f"c{number}" for number in range(arguments.cameras)]

        def all_is_well() -> bool:
            said = monitor.cameras().values()
            return all(
                each["state"] == "running" and each["endpoint"] == "answering" for each in said
            )

        until(all_is_well)
        began_s, backs, holds = time.monotonic(), {}, []
        while time.monotonic() < began_s + 60 * arguments.soak:
            next_s = time.monotonic() + arguments.every
            number = chance.randrange(arguments.cameras)
            what = chance.choice(("camera", "endpoint", "process"))
            if what == "camera":
                servers[number].kill()
                until(lambda n=number: monitor.cameras()[names[n]]["state"] == "lost")
                servers[number].start(arguments.size, arguments.fps)
            elif what == "endpoint":
                endpoint.kill()
                until(lambda: any(e["endpoint"] == "trouble" for e in monitor.cameras().values()))
                endpoint.start()
            else:
                monitor.kill(names[number])
            killed_s = time.monotonic()
            until(all_is_well)
            backs.setdefault(what, []).append(time.monotonic() - killed_s)
            holds.append(held(monitor, names))
            print(
                f"{time.monotonic() - began_s:6.0f} s  {what:8} back after {backs[what][-1]:4.1f} s"
                f"  {holds[-1][0]:5.0f} MB {holds[-1][1]:4} descriptors",
                flush=True,
            )
            time.sleep(max(0.0, next_s - time.monotonic()))
        for what, times in backs.items():
            print(f"{what}: {len(times)} times, back after {statistics.median(times):.1f} s at the")
            print(f"  median and {max(times):.1f} s at most")
        print(f"memory {holds[0][0]:.0f} MB first, {holds[-1][0]:.0f} MB last")
        print(f"descriptors {holds[0][1]} first, {holds[-1][1]} last")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--latency-ms", type=float, default=200)
    parser.add_argument("--in-flight", type=int, help="of all; one a camera if left out")
    parser.add_argument("--align", default="warp")
    parser.add_argument("--align-budget-ms", type=float, default=6)
    parser.add_argument("--browser", action="store_true", help="watch with Chromium")
    parser.add_argument("--most", action="store_true", help="find how many cameras are sustained")
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    parser.add_argument("--every", type=float, default=30, help="seconds between kills in a soak")
    arguments = parser.parse_args()
    if not has_rtsp_server():
        raise SystemExit("the system's Python lacks GstRtspServer: see tests/rtsp_server.py")
    if arguments.soak is not None:
        soak(arguments)
    elif arguments.most:
        find_most(arguments)
    else:
        measured(arguments, arguments.cameras)


if __name__ == "__main__":
    main()
