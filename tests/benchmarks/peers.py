"""The same work by clients that others publish, and by this program.

    python tests/benchmarks/peers.py [--environments DIR] [--quick]

Environments for `inference-sdk`, `roboflow` and `supervision` are made in DIR with pip, once. All
ask the same endpoint (`canned_endpoint.py`), which answers in the protocol of hosted semantic
segmentation. Clips are of 640x360; what is imported and connected once is not counted. Drawing is
compared on the same pictures and masks, which change from picture to picture, one thread, in units
of one `cv2.addWeighted` of the frame measured in the same process; masks are handed over as each
wants them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

from canned_endpoint import endpoint

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
PEER = HERE.with_name("peer_work.py")
PLACES, LATENCY_MS = 8, 150
MOST = PLACES / (LATENCY_MS / 1000)
PACKAGES = {
    "inference-sdk": ("inference-sdk",),  # brings OpenCV, and a supervision that it goes with
    "roboflow": ("roboflow",),
    "supervision": ("supervision", "opencv-python"),
}
Row = dict[str, Any]


def environment(folder: Path, name: str) -> tuple[Path, str]:
    """Return the interpreter of an environment, made if it is not there, and versions in it."""
    place = folder / name
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (place / "ready").exists():
        print(f"making {place} ...", flush=True)
        venv.create(place, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES[name]], check=True)
        (place / "ready").touch()
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format", "json"], check=True, capture_output=True
    )
    versions = {each["name"]: each["version"] for each in json.loads(listed.stdout)}
    shown = [f"{each} {versions[each]}" for each in PACKAGES if each in versions]
    return python, ", ".join(shown)


def said(command: list[Any], **options: Any) -> dict[str, Any]:
    """Return what a work says, before an endpoint of some kind."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    with endpoint(places=PLACES, **options) as running:
        words = [str(running.url if each is None else each) for each in command]
        ran = subprocess.run(words, check=True, stdout=subprocess.PIPE, env=environ)
    return json.loads(ran.stdout.splitlines()[-1])


def by_peer(command: Path, work: str, clip: Path, frames: int, **options: Any) -> dict[str, Any]:
    """Return what a peer's work takes; the interpreter has nothing of this program."""
    return said([command, "-I", PEER, work, None, clip, frames], **options)


def pictures(pythons: dict[str, Path], clip: Path, frames: int, few: int) -> list[Row]:
    """Return pictures a second before an endpoint of 150 ms with eight places."""
    sdk, roboflow = pythons["inference-sdk"], pythons["roboflow"]
    growth = HERE.with_name("growth_work.py")
    ours = [sys.executable, growth, "annotate", None, PLACES, 1, clip]
    found = {
        "inference-sdk, `infer_on_stream`": by_peer(sdk, "sdk_stream", clip, few),
        "inference-sdk, lists, 8 at once": by_peer(sdk, "sdk_batch", clip, frames),
        "roboflow, `predict`": by_peer(roboflow, "roboflow_call", clip, few),
        "supervision, `process_video`, with the SDK": by_peer(sdk, "process_video", clip, few),
        "`annotate --in-flight 8`": said(ours),
    }
    rates = {name: each["frames"] / each["wall_s"] for name, each in found.items()}
    *_, our_rate = rates.values()
    return [
        {
            "": name,
            "frames/s": round(rates[name], 1),
            "of the most": f"{rates[name] / MOST:.0%}",
            "times less than ours": round(our_rate / rates[name], 1),
            "draws and writes": "yes" if "annotate" in name or "process" in name else "",
            "CPU ms a frame": round(1000 * each["cpu_s"] / each["frames"], 1),
            "MB": round(each["memory_mb"]),
        }
        for name, each in found.items()
    ]


def calls(pythons: dict[str, Path], clip: Path, frames: int) -> list[Row]:
    """Return what a call takes of the CPU: JPEG, HTTP, and the pixels of the mask."""
    ours = [sys.executable, HERE, "--work", "call", None, clip, frames]
    found = {
        "inference-sdk": by_peer(pythons["inference-sdk"], "sdk_call", clip, frames, latency_ms=1),
        "roboflow": by_peer(pythons["roboflow"], "roboflow_call", clip, frames, latency_ms=1),
        "`HttpSegmenter`": said(ours, latency_ms=1),
    }
    spent = {name: 1000 * each["cpu_s"] / each["frames"] for name, each in found.items()}
    *_, our_ms = spent.values()
    return [
        {"": name, "CPU ms a call": round(ms, 1), "times ours": round(ms / our_ms, 2)}
        for name, ms in spent.items()
    ]


