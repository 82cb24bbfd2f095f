"""How frames a second, CPU and memory grow with size, classes, requests, jobs, cameras and length.

    python tests/benchmarks/growth.py [--quick] [--only sizes classes ...]

Each row is a process of its own (`growth_work.py`), before an endpoint in another one
(`canned_endpoint.py`). Beside `annotate` runs a script of forty lines on the same clip: decode,
JPEG, as many requests at once, colours blended over the picture, the same H.264; neither legend,
soft edges nor journal. `times` is how many times the script's CPU that is. Memory is the most that
the process held (VmHWM), and what Python and the libraries take by themselves is in it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from canned_endpoint import endpoint

ROOT = Path(__file__).resolve().parents[2]
WORK = Path(__file__).with_name("growth_work.py")
SAMPLE = ROOT / "samples" / "sample.mp4"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
FPS = 30
SIZES = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080), "4K": (3840, 2160)}
SMALL = (320, 180)
CLASSES = (1, 4, 20, 80, 150)
IN_FLIGHT = (1, 2, 4, 8, 16, 32, 64)
JOBS = (1, 2, 3, 4)
CAMERAS = (1, 2, 4, 8, 16)
QUARTERS = 4

Row = dict[str, Any]
Said = dict[str, Any]


def write_clip(path: Path, size: tuple[int, int], frames: int) -> None:
    """Write the sample in another size, again and again."""
    with av.open(str(SAMPLE)) as read:
        options = {"preset": "veryfast", "tune": "fastdecode"}
        few = min(frames, 240)
        shown = [each.reformat(*size) for each in islice(read.decode(video=0), few)]
    with av.open(str(path), "w") as written:
        stream = written.add_stream("libx264", rate=FPS, options=options)
        (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
        for index in range(frames):
            # Forwards and backwards, so that there is no cut.
            turn, place = divmod(index, len(shown))
            picture = shown[-1 - place if turn % 2 else place]
            picture.pts, picture.time_base = index, Fraction(1, FPS)
            written.mux(stream.encode(picture))
        written.mux(stream.encode(None))


def done(name: str, clips: list[Path], in_flight: int = 8, jobs: int = 1, **options: Any) -> Said:
    """Do one work before an endpoint of some kind, and return what it took."""
    with endpoint(**options) as running:
        words = [name, running.url, str(in_flight), str(jobs), *map(str, clips)]
        command = [sys.executable, WORK, *words]
        ran = subprocess.run(command, stdout=subprocess.PIPE, env=ENVIRONMENT)
    if ran.returncode != 0:
        raise SystemExit(f"{name} of {[each.name for each in clips]} failed")
    said = json.loads(ran.stdout.splitlines()[-1])
    return {
        **said,
        "rate": said["frames"] / said["wall_s"],
        "cpu_ms": 1000 * said["cpu_s"] / said["frames"],
    }


def beside(first: str, value: object, ours: Said, plain: Said) -> Row:
    """Return a row of both."""
    return {
        first: value,
        "frames/s": round(ours["rate"], 1),
        "script's frames/s": round(plain["rate"], 1),
        "CPU ms a frame": round(ours["cpu_ms"], 1),
        "script's CPU ms": round(plain["cpu_ms"], 1),
        "times": round(ours["cpu_ms"] / plain["cpu_ms"], 2),
        "MB": round(ours["memory_mb"]),
        "script's MB": round(plain["memory_mb"]),
    }


def by_size(folder: Path, quick: bool) -> list[Row]:
    """Annotate with eight requests at once before an endpoint that answers at once."""
    rows = []
    for name, size in SIZES.items():
        clip = folder / f"{name}.mp4"
        pixels = size[0] * size[1]
        write_clip(clip, size, max(48, round((60e6 if quick else 180e6) / pixels)))
        ours, plain = (done(each, [clip], latency_ms=0) for each in ("annotate", "plain"))
        row = beside("size", name, ours, plain)
        row["CPU ns a pixel"] = round(1e6 * ours["cpu_ms"] / pixels, 1)
        rows.append(row)
    return rows


def live_by_size(folder: Path, quick: bool) -> list[Row]:
    """Show a clip of 30 frames/s, masks 150 ms late, without a window."""
    rows = []
    for name, size in list(SIZES.items())[: 2 if quick else None]:
        clip = folder / f"live-{name}.mp4"
        write_clip(clip, size, 60)
        said = done("live", [clip], latency_ms=150)
        rows.append(
            {
                "size": name,
                f"frames/s of {FPS}": round(said["frames"] / 6, 1),
                "CPU ms a frame": round(said["cpu_ms"], 1),
                "CPU ns a pixel": round(1e6 * said["cpu_ms"] / (size[0] * size[1]), 1),
                "mask age, ms": round(said["age_ms"]),
                "MB": round(said["memory_mb"]),
            }
        )
    return rows


def by_classes(folder: Path, quick: bool) -> list[Row]:
    """Annotate 720p with a class on every pixel."""
    size, clip = SIZES["720p"], folder / "classes.mp4"
    write_clip(clip, size, 48 if quick else 150)
    return [
        beside("classes", count, *(
            done(each, [clip], latency_ms=0, dense=1, classes=count)
            for each in ("annotate", "plain")
        ))
        for count in (CLASSES[::2] if quick else CLASSES)
    ]  # fmt: skip


def by_in_flight(folder: Path, quick: bool) -> list[Row]:
    """Annotate 640x360 before an endpoint of 100 ms with 64 places."""
    rows = []
    for count in IN_FLIGHT[:: 2 if quick else 1]:
        clip = folder / f"in-flight-{count}.mp4"
        write_clip(clip, SIZES["360p"], min(600, (15 if quick else 40) * count + 30))
        ours, plain = (
            done(each, [clip], count, latency_ms=100, places=64) for each in ("annotate", "plain")
        )
        row = beside("in flight", count, ours, plain)
        row["of the endpoint's most"] = f"{ours['rate'] / (count / 0.1):.0%}"
        rows.append(row)
    return rows


def by_jobs(folder: Path, quick: bool) -> list[Row]:
    """Annotate four clips of 640x360 with eight requests at once in all, and one job or several."""
    frames = 100 if quick else 300
    clips = [folder / f"job-{number}.mp4" for number in range(max(JOBS))]
    for clip in clips:
        write_clip(clip, SIZES["360p"], frames)
    rows: list[Row] = []
    for jobs in JOBS[:: 3 if quick else 1]:
        said = done("annotate", clips, jobs=jobs, latency_ms=150, places=8)
        first = rows[0] if rows else {"CPU ms a frame": said["cpu_ms"]}
        rows.append(
            {
                "jobs": jobs,
                "frames/s": round(said["rate"], 1),
                "of the endpoint's most": f"{said['rate'] / (8 / 0.15):.0%}",
                "CPU ms a frame": round(said["cpu_ms"], 1),
                "times one job's": round(said["cpu_ms"] / first["CPU ms a frame"], 2),
                "MB": round(said["memory_mb"]),
            }
        )
    return rows


def by_cameras(_: Path, quick: bool) -> list[Row]:
    """Watch 1 to 16 RTSP cameras of 320x180 at 10 frames/s, masks pasted, 200 ms late."""
    script = Path(__file__).with_name("cameras.py")
    rows: list[Row] = []
    for count in CAMERAS[:: 2 if quick else 1]:
        words = [f"--cameras={count}", "--size=320x180", "--fps=10", "--align=paste"]
        words += [f"--seconds={5 if quick else 15}", "--json"]
        command = [sys.executable, script, *words]
        ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=ENVIRONMENT)
        said = json.loads(ran.stdout.splitlines()[-1])
        percent = said["cpu_percent"] / count
        first = rows[0]["CPU of a core, % a camera"] if rows else percent
        rows.append(
            {
                "cameras": count,
                "frames/s of 10": round(min(said["rates"]), 1),
                "CPU of a core, % a camera": round(percent, 1),
                "times one camera's": round(percent / first, 2),
                "MB a camera": round(said["memory_mb"][1]),
                "MB, the monitor": round(said["memory_mb"][0]),
            }
        )
    return rows


def by_length(folder: Path, quick: bool) -> list[Row]:
    """Annotate 30 minutes of 320x180, two if that is to be quick, and compare its quarters."""
    minutes = 2 if quick else 30
    clip = folder / "long.mp4"
    write_clip(clip, SMALL, minutes * 60 * FPS)
    noted = done("annotate", [clip], latency_ms=0, size=SMALL)["noted"]
    # The first part of the first quarter is the start.
    ends = np.linspace(len(noted) // 20, len(noted) - 1, QUARTERS + 1).round().astype(int)
    rows: list[Row] = []
    for quarter in range(QUARTERS):
        part = np.array(noted[ends[quarter] : ends[quarter + 1] + 1])
        frames, cpu_s, memory_mb = part.T
        cpu_ms = float(1000 * (cpu_s[-1] - cpu_s[0]) / (frames[-1] - frames[0]))
        slope = np.polyfit(frames / (60 * FPS), memory_mb, 1)[0]
        first = rows[0]["CPU ms a frame"] if rows else cpu_ms
        rows.append(
            {
                f"of {minutes} minutes": f"quarter {quarter + 1}",
                "CPU ms a frame": round(cpu_ms, 2),
                "times the first": round(cpu_ms / first, 2),
                "MB, median": round(float(np.median(memory_mb))),
                "MB more each minute": round(float(slope), 2),
            }
        )
    return rows


TABLES: dict[str, Callable[[Path, bool], list[Row]]] = {
    "sizes": by_size,
    "live sizes": live_by_size,
    "classes": by_classes,
    "in flight": by_in_flight,
    "jobs": by_jobs,
    "cameras": by_cameras,
    "length": by_length,
}


def measure(quick: bool = False, only: list[str] | None = None) -> dict[str, list[Row]]:
    """Return the rows by what grows."""
    found = {}
    for name in only or TABLES:
        began_s = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found[f"growth by {name}"] = TABLES[name](Path(folder), quick)
        print(f"{name}: {time.monotonic() - began_s:.0f} s", file=sys.stderr, flush=True)
    return found


def tables(quick: bool = False) -> dict[str, list[Row]]:
    """Return them for `all.py`."""
    return measure(quick)


def main() -> None:
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from kept import plain

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--only", nargs="+", choices=TABLES)
    given = parser.parse_args()
    for name, rows in measure(given.quick, given.only).items():
        print(f"\n{name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n{plain(rows)}")


if __name__ == "__main__":
    main()
