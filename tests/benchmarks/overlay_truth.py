"""How much of the truth an overlay shows when its masks come late.

Reads sequences laid out as DAVIS 2016 is (JPEGImages/480p/SEQ, Annotations/480p/SEQ), feeds true
masks `d` frames late and compares what is shown at every frame with the truth of that frame::

    python tests/benchmarks/overlay_truth.py --davis DIR [--picture OUT.png]

`paste` shows the late mask as it is, `chain` moves it along OpenCV's DIS flow (preset MEDIUM, 427
pixels wide, chained over the missed frames), `warp` is MaskAligner as it comes. A mask is never
given before it is late by `d` frames, and the first `d` frames of a sequence are not counted.
J is region similarity, the mean over frames of a sequence, then over sequences.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# One thread: numpy's BLAS reads this when it is first imported.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion import MaskAligner

DELAYS = (1, 2, 5, 8, 12)
FPS = 24.0
CLASS_MAP = {0: "background", 1: "object"}

Ids = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Sequence:
    name: str
    frames: list[Frame]
    masks: list[Mask]


class Method(Protocol):
    def observe(self, frame: Frame) -> None: ...
    def align(self, mask: Mask) -> Mask | None: ...


class Paste:
    """The old mask as it is."""

    def observe(self, frame: Frame) -> None:
        pass

    def align(self, mask: Mask) -> Mask:
        return mask


class PlainChain:
    """What OpenCV gives without further thought: DIS MEDIUM on a small picture, chained."""

    def __init__(self, width: int = 427) -> None:
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._width = width
        self._flows: dict[int, npt.NDArray[np.float32]] = {}
        self._last: Ids | None = None
        self._index = -1

    def observe(self, frame: Frame) -> None:
        height = round(self._width * frame.image.shape[0] / frame.image.shape[1])
        gray = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
        gray = cv2.resize(gray, (self._width, height), interpolation=cv2.INTER_AREA)
        if self._last is not None:
            self._flows[frame.index] = self._dis.calc(gray, self._last, None)
            self._flows.pop(frame.index - 64, None)
        self._last, self._index = gray, frame.index

    def align(self, mask: Mask) -> Mask:
        if mask.frame_index == self._index:
            return mask
        rows, columns = self._flows[self._index].shape[:2]
        grid = np.dstack(np.meshgrid(np.arange(columns), np.arange(rows))).astype(np.float32)
        followed = grid
        for index in range(self._index, mask.frame_index, -1):
            flow = self._flows[index]
            followed = followed + cv2.remap(
                flow, followed, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
        width, height = mask.frame_size
        scale = np.array([width / columns, height / rows], np.float32)
        moved = cv2.resize(followed - grid, (width, height)) * scale
        full = np.dstack(np.meshgrid(np.arange(width), np.arange(height))).astype(np.float32)
        ids = cv2.remap(
            mask.class_ids * 255, full + moved, None, cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return Mask((ids > 127).astype(np.uint8), mask.class_map, self._index)


METHODS: dict[str, Callable[[], Method]] = {
    "paste": Paste,
    "chain": PlainChain,
    "warp": MaskAligner,
}


def load(root: Path, name: str, size: tuple[int, int] | None = None) -> Sequence:
    frames, masks = [], []
    for index, path in enumerate(sorted((root / "JPEGImages/480p" / name).glob("*.jpg"))):
        image = cv2.imread(str(path))
        label = root / "Annotations/480p" / name / f"{path.stem}.png"
        truth = cv2.imread(str(label), cv2.IMREAD_GRAYSCALE)
        if image is None or truth is None:
            sys.exit(f"cannot read {path} or {label}")
        if size:
            image = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
            truth = cv2.resize(truth, size, interpolation=cv2.INTER_LINEAR)
        frames.append(Frame(image, index, index / FPS, index / FPS))
        masks.append(Mask((truth > 127).astype(np.uint8), CLASS_MAP, index))
    return Sequence(name, frames, masks)


@dataclass
class Shown:
    """One frame as a viewer saw it."""

    index: int
    mask: Mask
    similarity: float
    observe_ms: float
    align_ms: float


def play(sequence: Sequence, method: Method, delay: int, every: int = 1) -> Iterator[Shown]:
    """Show a sequence with the true mask of each `every`-th frame, `delay` frames late.

    Times are the thread's own: what else the machine does meanwhile is not counted.
    """
    for index, frame in enumerate(sequence.frames):
        started = time.thread_time()
        method.observe(frame)
        observed = time.thread_time()
        key = (index - delay) // every * every
        if key < 0:
            continue
        shown = method.align(sequence.masks[key])
        aligned = time.thread_time()
        if shown is None:
            shown = Mask(np.zeros_like(sequence.masks[index].class_ids), CLASS_MAP, index)
        similarity = sequence.masks[index].similarity(shown, 1)
        yield Shown(
            index, shown, similarity, (observed - started) * 1e3, (aligned - observed) * 1e3
        )


@dataclass
class Score:
    """One sequence, one delay, one method."""

    similarity: float
    observe_ms: list[float]
    align_ms: list[float]


def score(sequence: Sequence, method: Method, delay: int, every: int) -> Score:
    shown = list(play(sequence, method, delay, every))
    return Score(
        float(np.mean([one.similarity for one in shown])),
        [one.observe_ms for one in shown],
        [one.align_ms for one in shown],
    )


Scores = dict[str, dict[int, dict[str, Score]]]
"""By method, delay and sequence."""


def measure(root: Path, names: list[str], every_delay: bool, methods: list[str]) -> Scores:
    scores: Scores = {name: {delay: {} for delay in DELAYS} for name in methods}
    for name in names:
        sequence = load(root, name)
        for method in methods:
            for delay in DELAYS:
                every = delay if every_delay else 1
                scores[method][delay][name] = score(sequence, METHODS[method](), delay, every)
    return scores


def print_similarity(title: str, scores: Scores) -> None:
    print(f"\n{title}")
    print(f"{'mean J, late by':24}" + "".join(f"{delay:>8}" for delay in DELAYS) + "  frames")
    for method, by_delay in scores.items():
        means = [np.mean([s.similarity for s in by_delay[d].values()]) for d in DELAYS]
        print(f"{method:24}" + "".join(f"{mean:8.3f}" for mean in means))
    if "paste" not in scores or "warp" not in scores:
        return
    gains = []
    for delay in DELAYS:
        paste, warp = scores["paste"][delay], scores["warp"][delay]
        gains.append(min((warp[name].similarity - paste[name].similarity, name) for name in paste))
    print(f"{'least warp - paste':24}" + "".join(f"{gain:+8.3f}" for gain, _ in gains), end="  ")
    print(", ".join(name for _, name in gains))


def print_by_sequence(scores: Scores) -> None:
    names = list(next(iter(scores.values()))[DELAYS[0]])
    for name in names:
        for method, by_delay in scores.items():
            values = "".join(f"{by_delay[d][name].similarity:8.3f}" for d in DELAYS)
            print(f"  {name[:14]:14} {method:7}{values}")


def print_times(root: Path, names: list[str], budget_ms: float, size: tuple[int, int]) -> None:
    observe: list[float] = []
    align: list[float] = []
    for name in names:
        sequence = load(root, name, size)
        for delay in (2, 8):
            result = score(sequence, MaskAligner(budget_ms=budget_ms), delay, 1)
            observe += result.observe_ms[2:]
            align += result.align_ms[2:]
    both = np.add(observe, align)
    print(
        f"{size[0]}x{size[1]} budget {budget_ms:g} ms: observe {np.mean(observe):.1f}, "
        f"align {np.mean(align):.1f}, together {both.mean():.1f}, "
        f"p50 {np.percentile(both, 50):.1f}, p95 {np.percentile(both, 95):.1f} ms a frame"
    )


def side_by_side(root: Path, names: list[str], delay: int) -> Ids:
    """Draw paste, warp and truth of a frame of each sequence, from left to right."""
    rows = []
    for name in names:
        sequence = load(root, name)
        index = min(len(sequence.frames) - 1, 40)
        row = []
        for method in ("paste", "warp"):
            shown = next(s for s in play(sequence, METHODS[method](), delay) if s.index == index)
            label = f"{name}: {method}, {delay} frames late, J {shown.similarity:.2f}"
            row.append(draw(sequence.frames[index].image, shown.mask, label))
        row.append(draw(sequence.frames[index].image, sequence.masks[index], "truth"))
        rows.append(np.hstack(row))
    return np.vstack(rows)


def draw(image: Ids, mask: Mask, label: str) -> Ids:
    canvas = image.copy()
    objects = mask.class_ids > 0
    canvas[objects] = canvas[objects] // 2 + np.array([0, 90, 127], np.uint8)
    edges, _ = cv2.findContours(objects.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, edges, -1, (255, 255, 255), 1)
    canvas = cv2.resize(canvas, (570, 320), interpolation=cv2.INTER_AREA)
    cv2.rectangle(canvas, (0, 0), (canvas.shape[1], 28), (0, 0, 0), -1)
    cv2.putText(canvas, label, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (255, 255, 255), 1)
    return canvas


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--davis", type=Path, required=True, help="folder of the DAVIS layout")
    parser.add_argument("--sequences", help="comma-separated names; all by default")
    parser.add_argument("--methods", default="paste,chain,warp")
    parser.add_argument("--picture", type=Path, help="write a side-by-side picture here")
    parser.add_argument("--quick", action="store_true", help="only the first table")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    root = arguments.davis
    names = sorted(path.name for path in (root / "JPEGImages/480p").iterdir())
    if arguments.sequences:
        names = arguments.sequences.split(",")
    methods = arguments.methods.split(",")
    print(f"{len(names)} sequences, OpenCV {cv2.__version__}, one thread")
    scores = measure(root, names, every_delay=False, methods=methods)
    print_similarity("A mask for every frame", scores)
    print_by_sequence(scores)
    if not arguments.quick:
        scores = measure(root, names, every_delay=True, methods=methods)
        print_similarity("A mask for every d-th frame, one request in flight", scores)
        print_by_sequence(scores)
        print()
        for budget_ms, size in ((15.0, (854, 480)), (15.0, (1280, 720)), (6.0, (640, 360))):
            print_times(root, names, budget_ms, size)
    if arguments.picture:
        cv2.imwrite(str(arguments.picture), side_by_side(root, names, 8))


if __name__ == "__main__":
    main()
