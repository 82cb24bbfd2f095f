"""How right a late overlay is where every pixel has a class.

Reads a drive with a class for every pixel (images/*.png or *.jpg, classes/*.png, 8-bit class ids)
and prints the mean IoU over the classes, each counted over all frames::

    python tests/benchmarks/dense_truth.py --dense DIR [--picture OUT.png]

First, true masks of every frame come `d` frames late: `paste` shows them as they are, `chain` moves
them along OpenCV's DIS flow (patches of 5 pixels, 3 apart, without mean normalisation and
variational refinement, at full size, chained), `warp` is MaskAligner as it comes. Then true masks
of one frame in `n` are given: `copy` shows the nearest one, `chain` moves it, `carry` is
Propagator.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

# One thread: numpy's BLAS reads this when it is first imported.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import cv2
import numpy as np
from keyframes import Segment, carried, chained, copied
from overlay_truth import Ids, Method, Paste, Sequence

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion import MaskAligner
from livesegment.overlay.palette import class_colours

DELAYS = (1, 2, 5)
STEPS = (4, 8, 16)
FPS = 15.0
NAMES = ["sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car"]
NAMES += ["pedestrian", "bicyclist"]
UNCOUNTED = len(NAMES)
CLASS_MAP = dict(enumerate(NAMES))


class FullChain:
    """Plain DIS flow at full size, chained."""

    def __init__(self) -> None:
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._dis.setPatchSize(5)
        self._dis.setPatchStride(3)
        self._dis.setUseMeanNormalization(False)
        self._dis.setVariationalRefinementIterations(0)
        self._flows: dict[int, np.ndarray] = {}
        self._last: Ids | None = None
        self._index = -1

    def observe(self, frame: Frame) -> None:
        gray = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
        if self._last is not None:
            self._flows[frame.index] = self._dis.calc(gray, self._last, None)
            self._flows.pop(frame.index - 64, None)
        self._last, self._index = gray, frame.index

    def align(self, mask: Mask) -> Mask:
        height, width = mask.class_ids.shape
        followed = np.dstack(np.meshgrid(np.arange(width), np.arange(height))).astype(np.float32)
        for index in range(self._index, mask.frame_index, -1):
            followed = followed + cv2.remap(
                self._flows[index], followed, None, cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )  # fmt: skip
        ids = cv2.remap(
            mask.class_ids, followed, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        )
        return Mask(ids, mask.class_map, self._index)


ALIGNERS: dict[str, Callable[[], Method]] = {
    "paste": Paste,
    "chain": FullChain,
    "warp": MaskAligner,
}
SEGMENTS: dict[str, Callable[[], Segment]] = {
    "copy": lambda: copied,
    "chain": lambda: partial(chained, along=FullChain),
    "carry": carried,
}


def load(root: Path) -> Sequence:
    frames, masks = [], []
    for index, path in enumerate(sorted((root / "images").iterdir())):
        image = cv2.imread(str(path))
        truth = cv2.imread(str(root / "classes" / f"{path.stem}.png"), cv2.IMREAD_GRAYSCALE)
        if image is None or truth is None:
            sys.exit(f"cannot read {path} or its classes")
        frames.append(Frame(image, index, index / FPS, index / FPS))
        # What is not counted is nothing at all to a model as well.
        truth[truth == UNCOUNTED] = 255
        masks.append(Mask(truth, CLASS_MAP, index))
    return Sequence(root.name, frames, masks)


class Overlap:
    """Mean IoU over the classes, counted over all pixels that were added."""

    def __init__(self) -> None:
        self._both = np.zeros(len(NAMES))
        self._either = np.zeros(len(NAMES))

    def add(self, truth: Mask, shown: Mask) -> None:
        counted = truth.class_ids != 255
        for class_id in range(len(NAMES)):
            true, said = truth.class_ids == class_id, (shown.class_ids == class_id) & counted
            self._both[class_id] += np.count_nonzero(true & said)
            self._either[class_id] += np.count_nonzero(true | said)

    @property
    def mean(self) -> float:
        occurs = self._either > 0
        return float((self._both[occurs] / self._either[occurs]).mean())


def late(sequence: Sequence, method: Method, delay: int) -> tuple[float, float]:
    """Return the mean IoU, and the CPU milliseconds a frame."""
    overlap, spent_s = Overlap(), 0.0
    for index, frame in enumerate(sequence.frames):
        started = time.thread_time()
        method.observe(frame)
        shown = method.align(sequence.masks[index - delay]) if index >= delay else None
        spent_s += time.thread_time() - started
        if shown is not None:
            overlap.add(sequence.masks[index], shown)
    return overlap.mean, spent_s * 1e3 / len(sequence.frames)


def between(sequence: Sequence, segment: Segment, step: int) -> tuple[float, float]:
    """Return the mean IoU of the frames between keyframes, and CPU milliseconds for each."""
    overlap, spent_s, count = Overlap(), 0.0, 0
    keys = range(0, len(sequence.frames), step)
    for first, last in pairwise(keys):
        frames = sequence.frames[first : last + 1]
        started = time.thread_time()
        shown = segment(frames, sequence.masks[first], sequence.masks[last])
        spent_s += time.thread_time() - started
        for index in range(first + 1, last):
            overlap.add(sequence.masks[index], shown[index - first])
            count += 1
    return overlap.mean, spent_s * 1e3 / count


def print_rows(title: str, columns: tuple[int, ...], rows: dict[str, list[tuple[float, float]]]):
    print(f"\n{title:32}" + "".join(f"{each:>8}" for each in columns) + "    CPU ms a frame")
    for name, cells in rows.items():
        times = " / ".join(f"{spent_ms:.1f}" for _, spent_ms in cells)
        print(f"{name:32}" + "".join(f"{mean:8.3f}" for mean, _ in cells) + f"    {times}")


def side_by_side(sequence: Sequence, delay: int) -> Ids:
    """Draw paste, chain, warp and the truth of a frame in the middle."""
    index = len(sequence.frames) // 2
    shown = []
    for name, opened in ALIGNERS.items():
        method = opened()
        for frame in sequence.frames[: index + 1]:
            method.observe(frame)
            if frame.index >= delay:
                mask = method.align(sequence.masks[frame.index - delay])
        shown.append((f"{name}, {delay} frames late", mask))
    shown.append(("truth", sequence.masks[index]))
    pictures = []
    for label, mask in shown:
        colours = class_colours(CLASS_MAP)[mask.class_ids]
        picture = cv2.addWeighted(sequence.frames[index].image, 0.5, colours, 0.5, 0)
        cv2.putText(picture, label, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (255, 255, 255), 1)
        pictures.append(picture)
    return np.vstack([np.hstack(pictures[:2]), np.hstack(pictures[2:])])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dense", type=Path, required=True, help="folder of the drive")
    parser.add_argument("--picture", type=Path, help="write a side-by-side picture here")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    sequence = load(arguments.dense)
    width, height = sequence.frames[0].frame_size
    size = f"{len(sequence.frames)} frames of {width}x{height}"
    print(f"{size}, OpenCV {cv2.__version__}, one thread")
    rows = {
        name: [late(sequence, opened(), delay) for delay in DELAYS]
        for name, opened in ALIGNERS.items()
    }
    print_rows("mean IoU, masks late by", DELAYS, rows)
    rows = {
        name: [between(sequence, opened(), step) for step in STEPS]
        for name, opened in SEGMENTS.items()
    }
    print_rows("mean IoU between, a keyframe in", STEPS, rows)
    if arguments.picture:
        cv2.imwrite(str(arguments.picture), side_by_side(sequence, 5))


if __name__ == "__main__":
    main()
