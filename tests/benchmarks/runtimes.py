"""What a picture costs on each runtime: the built-in model, and a small one of three classes.

    python tests/benchmarks/runtimes.py [--environments DIR] [--opencv4 PYTHON] [--opencv5 PYTHON]

OpenCV 4 and 5 cannot be installed side by side: each gets an environment of its own, made on demand
in DIR and kept there, unless an interpreter that has livesegment with its extras `onnx` and
`litert` is given. Each runtime is a process with the others hidden from it; they are measured by
turns, so that what else the machine does falls on all alike, and compared to LiteRT turn by turn.
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
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
MEDIA = Path(os.environ.get("LIVESEGMENT_TEST_MEDIA", ROOT.parent / "shared"))
CLIP = MEDIA / "clips" / "asl-webcam.mp4"
SAMPLE = ROOT / "samples" / "sample.mp4"
MODULES = {"onnx": "onnxruntime", "litert": "ai_edge_litert.interpreter"}
TURNS, PICTURES = 40, 5


@dataclass
class Row:
    """A runtime, and what was measured of it."""

    name: str
    opencv: int
    runtime: str  # a key of MODULES, or opencv
    form: str = ""  # of the built-in model; without one, what the program chooses
    figures: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


ROWS = (
    Row("OpenCV 4", 4, "opencv"),
    Row("OpenCV 5", 5, "opencv"),
    Row("OpenCV 5, the TFLite file", 5, "opencv", ".tflite"),
    Row("ONNX Runtime", 5, "onnx"),
    Row("LiteRT", 5, "litert"),
)
UNIT = "LiteRT"


def three_classes_network() -> bytes:
    """Return a small encoder and decoder in ONNX, with weights drawn at random."""
    import numpy as np

    sys.path.insert(0, str(HERE.parents[1]))
    import onnx_bytes
    from onnx_bytes import node

    draw = np.random.default_rng(0)
    nodes, constants, channels, x = [], {"scales": np.array([1, 1, 4, 4], np.float32)}, 3, "x"
    for number, (wanted, size, stride) in enumerate(
        ((16, 3, 2), (32, 3, 2), (64, 3, 1), (64, 3, 1), (3, 1, 1))
    ):
        scale = (2 / (channels * size * size)) ** 0.5
        weights = draw.normal(0, scale, (wanted, channels, size, size))
        constants[f"w{number}"] = weights.astype(np.float32)
        pads = [size // 2] * 4
        inputs, shape = [x, f"w{number}"], {"kernel_shape": [size, size]}
        nodes.append(node("Conv", inputs, f"c{number}", strides=[stride] * 2, pads=pads, **shape))
        nodes.append(node("Relu", [f"c{number}"], f"r{number}"))
        channels, x = wanted, f"r{number}"
    how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
    nodes.append(node("Resize", [f"c{number}", "", "scales"], "y", **how))
    size = [1, 3, 256, 256]
    return onnx_bytes.model(nodes, size, size, constants)


def work(runtime: str, form: str, clip: str) -> None:
    """Be one runtime: for each line on stdin, segment pictures and print milliseconds of each."""
    for key, module in MODULES.items():
        if key != runtime:
            sys.modules[module] = None  # type: ignore[assignment]
    import cv2
    import numpy as np

    from livesegment.frame import Frame
    from livesegment.segmenters import builtin
    from livesegment.segmenters.network_file import NetworkFileSegmenter

    cv2.setNumThreads(1)
    if form:
        builtin._quickest_form = lambda device: form  # type: ignore[assignment,return-value]
    capture = cv2.VideoCapture(clip)
    frames = []
    for index in range(PICTURES):
        ok, image = capture.read()
        assert ok, f"{clip} cannot be read"
        frames.append(Frame(np.asarray(image, np.uint8), index, 0.0, 0.0))
    segmenters: dict[str, Any] = {"built-in": builtin.BuiltinSegmenter()}
    if runtime != "litert" and not form:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "three.onnx"
            path.write_bytes(three_classes_network())
            segmenters["three classes"] = NetworkFileSegmenter(path)
    answer(segmenters, frames)


def answer(segmenters: dict[str, Any], frames: list[Any]) -> None:
    """Say what each runs on; then, for each line on stdin, what each spent on a picture."""
    for segmenter in segmenters.values():
        for frame in frames:
            segmenter.segment(frame)
    print(json.dumps({name: each.device for name, each in segmenters.items()}), flush=True)
    for _ in sys.stdin:
        measured = {}
        for name, segmenter in segmenters.items():
            cpu, wall = time.process_time(), time.perf_counter()
            for frame in frames:
                segmenter.segment(frame)
            spent = time.process_time() - cpu, time.perf_counter() - wall
            measured[name] = [each / len(frames) * 1000 for each in spent]
        print(json.dumps(measured), flush=True)


def environment(folder: Path, opencv: int) -> Path:
    """Return the interpreter of an environment with this OpenCV, made if it is not there."""
    place = folder / f"opencv{opencv}"
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (place / "ready").exists():
        print(f"making {place} ...", flush=True)
        venv.create(place, with_pip=True, clear=True)
        wanted = f"opencv-python>={opencv},<{opencv + 1}"
        command = [python, "-m", "pip", "install", "-q", "-e", f"{ROOT}[onnx,litert]", wanted]
        subprocess.run(command, check=True)
        (place / "ready").touch()
    return python


def measure(pythons: dict[int, Path], clip: Path) -> None:
    """Fill the rows."""
    with ExitStack() as stack:
        processes = []
        for row in ROWS:
            command = [pythons[row.opencv], HERE, "--work", row.runtime, row.form, clip]
            process = subprocess.Popen(
                list(map(str, command)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
            stack.callback(process.wait, 60)
            stack.callback(process.stdin.close)  # type: ignore[union-attr]
            processes.append((row, process))
        for row, process in processes:
            print(f"{row.name}: {process.stdout.readline().strip()}")  # type: ignore[union-attr]
        for _ in range(TURNS):
            for row, process in processes:
                print("go", file=process.stdin, flush=True)
                answer = json.loads(process.stdout.readline())  # type: ignore[union-attr]
                for name, figures in answer.items():
                    row.figures.setdefault(name, []).append(tuple(figures))


def tables(environments: str, quick: bool = False) -> dict[str, list[dict[str, Any]]]:
    """Return what a picture costs on each runtime."""
    global TURNS
    TURNS = 8 if quick else TURNS
    pythons = {major: environment(Path(environments), major) for major in (4, 5)}
    measure(pythons, CLIP if CLIP.exists() else SAMPLE)
    [unit] = (row.figures["built-in"] for row in ROWS if row.name == UNIT)
    rows = []
    for row in ROWS:
        shown: dict[str, Any] = {"CPU ms a picture": row.name}
        for name, found in row.figures.items():
            cpu_ms, wall_ms = map(statistics.median, zip(*found, strict=True))
            shown |= {name: round(cpu_ms, 1), f"{name}, wall": round(wall_ms, 1)}
        mine = zip(row.figures["built-in"], unit, strict=True)
        ratios = [its[0] / other[0] for its, other in mine]
        rows.append(shown | {"times LiteRT's CPU": round(statistics.median(ratios), 2)})
    return {"runtimes": rows}


def show() -> None:
    """Print the table."""
    [unit] = (row.figures["built-in"] for row in ROWS if row.name == UNIT)
    print("\n| ms a picture: CPU, wall | built-in | times LiteRT's CPU | three classes |")
    print("|---|---|---|---|")
    for row in ROWS:
        cells = []
        for name in ("built-in", "three classes"):
            found = row.figures.get(name)
            cpu, wall = map(statistics.median, zip(*found, strict=True)) if found else (0, 0)
            cells.append(f"{cpu:.1f}, {wall:.1f}" if found else "")
        ratios = [mine[0] / its[0] for mine, its in zip(row.figures["built-in"], unit, strict=True)]
        print(f"| {row.name} | {cells[0]} | {statistics.median(ratios):.2f} | {cells[1]} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    place = Path(tempfile.gettempdir()) / "livesegment-runtimes"
    parser.add_argument("--environments", type=Path, default=place, metavar="DIR")
    parser.add_argument("--opencv4", type=Path, metavar="PYTHON")
    parser.add_argument("--opencv5", type=Path, metavar="PYTHON")
    parser.add_argument("--clip", type=Path, default=CLIP if CLIP.exists() else SAMPLE)
    given = parser.parse_args()
    pythons = {
        major: getattr(given, f"opencv{major}") or environment(given.environments, major)
        for major in (4, 5)
    }
    measure(pythons, given.clip)
    show()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(*sys.argv[2:])
    else:
        main()
