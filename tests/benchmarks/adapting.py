"""How old masks are in a live run that finds its requests in flight by itself.

Endpoints of several kinds (`canned_endpoint.py`, a process of its own) are asked by
`livesegment live` about a drawn pattern of 30 frames/s, with fixed numbers of requests in flight,
with the number that is found by default (1 to 4), and with `auto` (1 to 64)::

    python tests/benchmarks/adapting.py [--seconds 20] [--only 1x400 ...]

It prints the median age of the masks on the pictures, from `--stats`, and in brackets masks and
calls; last, how many times the age with the best fixed number the others have.
Behind the slow uplink the fixed numbers send what they always send; what is found sends less.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from canned_endpoint import endpoint

_FIXED = ("1", "2", "4", "8")
_FOUND = ("", "auto")  # without the option, and with it

SCENES: dict[str, dict[str, float]] = {
    "1x400": {"places": 1, "latency_ms": 400},
    "1x100": {"places": 1, "latency_ms": 100},
    "4x200": {"places": 4, "latency_ms": 200},
    "32x150": {"places": 32, "latency_ms": 150},
    "4x100, then 300": {
        "places": 4,
        "latency_ms": 100,
        "change_after_s": 0,
        "changed_latency_ms": 300,
    },
    "2 Mbit/s up, 4x50": {"places": 4, "latency_ms": 50, "uplink_mbit": 2},
}


@dataclass(frozen=True)
class Result:
    """What one run came to."""

    age_ms: float
    masks: int
    calls: int


def run(scene: dict[str, float], in_flight: str, seconds: float) -> Result:
    """Show the pattern over an endpoint of this kind; a change comes in the middle."""
    if "change_after_s" in scene:
        scene = {**scene, "change_after_s": seconds / 2}
    with endpoint(**scene) as asked, tempfile.TemporaryDirectory() as folder:
        stats = Path(folder) / "stats.json"
        command = [sys.executable, "-m", "livesegment", "live", "pattern:640x360@30"]
        command += ["--no-window", f"--duration={seconds:g}", f"--stats={stats}"]
        command += [f"--endpoint={asked.url}", "--model=canned/1", "--align=paste"]
        command += [f"--in-flight={in_flight}"] if in_flight else []
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        said = json.loads(stats.read_text())
    return Result(said["mask_age_ms"]["p50"], said["masks_received"], said["calls"])


def tables(quick: bool = False) -> dict[str, list[dict[str, object]]]:
    """Return the median age of masks by endpoint and requests in flight, in brackets the calls."""
    rows = []
    for name in ["4x200"] if quick else SCENES:
        found = {each: run(SCENES[name], each, 8 if quick else 20) for each in _FIXED + _FOUND}
        best_ms = min(found[each].age_ms for each in _FIXED)
        titles = {"": "by default", "auto": "`--in-flight auto`"}
        rows.append(
            {
                "mask age, ms (calls)": name,
                **{
                    titles.get(each, each): f"{one.age_ms:.0f} ({one.calls})"
                    for each, one in found.items()
                },
                "default, times the best": round(found[""].age_ms / best_ms, 2),
                "auto, times": round(found["auto"].age_ms / best_ms, 2),
            }
        )
    return {"adapting": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=20, help="of each run")
    parser.add_argument("--only", nargs="+", choices=SCENES, default=list(SCENES))
    given = parser.parse_args()
    print(
        f"{'mask age p50, ms':20}" + "".join(f"{each or '1 to 4':>16}" for each in _FIXED + _FOUND)
    )
    for name in given.only:
        results = {each: run(SCENES[name], each, given.seconds) for each in _FIXED + _FOUND}
        cells = [f"{each.age_ms:.0f} ({each.masks}/{each.calls})" for each in results.values()]
        best_ms = min(results[each].age_ms for each in _FIXED)
        times = ", ".join(f"{results[each].age_ms / best_ms:.2f}" for each in _FOUND)
        print(f"{name:20}" + "".join(f"{cell:>16}" for cell in cells) + f"   x {times}", flush=True)


if __name__ == "__main__":
    main()
