"""Every figure that README, the benchmarks' README and CHANGELOG claim, beside its baselines.

    python tests/benchmarks/all.py [NAME ...] [--quick] [--peers] [--rest] [--list]

Each part is a benchmark of this folder, measured in a process of its own, printed as tables and
kept in `kept.json` as soon as it has ended: what breaks off goes on with `--rest`, and with its
name a part is made again. Then `python tests/generate.py` writes the tables of the README. A
baseline is measured in the same run as what stands beside it, and the ratio of both is what a busy
machine does not change; each part says on which machine, and how busy that was.

`--quick` measures less of everything, in ten minutes on two idle cores, and keeps nothing unless
`--json` names a file. `--peers` adds what other packages are needed for: clients that others
publish, and OpenCV 4; environments for these are made in `--environments`, once. Parts whose media
are missing (`LIVESEGMENT_TEST_MEDIA`) are left out, and what was kept of them stays. A window needs
a display, as Xvfb is one.
"""

import argparse
import contextlib
import importlib.util
import inspect
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import kept
import tabled

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
MEDIA = Path(os.environ.get("LIVESEGMENT_TEST_MEDIA", ROOT.parent / "shared"))


@dataclass(frozen=True)
class Part:
    """A benchmark.

    Attributes:
        title: What is measured.
        module: The file, without its suffix; its `tables(quick, ...)`, or the function of its name
            in `tabled.py`, or its `measure`, returns `kept.Tables`, or the rows of one.
        media: The folder or file of `MEDIA` that it needs.
        needs_others: Whether it needs packages that are no part of the program's own.
    """

    title: str
    module: str
    media: str = ""
    needs_others: bool = False


PARTS = {
    "late": Part("late masks", "overlay_truth", "davis"),
    "keyframes": Part("fewer calls", "keyframes", "davis"),
    "hard": Part("frames that are hard for the model", "hard_frames", "davis"),
    "dense": Part("a class on every pixel", "drive", "dense"),
    "program": Part("late masks through the whole program", "live_truth", "davis"),
    "picture": Part("frames a second that live shows", "live_sizes"),
    "throughput": Part("annotating at the endpoint's limit", "throughput"),
    "adapting": Part("requests that live finds by itself", "adapting"),
    "cameras": Part("eight cameras", "cameras"),
    "reconnect": Part("lost cameras", "reconnect"),
    "flicker": Part("flicker", "flicker", "clips/asl-webcam.mp4"),
    "edges": Part("soft edges", "edges_truth", "davis"),
    "page": Part("the page's picture as video", "page_video", "clips/asl-webcam.mp4"),
    "blending": Part("drawing", "blending"),
    "redaction": Part("redaction of a moving camera", "redaction", "davis"),
    "backgrounds": Part("other backgrounds", "backgrounds"),
    "pieces": Part("bodies in small pieces", "small_pieces"),
    "browser": Part("a browser's camera", "browser_camera"),
    "starting": Part("from the command to a picture", "starting"),
    "review": Part("ten thousand events", "review"),
    "memory": Part("memory", "memory"),
    "growth": Part("how cost grows", "growth"),
    "runtimes": Part("runtimes", "runtimes", needs_others=True),
    "peers": Part("clients that others publish", "peers", needs_others=True),
}


def machine() -> dict[str, Any]:
    """Return what the figures depend on, without a name that says whose machine it is."""
    import cv2

    system = platform.freedesktop_os_release() if sys.platform == "linux" else {}
    return {
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "cpu": _cpu_name(),
        "memory_gb": round(_memory_bytes() / 2**30),
        "os": f"{system.get('PRETTY_NAME', platform.system())}, {platform.machine()}",
        "python": platform.python_version(),
        "opencv": cv2.__version__,
        "display": bool(os.environ.get("DISPLAY")),
        "load": round(os.getloadavg()[0], 1),
    }