def drawing(python: Path, rounds: int) -> list[Row]:
    """Return what drawing 720p takes by the number of classes."""
    theirs = by_peer(python, "annotators", Path("none"), rounds)
    ours = said([sys.executable, HERE, "--work", "draw", None, "none", rounds])
    rows = []
    for kind, title, our_style in (
        ("masks", "`MaskAnnotator`", "fill"),
        ("outlines", "`PolygonAnnotator`", "outline"),
    ):
        for classes, found in ours.items():
            drawn = f"{title}, {classes} {'class' if classes == '1' else 'classes'}"
            (their_ms, their_units), (our_ms, our_units) = theirs[classes][kind], found[our_style]
            rows.append(
                {
                    "720p, `fill` and `outline` beside": drawn,
                    "ms": round(their_ms, 1),
                    "units": round(their_units, 1),
                    "ours, ms": round(our_ms, 1),
                    "ours, units": round(our_units, 1),
                    "times ours": round(their_units / our_units, 1),
                }
            )
    return rows


def tables(environments: str, quick: bool = False) -> dict[str, list[Row]]:
    """Return how peers do, beside this program."""
    from growth import write_clip

    made = {name: environment(Path(environments), name) for name in PACKAGES}
    pythons = {name: python for name, (python, _) in made.items()}
    frames, few = (160, 24) if quick else (800, 60)
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        write_clip(clip, (640, 360), frames)
        return {
            "peers": pictures(pythons, clip, frames, few),
            "peers, a call": calls(pythons, clip, 40 if quick else 200),
            "peers, drawing": drawing(pythons["supervision"], 18 if quick else 120),
            "peers, versions": [
                {"environment": name, "has": versions} for name, (_, versions) in made.items()
            ],
        }


def work(name: str, url: str, clip: str, count: int) -> dict[str, Any]:
    """Do our part of the calls or of the drawing in this process."""
    return draw(count) if name == "draw" else call(url, clip, count)


def call(url: str, clip: str, frames: int) -> dict[str, Any]:
    """Ask one call after the other."""
    from peer_work import MODEL, some

    from livesegment import Frame, HttpSegmenter

    shown = [Frame(image, index, 0.0, 0.0) for index, image in enumerate(some(clip, frames))]
    with HttpSegmenter(url, MODEL) as segmenter:
        for frame in shown[:2]:
            segmenter.segment(frame)
        cpu_s = time.process_time()
        for frame in shown:
            segmenter.segment(frame)
        return {"frames": len(shown), "cpu_s": time.process_time() - cpu_s}


def draw(rounds: int) -> dict[str, Any]:
    """Draw what the annotators draw."""
    import cv2
    import numpy as np
    from peer_work import CLASSES, PICTURES, scene

    from livesegment.frame import Frame
    from livesegment.mask import Mask
    from livesegment.overlay.compositor import Compositor
    from livesegment.settings.controls import Controls

    cv2.setNumThreads(1)
    found: dict[str, Any] = {}
    for classes in CLASSES:
        names = {0: "background"} | {each: f"class {each}" for each in range(1, classes + 1)}
        scenes = [
            (Frame(image, number, 0.0, 0.0), Mask(ids, names, number))
            for number in range(PICTURES)
            for image, ids in [scene(number, classes)]
        ]
        found[str(classes)] = {}
        for style in ("fill", "outline"):
            compositor, controls = Compositor(), Controls(style=style, show_legend=False)
            target, spent, units = np.zeros_like(scenes[0][0].image), [], []
            for number in range(-PICTURES, rounds):
                frame, mask = scenes[number % PICTURES]
                other = scenes[(number + 1) % PICTURES][0].image
                begin_s = time.thread_time()
                cv2.addWeighted(frame.image, 0.5, other, 0.5, 0, dst=target)
                unit_s = time.thread_time() - begin_s
                begin_s = time.thread_time()
                compositor.draw(frame, mask, controls)
                drawn_s = time.thread_time() - begin_s
                if number >= 0:
                    spent.append(1000 * drawn_s)
                    units.append(drawn_s / unit_s)
            found[str(classes)][style] = [statistics.median(spent), statistics.median(units)]
    return found


def main() -> None:
    sys.path.insert(0, str(HERE.parents[1]))
    from kept import plain

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = Path(tempfile.gettempdir()) / "livesegment-environments"
    parser.add_argument("--environments", type=Path, default=default, metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="less of everything")
    given = parser.parse_args()
    for name, rows in tables(str(given.environments), given.quick).items():
        print(f"\n{name}\n{plain(rows)}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        print(json.dumps(work(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))))
    else:
        main()
