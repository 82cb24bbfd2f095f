"""How much of the truth the whole program shows: capture, endpoint, alignment, display.

A test endpoint recognises the frame it is sent and answers with that frame's true mask after a
set latency; `live` shows a sequence paced at 24 frames/s and keeps the masks it showed::

    python tests/benchmarks/live_truth.py --davis DIR [--sequence NAME ...]

For each latency and number of requests in flight it prints how old the masks were when they were
shown (mean, in frames), J of what was shown with `--align paste` and `--align warp`, J of
MaskAligner alone fed masks of just those ages, and the share of what pasting loses against the
truth that warping wins back. J is region similarity, the mean over the frames that had a mask.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from methods import won_back

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion import MaskAligner
from livesegment.segmenters.base import Segmenter
from livesegment.server.embedded import EmbeddedServer
from livesegment.settings.serve import ServeOptions
from livesegment.sinks.mask_file import MaskFileReader

FPS = 24
CLASS_MAP = {0: "background", 1: "object"}
THUMBNAIL = (64, 36)
SHOWN = ((200, 6), (100, 4), (200, 1), (400, 8))
"""Latencies in ms and requests in flight that tables show."""


class TruthSegmenter(Segmenter):
    """Answers with the true mask of the frame that looks most like the one it is sent."""

    max_concurrency = None

    def __init__(self, images: list[np.ndarray], masks: list[np.ndarray]) -> None:
        self._known = np.stack([self._thumbnail(image) for image in images])
        self._masks = masks

    @staticmethod
    def _thumbnail(image: np.ndarray) -> np.ndarray:
        small = cv2.resize(image, THUMBNAIL, interpolation=cv2.INTER_AREA)
        return small.astype(np.int16).reshape(-1)

    def segment(self, frame: Frame) -> Mask:
        differences = np.abs(self._known - self._thumbnail(frame.image)).mean(axis=1)
        truth = self._masks[int(differences.argmin())]
        return Mask(truth, CLASS_MAP, frame.index).resized(frame.frame_size)


@dataclass(frozen=True)
class Shown:
    """What a run showed: the mask of each frame shown, by frame number, and its figures."""

    masks: dict[int, np.ndarray]
    stats: dict


def similarity(shown: np.ndarray, truth: np.ndarray) -> float:
    return Mask(shown, CLASS_MAP).similarity(Mask(truth, CLASS_MAP), 1)


def run_live(clip: Path, url: str, align: str, in_flight: int, folder: Path) -> Shown:
    masks, stats = folder / f"{align}.mkv", folder / f"{align}.json"
    command = [sys.executable, "-m", "livesegment", "live", str(clip), "--no-window"]
    command += ["--endpoint", url, "--model", "truth/1", "--in-flight", str(in_flight)]
    command += ["--align", align, "--max-side", "1024", "--overwrite"]
    command += ["--masks", str(masks), "--stats", str(stats)]
    subprocess.run(command, check=True, capture_output=True)
    with MaskFileReader(masks) as reader:
        by_frame = {round(time_s * FPS): class_ids for time_s, class_ids in reader}
    return Shown(by_frame, json.loads(stats.read_text()))


def alone(images: list[np.ndarray], truths: list[np.ndarray], age: int) -> dict[int, float]:
    """Return J of the aligner by frame, each given the true mask of `age` frames ago."""
    aligner, scores = MaskAligner(), {}
    for index, image in enumerate(images):
        aligner.observe(Frame(image, index, index / FPS, index / FPS))
        if index < age:
            continue
        late = Mask(truths[index - age], CLASS_MAP, index - age)
        aligned = aligner.align(late)
        if aligned is not None:
            scores[index] = similarity(aligned.class_ids, truths[index])
    return scores


def write_clip(images: list[np.ndarray], path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "8", "preset": "fast"})
        height, width = images[0].shape[:2]
        stream.width, stream.height = width // 2 * 2, height // 2 * 2
        stream.pix_fmt = "yuv444p"
        stream.time_base = Fraction(1, FPS)
        for image in images:
            cropped = np.ascontiguousarray(image[: stream.height, : stream.width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(cropped, format="bgr24")))
        container.mux(stream.encode(None))


def read_sequence(davis: Path, name: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    paths = sorted((davis / "JPEGImages/480p" / name).glob("*.jpg"))
    images = [cv2.imread(str(path)) for path in paths]
    folder = davis / "Annotations/480p" / name
    truths = [cv2.imread(str(folder / f"{path.stem}.png"), 0) for path in paths]
    return images, [(truth > 127).astype(np.uint8) for truth in truths]


def measure(
    images: list[np.ndarray], truths: list[np.ndarray], latency_ms: int, in_flight: int
) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_clip(images, folder / "clip.mp4")
        options = ServeOptions(port=0, latency_ms=latency_ms)
        with EmbeddedServer(TruthSegmenter(images, truths), options) as server:
            runs = {
                align: run_live(folder / "clip.mp4", server.url, align, in_flight, folder)
                for align in ("paste", "warp")
            }
    age = runs["warp"].stats["mask_age_ms"]["p50"] * FPS / 1000
    first = max(next(i for i, ids in run.masks.items() if ids.any()) for run in runs.values())
    scores: dict[str, float] = {"age": age, "fps": runs["warp"].stats["fps_shown"]}
    for align, run in runs.items():
        each = [similarity(ids, truths[i]) for i, ids in run.masks.items() if i >= first]
        scores[align] = float(np.mean(each))
    low, high = int(np.floor(age)), int(np.ceil(age))
    alone_low, alone_high = alone(images, truths, low), alone(images, truths, high)
    frames = [i for i in runs["warp"].masks if i >= first and i in alone_low and i in alone_high]
    share = age - low
    scores["alone"] = float(
        np.mean([(1 - share) * alone_low[i] + share * alone_high[i] for i in frames])
    )
    return scores


def tables(quick: bool = False, media: str = "") -> dict[str, list[dict[str, object]]]:
    """Return what `live` showed against the truth, by latency and requests in flight."""
    davis = Path(media) / "davis"
    names = sorted(path.name for path in (davis / "JPEGImages/480p").iterdir())
    sequences = [read_sequence(davis, name) for name in (names[:1] if quick else names[:4])]
    rows = []
    for latency_ms, in_flight in SHOWN[:1] if quick else SHOWN:
        runs = [measure(*each, latency_ms, in_flight) for each in sequences]
        mean = {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}
        rows.append(
            {
                "latency, in flight": f"{latency_ms} ms, {in_flight}",
                "mask age, frames": round(mean["age"], 1),
                "`paste`": round(mean["paste"], 3),
                "`warp`": round(mean["warp"], 3),
                "the aligner alone": round(mean["alone"], 3),
                "won back": won_back(mean["paste"], mean["warp"]),
                f"frames/s of {FPS}": round(mean["fps"], 1),
            }
        )
    return {"program": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    default = Path(__file__).parents[3] / "shared" / "davis"
    parser.add_argument("--davis", type=Path, default=default)
    parser.add_argument("--sequence", nargs="*", help="only these")
    parser.add_argument("--latency-ms", nargs="*", type=int, default=[100, 200, 400])
    parser.add_argument("--in-flight", nargs="*", type=int, default=[1, 2, 4, 6, 8])
    arguments = parser.parse_args()
    names = arguments.sequence or sorted(
        path.name for path in (arguments.davis / "JPEGImages/480p").iterdir()
    )
    sequences = [read_sequence(arguments.davis, name) for name in names]
    print(f"{len(names)} sequences at {FPS} frames/s: {', '.join(names)}")
    print(f"{'latency':>8} {'in flight':>9} {'age':>6} {'fps':>6} {'paste':>7} {'warp':>7}", end="")
    print(f" {'alone':>7} {'won back':>9}")
    for latency_ms in arguments.latency_ms:
        for in_flight in arguments.in_flight:
            rows = [measure(*each, latency_ms, in_flight) for each in sequences]
            mean = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
            won = (mean["warp"] - mean["paste"]) / (1 - mean["paste"])
            print(
                f"{latency_ms:5d} ms {in_flight:9d} {mean['age']:6.2f} {mean['fps']:6.2f}"
                f" {mean['paste']:7.3f} {mean['warp']:7.3f} {mean['alone']:7.3f} {won:8.0%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
