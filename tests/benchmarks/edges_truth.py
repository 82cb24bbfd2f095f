"""How near the edges that are drawn lie to the true ones, where masks are coarse or came late.

Reads sequences of one object laid out as DAVIS 2016 is (JPEGImages/480p/SEQ, Annotations/480p/SEQ),
makes each true mask coarse as a model of so many pixels would have it, or carries one that is late,
and compares what is drawn with the truth::

    python tests/benchmarks/edges_truth.py --davis DIR [--picture OUT.png]

`hard` is the mask at the picture's size as it is, `blurred` the same averaged over its grain, what
six lines of OpenCV would do, and `soft` what the overlay draws. J is region similarity and F the
contour accuracy within one pixel (Perazzi et al., A Benchmark Dataset and Evaluation Methodology
for Video Object Segmentation, CVPR 2016; bands of pixels in place of matched contours), both where
half of a pixel is drawn and more; `share off` is by how much the drawn shares are off, in pixels
for each pixel of the true contour. All are means over frames, then over sequences.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from pictures import stacked
from sequences import CLASS_MAP, Ids, Sequence, load, names_in

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion import MaskAligner
from livesegment.overlay.compositor import Compositor
from livesegment.overlay.edges import soft_edge
from livesegment.overlay.scratch import Scratch
from livesegment.settings.controls import Controls

SIZES = ((160, 90), (256, 256))
LATE = (1, 5)
LENGTH = 60  # frames of each sequence
SHOWN = (("fill", 0.5), ("cutout", 1.0), ("blur", 0.6))
SQUARE = np.ones((3, 3), np.uint8)

Shares = npt.NDArray[np.float32]
Pairs = Iterator[tuple[Frame, Mask, Mask]]
"""Frames, their true masks, and what a program has of these."""


def coarse(sequence: Sequence, size: tuple[int, int], every: int) -> Pairs:
    """Yield true masks as a model of a size knows them."""
    for frame, truth in list(zip(sequence.frames, sequence.masks, strict=True))[::every]:
        small = cv2.resize(truth.class_ids * np.float32(1), size, interpolation=cv2.INTER_AREA)
        mask = Mask((small > 0.5).astype(np.uint8), CLASS_MAP, frame.index)
        yield frame, truth, mask.resized(frame.frame_size)


def carried(sequence: Sequence, late: int, every: int) -> Pairs:
    """Yield true masks of so many frames ago, carried to now."""
    aligner = MaskAligner()
    for frame, truth in zip(sequence.frames, sequence.masks, strict=True):
        aligner.observe(frame)
        if frame.index < late:
            continue
        mask = aligner.align(sequence.masks[frame.index - late])
        if mask is not None and frame.index % every == 0:
            yield frame, truth, mask


def hard(frame: Frame, mask: Mask) -> Shares:
    return mask.class_ids.astype(np.float32)


def blurred(frame: Frame, mask: Mask) -> Shares:
    side = 2 * round(mask.grain / 2) + 1
    return cv2.blur(hard(frame, mask), (side, side)).astype(np.float32)


def soft(frame: Frame, mask: Mask) -> Shares:
    shares = mask.class_ids * np.uint8(255)
    edge = soft_edge(frame.image, mask.class_ids, mask.grain, Scratch())
    if edge is not None:
        edge.cells.put(shares, edge.coverage)
    return shares.astype(np.float32) / 255


METHODS: dict[str, Callable[[Frame, Mask], Shares]] = {
    "hard": hard,
    "blurred": blurred,
    "soft": soft,
}


def contour(ids: Ids) -> Ids:
    return ids ^ cv2.erode(ids, SQUARE)


def accuracy(shown: Ids, truth: Ids) -> float:
    """Return F: how much of either contour the other one has within a pixel."""
    cross = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    mine, theirs = contour(shown), contour(truth)
    precision = np.sum(mine & cv2.dilate(theirs, cross)) / max(1, mine.sum())
    recall = np.sum(theirs & cv2.dilate(mine, cross)) / max(1, theirs.sum())
    return float(2 * precision * recall / max(1e-9, precision + recall))


def scores(shares: Shares, truth: Mask) -> tuple[float, float, float]:
    """Return J, F and by how much shares are off."""
    shown = Mask((shares > 0.5).astype(np.uint8), CLASS_MAP)
    off = np.abs(shares - truth.class_ids).sum() / max(1, contour(truth.class_ids).sum())
    return truth.similarity(shown, 1), accuracy(shown.class_ids, truth.class_ids), float(off)


def measure(
    pairs: Callable[[Sequence], Pairs], sequences: list[Sequence]
) -> dict[str, tuple[float, float, float]]:
    """Return J, F and by how much shares are off, by method."""
    found: dict[str, list[npt.NDArray[np.float64]]] = {name: [] for name in METHODS}
    for sequence in sequences:
        rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in METHODS}
        for frame, truth, mask in pairs(sequence):
            for name, method in METHODS.items():
                rows[name].append(scores(method(frame, mask), truth))
        for name, values in rows.items():
            found[name].append(np.mean(values, axis=0))
    return {name: tuple(np.mean(values, axis=0).tolist()) for name, values in found.items()}


def print_scores(title: str, pairs: Callable[[Sequence], Pairs], sequences: list[Sequence]) -> None:
    print(f"\n{title:24}{'J':>8}{'F, 1 px':>9}{'share off':>11}")
    for name, (similarity, contours, off) in measure(pairs, sequences).items():
        print(f"{name:24}{similarity:8.3f}{contours:9.3f}{off:11.2f}")


def side_by_side(frame: Frame, mask: Mask) -> Ids:
    """Return the neighbourhood of an object in some styles, hard above soft."""
    x, y, width, height = cv2.boundingRect(mask.class_ids)
    part = np.s_[max(0, y - 20) : y + height + 20, max(0, x - 20) : x + width + 20]
    rows = []
    for shown in (replace(mask, grain=1.0), mask):
        row = []
        for style, opacity in SHOWN:
            controls = Controls(style=style, opacity=opacity, show_legend=False)
            row.append(Compositor().draw(frame, shown, controls)[part].copy())
        rows.append(np.hstack(row))
    return np.vstack(rows)


def tables(quick: bool = False, media: str = "") -> dict[str, list[dict[str, object]]]:
    """Return J and F of what is drawn, by where the masks come from."""
    cv2.setNumThreads(1)
    root = Path(media) / "davis"
    every = 24 if quick else 12
    sequences = []
    for name in names_in(root)[:2] if quick else names_in(root):
        whole = load(root, name)
        sequences.append(Sequence(name, whole.frames[:LENGTH], whole.masks[:LENGTH]))
    kinds: dict[str, Callable[[Sequence], Pairs]] = {
        f"masks of {size[0]}x{size[1]}": partial(coarse, size=size, every=every) for size in SIZES
    }
    kinds |= {f"carried, {late} late": partial(carried, late=late, every=every) for late in LATE}
    found = {title: measure(pairs, sequences) for title, pairs in kinds.items()}
    titles = {
        "hard": "as they are",
        "blurred": "averaged over their grain",
        "soft": "as they are drawn",
    }
    rows: list[dict[str, object]] = [
        {"J, F at 1 px": title}
        | {kind: f"{by[method][0]:.3f}, {by[method][1]:.3f}" for kind, by in found.items()}
        for method, title in titles.items()
    ]
    return {"edges": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--davis", type=Path, required=True, help="folder of the DAVIS layout")
    parser.add_argument("--sequences", help="comma-separated names; all by default")
    parser.add_argument(
        "--every", type=int, default=12, help="frames from one compared to the next"
    )
    parser.add_argument("--picture", type=Path, help="write a side-by-side picture here")
    options = parser.parse_args()
    names = (
        options.sequences.split(",")
        if options.sequences
        else sorted(path.name for path in (options.davis / "JPEGImages/480p").iterdir())
    )
    cv2.setNumThreads(1)
    sequences = []
    for name in names:
        whole = load(options.davis, name)
        sequences.append(Sequence(name, whole.frames[:LENGTH], whole.masks[:LENGTH]))
    print(f"OpenCV {cv2.__version__}, {', '.join(names)}")
    for size in SIZES:
        title = f"masks of {size[0]}x{size[1]}"
        print_scores(title, lambda one, size=size: coarse(one, size, options.every), sequences)
    for late in LATE:
        title = f"carried, {late} late"
        print_scores(title, lambda one, late=late: carried(one, late, options.every), sequences)
    if options.picture:
        shown = []
        for sequence in sequences:
            (frame, _, mask), *_ = coarse(sequence, SIZES[0], len(sequence.frames) // 2)
            shown.append(side_by_side(frame, mask))
            *_, (frame, _, mask) = carried(sequence, LATE[-1], options.every)
            shown.append(side_by_side(frame, mask))
        cv2.imwrite(str(options.picture), stacked(shown))


if __name__ == "__main__":
    main()
