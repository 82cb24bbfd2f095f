"""`live` and `monitor` for an hour, while something is killed every 30 seconds.

    python tests/endurance/run.py [--minutes 60] [--folder FOLDER]
    python tests/endurance/run.py --judge FOLDER

A camera in `live` and four in `monitor` (RTSP where the machine can, Motion JPEG, HLS) record into
files of six seconds, notice an event every four seconds, with clips, a webhook and MQTT, and are
watched on their pages, by one who stays and one who comes and goes. By turns a camera, the endpoint
(with the broker) and a camera's process are killed (SIGKILL), and come back after five seconds; a
process comes back by itself.

FOLDER gets `samples.csv` (memory, threads, descriptors of every process, every five seconds),
`losses.csv` (what was killed, and how soon it was back) and `curve.png`. It exits with 1 if in one
of the processes that lived through it memory grew by 0.1 MB a minute or more after minute ten, or
threads or descriptors did; or if something did not come back. `--judge` reads a folder again.
"""

import argparse
import csv
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parents[1]))  # before those: either has a cameras.py

from endurance.curve import draw
from endurance.held import Sampler, read_samples
from endurance.stage import KILLED, Stage
from endurance.verdict import judge
from endurance.visitor import Visitor

AWAY_S = 5.0
"""For how long what was killed stays away."""

PATIENCE_S = 25.0
"""How soon it has to be back after that."""

LOOK_S = 5.0
"""How often the visitor comes, and how often processes are looked at."""


def losses(stage: Stage) -> Iterator[tuple[str, Callable[[], None], Callable[[], None]]]:
    """Yield, for ever, what is lost next: its name, what kills it, and what brings it back."""

    def kill_endpoint() -> None:
        stage.endpoint.kill()
        if stage.broker is not None:
            stage.broker.kill()

    def start_endpoint() -> None:
        stage.endpoint.start()
        if stage.broker is not None:
            stage.broker.start()

    for name in itertools.cycle(stage.servers):
        yield f"camera {name}", stage.servers[name].kill, lambda n=name: stage.start_camera(n)
        yield "endpoint", kill_endpoint, start_endpoint
        yield f"process {KILLED}", lambda: stage.monitor.kill(KILLED), lambda: None


def is_well(stage: Stage) -> bool:
    """Tell whether every camera is shown, with masks."""
    return all(
        (each["state"], each["endpoint"]) == ("running", "answering")
        for each in stage.states().values()
    )


def seconds_until_well(stage: Stage) -> float | None:
    """Return how long it took until every camera is shown with masks; None: too long."""
    began_s = time.monotonic()
    while not is_well(stage):
        if time.monotonic() - began_s > PATIENCE_S:
            return None
        time.sleep(0.1)
    return time.monotonic() - began_s


def endure(arguments: argparse.Namespace, folder: Path) -> None:
    """Run everything for some minutes; what it held and lost stands in the folder."""
    with (
        Stage(folder, arguments.size, arguments.fps, arguments.latency_ms) as stage,
        Sampler(folder / "samples.csv", LOOK_S, stage.processes) as sampler,
        Visitor([stage.live.url, stage.monitor.url], LOOK_S),
        (folder / "losses.csv").open("w", newline="", buffering=1) as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["minute", "what", "back_s"])
        for what, kill, bring_back in losses(stage):
            next_s = time.monotonic() + arguments.every
            if sampler.minute >= arguments.minutes:
                break
            minute = sampler.minute
            kill()
            time.sleep(AWAY_S)
            bring_back()
            back_s = seconds_until_well(stage)
            writer.writerow([f"{minute:.3f}", what, "" if back_s is None else f"{back_s:.2f}"])
            print(
                f"{minute:6.2f} min  {what:12} "
                + ("not back" if back_s is None else f"back after {back_s:.1f} s"),
                flush=True,
            )
            time.sleep(max(0.0, next_s - time.monotonic()))
        for name, each in (("live", stage.live), ("monitor", stage.monitor)):
            (folder / f"{name}.log").write_text("\n".join(each.lines) + "\n")


def report(folder: Path, warm_up: float) -> bool:
    """Print what the samples of a run say, draw its curve, and tell whether all was well."""
    samples = read_samples(folder / "samples.csv")
    with (folder / "losses.csv").open(newline="") as file:
        lost = list(csv.DictReader(file))
    draw(folder / "curve.png", samples, [float(each["minute"]) for each in lost], warm_up)
    is_right = True
    print(f"after minute {warm_up:g} of {max(each[-1].minute for each in samples.values()):.0f}")
    for name, each in samples.items():
        verdict = judge(each, warm_up)
        if verdict is None:
            pids = len({sample.pid for sample in each})
            print(f"  {name}: {pids} processes, {each[-1].masks} masks")
            continue
        is_right &= not verdict.grows
        print(f"  {name}: {verdict}")
    for what in dict.fromkeys(each["what"] for each in lost):
        back = [each["back_s"] for each in lost if each["what"] == what]
        times = [float(each) for each in back if each]
        is_right &= len(times) == len(back)
        how = f"at most {max(times):.1f} s, {statistics.median(times):.1f} s" if times else "-"
        print(f"  {what}: killed {len(back)} times, {len(times)} times back, {how} at the median")
    print(f"curve: {folder / 'curve.png'}")
    return is_right


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--warm-up", type=float, default=10, help="minutes that do not count")
    parser.add_argument("--every", type=float, default=30, help="seconds between kills")
    parser.add_argument("--size", default="160x120")
    parser.add_argument("--fps", type=int, default=10)
    parser.add_argument("--latency-ms", type=float, default=100)
    parser.add_argument("--folder", type=Path, help="for what is written; a new one if left out")
    parser.add_argument("--judge", type=Path, metavar="FOLDER", help="of an earlier run")
    arguments = parser.parse_args()
    folder = arguments.judge or arguments.folder or Path(tempfile.mkdtemp(prefix="endurance-"))
    if arguments.judge is None:
        folder.mkdir(parents=True, exist_ok=True)
        print(f"everything is written into {folder}", flush=True)
        endure(arguments, folder)
    return 0 if report(folder, arguments.warm_up) else 1


if __name__ == "__main__":
    sys.exit(main())