def _cpu_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def work(name: str, output: Path, options: dict[str, Any]) -> None:
    """Measure a part in this process, which is its own."""
    before = machine()
    # Under a name of its own: tests/ has modules of the same names.
    path = HERE.with_name(f"{PARTS[name].module}.py")
    specification = importlib.util.spec_from_file_location(f"benchmark_{name}", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    tables = getattr(module, "tables", None)
    if tables is None:
        adapted = getattr(tabled, PARTS[name].module, None)
        tables = partial(adapted, module) if adapted else module.measure
    taken = inspect.signature(tables).parameters
    began_s = time.monotonic()
    found = tables(**{key: value for key, value in options.items() if key in taken})
    said = {
        "seconds": round(time.monotonic() - began_s),
        "cpu_seconds": round(sum(os.times()[:4])),
        "machine": before,
        "tables": {name: found} if isinstance(found, list) else found,
    }
    output.write_text(json.dumps(said))


def measure(name: str, given: argparse.Namespace) -> dict[str, Any]:
    """Measure a part in a process of its own.

    Raises:
        RuntimeError: If it fails; with the last line that it wrote.
    """
    options = {"quick": given.quick, "media": str(MEDIA), "environments": str(given.environments)}
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "said.json"
        command = [sys.executable, str(HERE), "--work", name, str(output), json.dumps(options)]
        done = subprocess.run(
            command,
            stdout=None if given.verbose else subprocess.DEVNULL,
            stderr=None if given.verbose else subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        if done.returncode != 0:
            raise RuntimeError((done.stderr or "it failed").strip().splitlines()[-1])
        return {"quick": given.quick, **json.loads(output.read_text())}


def missing(part: Part) -> str:
    """Return why a part cannot be measured; empty: it can."""
    if not HERE.with_name(f"{part.module}.py").exists():
        return f"there is no {part.module}.py"
    if part.media and not (MEDIA / part.media).exists():
        return f"LIVESEGMENT_TEST_MEDIA has no {part.media}"
    return ""


def wanted(given: argparse.Namespace) -> list[str]:
    """Return the parts to measure."""
    chosen = given.names or [
        name for name, part in PARTS.items() if given.peers or not part.needs_others
    ]
    done = [name for name, part in kept.read().items() if not part["quick"]] if given.rest else []
    return [name for name in PARTS if name in chosen and name not in done]


def show(name: str, part: dict[str, Any]) -> None:
    """Print a part."""
    print(f"\n== {name}: {PARTS[name].title}")
    load = part["machine"]["load"]
    print(f"{kept.described(part['machine'])}, load {load}", end="")
    print(f"; took {part['seconds']} s, {part['cpu_seconds']} of CPU{', quick' * part['quick']}")
    for table, rows in part["tables"].items():
        print(f"\n{table}\n{kept.plain(rows)}")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these parts")
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--peers", action="store_true", help="also what needs other packages")
    parser.add_argument("--rest", action="store_true", help="only what is not kept in full")
    parser.add_argument("--list", action="store_true", help="print the parts' names and end")
    parser.add_argument("--json", type=Path, help="keep in this file; by default in kept.json")
    default = Path(tempfile.gettempdir()) / "livesegment-environments"
    parser.add_argument("--environments", type=Path, default=default, metavar="DIR")
    parser.add_argument("--verbose", action="store_true", help="what each part says meanwhile")
    given = parser.parse_args()
    if unknown := set(given.names) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}: see --list")
    if given.list:
        print(kept.plain([{"part": name, "": part.title} for name, part in PARTS.items()]))
        return 0
    path = given.json or (None if given.quick else kept.KEPT)
    failed, began_s = 0, time.monotonic()
    for name in wanted(given):
        if reason := missing(PARTS[name]):
            print(f"\n== {name}: left out, {reason}")
            continue
        try:
            part = measure(name, given)
        except RuntimeError as error:
            failed += 1
            print(f"\n== {name}: {error}")
            continue
        show(name, part)
        if path is not None:
            kept.write({**kept.read(path), name: part}, path)
    print(f"\n{time.monotonic() - began_s:.0f} s in all{f', {failed} failed' if failed else ''}")
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], Path(sys.argv[3]), json.loads(sys.argv[4]))
    else:
        sys.exit(main())
