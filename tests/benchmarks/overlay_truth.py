"""How much of the truth an overlay shows when its masks come late.

Reads sequences of one object laid out as DAVIS 2016 is (JPEGImages/480p/SEQ, Annotations/480p/SEQ),
a drive with a class on every pixel (images/*.png or *.jpg, classes/*.png, 8-bit ids), or both,
feeds true masks `d` frames late and compares what is shown at every frame with its truth::

    python tests/benchmarks/overlay_truth.py [--davis DIR] [--dense DIR] [--picture OUT.png]

`paste` shows the late mask as it is, `chain` moves it along OpenCV's DIS flow, chained over the
missed frames (one object: preset MEDIUM, 427 pixels wide; every pixel: full size, patches of 5
pixels, 3 apart, without mean normalisation and refinement), `warp` is MaskAligner as it comes. A
mask is never given before it is late by `d` frames, and the first `d` frames are not counted.
J is region similarity, the mean over frames of a sequence, then over sequences. Of the drive it is
the mean IoU over the classes, each counted over all frames; the last two rows are how far `warp` is
above `chain` there, in all and in the quarter of the drive where it is least.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

# One thread: numpy's BLAS reads this when it is first imported.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import cv2
import numpy as np
from drive import print_late
from drive import side_by_side as drive_pictures
from methods import AS_SHOWN, Method, Paste, PlainChain, won_back
from pictures import draw, stacked
from sequences import CLASS_MAP, Ids, Sequence, add_options, load, load_drive, names_in, parsed

from livesegment.mask import Mask
from livesegment.motion import MaskAligner

DELAYS = (1, 2, 5, 8, 12)

METHODS: dict[str, Callable[[], Method]] = {
    "paste": Paste,
    "chain": PlainChain,
    "warp": MaskAligner,
    "unhurried": lambda: MaskAligner(budget_ms=60_000),
}


SIZES = ((854, 480), (1280, 720), (1920, 1080), (3840, 2160))


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
    if "warp" not in scores:
        return
    for other in ("paste", "chain"):
        if other in scores:
            print_gains(scores, other)


def print_gains(scores: Scores, other: str) -> None:
    """Print how far `warp` is above another method, and the sequences where it is least so."""
    gains = []
    for delay in DELAYS:
        theirs, warp = scores[other][delay], scores["warp"][delay]
        gains.append(
            sorted((warp[name].similarity - theirs[name].similarity, name) for name in theirs)
        )
    means = [np.mean([gain for gain, _ in column]) for column in gains]
    print(f"{f'warp - {other}':24}" + "".join(f"{mean:+8.3f}" for mean in means))
    least = "".join(f"{column[0][0]:+8.3f}" for column in gains)
    print(f"{'  on the worst sequence':24}{least}  {', '.join(column[0][1] for column in gains)}")


def print_by_sequence(scores: Scores) -> None:
    names = list(next(iter(scores.values()))[DELAYS[0]])
    for name in names:
        for method, by_delay in scores.items():
            values = "".join(f"{by_delay[d][name].similarity:8.3f}" for d in DELAYS)
            print(f"  {name[:14]:14} {method:7}{values}")


def print_one_mask(root: Path, names: list[str], methods: list[str]) -> None:
    """Print what is shown so many frames after the only true mask, the first frame's."""
    similarities: dict[str, list[list[float]]] = {method: [] for method in methods}
    for name in names:
        sequence = load(root, name)
        last = min(len(sequence.frames), DELAYS[-1] + 1)
        sequence = Sequence(name, sequence.frames[:last], sequence.masks[:last])
        for method in methods:
            shown = list(play(sequence, METHODS[method](), 0, every=last))
            similarities[method].append([shown[d].similarity for d in DELAYS if d < last])
    print("\nOne true mask, at frame 0")
    print(f"{'mean J at frame':24}" + "".join(f"{delay:>8}" for delay in DELAYS))
    for method, rows in similarities.items():
        print(f"{method:24}" + "".join(f"{mean:8.3f}" for mean in np.mean(rows, axis=0)))


@dataclass(frozen=True)
class Taken:
    """What carrying takes at a size, and how well it does there, the mean of two delays."""

    observe_ms: list[float]
    align_ms: list[float]
    similarity: float

    @property
    def both_ms(self) -> list[float]:
        return np.add(self.observe_ms, self.align_ms).tolist()


def measure_times(root: Path, names: list[str], budget_ms: float, size: tuple[int, int]) -> Taken:
    observe: list[float] = []
    align: list[float] = []
    similarities: list[float] = []
    for name in names:
        sequence = load(root, name, size)
        for delay in (2, 8):
            result = score(sequence, MaskAligner(budget_ms=budget_ms), delay, 1)
            observe += result.observe_ms[2:]
            align += result.align_ms[2:]
            similarities.append(result.similarity)
    return Taken(observe, align, float(np.mean(similarities)))


def print_times(root: Path, names: list[str], budget_ms: float, size: tuple[int, int]) -> None:
    taken = measure_times(root, names, budget_ms, size)
    both = taken.both_ms
    print(
        f"{size[0]}x{size[1]} budget {budget_ms:g} ms: observe {np.mean(taken.observe_ms):.1f}, "
        f"align {np.mean(taken.align_ms):.1f}, together {np.mean(both):.1f}, "
        f"p50 {np.percentile(both, 50):.1f}, p95 {np.percentile(both, 95):.1f} ms a frame; "
        f"mean J {taken.similarity:.3f}",
        flush=True,
    )


def tables(quick: bool = False, media: str = "") -> dict[str, list[dict[str, object]]]:
    """Return J by method and delay; and by size, what carrying takes and its J."""
    cv2.setNumThreads(1)
    root = Path(media) / "davis"
    names = names_in(root)[:2] if quick else names_in(root)
    scores = measure(root, names, every_delay=False, methods=list(METHODS))
    means = {
        method: [float(np.mean([s.similarity for s in by_delay[d].values()])) for d in DELAYS]
        for method, by_delay in scores.items()
    }
    titles = {**AS_SHOWN, "unhurried": "the same, however long it takes"}
    rows: list[dict[str, object]] = [
        {"mean J, frames late": titles[method]}
        | {str(delay): round(mean, 3) for delay, mean in zip(DELAYS, row, strict=True)}
        for method, row in means.items()
    ]
    won = zip(DELAYS, means["paste"], means["warp"], strict=True)
    rows.append(
        {"mean J, frames late": "won back by `--align warp`"}
        | {str(delay): won_back(paste, warp) for delay, paste, warp in won}
    )
    sizes = [(15.0, size) for size in (SIZES[:2] if quick else SIZES)]
    taken = {
        f"{size[0]}x{size[1]}, {budget:g} ms": measure_times(root, names, budget, size)
        for budget, size in (*sizes, (6.0, (640, 360)))
    }
    unit = next(iter(taken.values()))
    by_size: list[dict[str, object]] = [
        {
            "size, budget": title,
            "CPU ms a frame, median": round(float(np.median(one.both_ms)), 1),
            "mean": round(float(np.mean(one.both_ms)), 1),
            "times the first": round(float(np.mean(one.both_ms) / np.mean(unit.both_ms)), 2),
            "J, 2 and 8 frames late": round(one.similarity, 3),
        }
        for title, one in taken.items()
    ]
    return {"late": rows, "late by size": by_size}


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_options(parser, methods="paste,chain,warp")
    parser.add_argument("--quick", action="store_true", help="only the first table of each")
    arguments = parsed(parser)
    cv2.setNumThreads(1)
    print(f"OpenCV {cv2.__version__}, one thread")
    pictures = []
    if arguments.davis:
        names = arguments.sequences
        print_davis(arguments.davis, names, arguments.methods, arguments.quick)
        if arguments.picture:
            pictures.append(side_by_side(arguments.davis, names, 8))
    if arguments.dense:
        drive = load_drive(arguments.dense)
        print_late(drive)
        if arguments.picture:
            pictures.append(drive_pictures(drive, 5))
    if arguments.picture:
        cv2.imwrite(str(arguments.picture), stacked(pictures))


def print_davis(root: Path, names: list[str], methods: list[str], is_quick: bool) -> None:
    print(f"{len(names)} sequences of one object")
    scores = measure(root, names, every_delay=False, methods=methods)
    print_similarity("A mask for every frame", scores)
    print_by_sequence(scores)
    if is_quick:
        return
    scores = measure(root, names, every_delay=True, methods=methods)
    print_similarity("A mask for every d-th frame, one request in flight", scores)
    print_by_sequence(scores)
    print_one_mask(root, names, methods)
    print()
    for size in SIZES:
        print_times(root, names, 15.0, size)
    print_times(root, names, 6.0, (640, 360))


if __name__ == "__main__":
    main()
