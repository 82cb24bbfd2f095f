"""How well masks are carried between keyframes.

Reads sequences of one object laid out as DAVIS 2016 is (JPEGImages/480p/SEQ, Annotations/480p/SEQ),
a drive with a class on every pixel (images/*.png or *.jpg, classes/*.png, 8-bit ids), or both,
gives true masks for one frame in 4, 8 and 16 and for the last frame, and compares what is shown at
every frame with its truth::

    python tests/benchmarks/keyframes.py [--davis DIR] [--dense DIR] [--by-sequence] \\
        [--picture OUT.png]

`copy` shows the mask of the nearest keyframe, `chain` moves that along OpenCV's DIS flow, chained
over the frames between (as in `overlay_truth.py`), `carry` is Propagator as it comes: from both
sides. J is region similarity, the mean over frames of a sequence, then over sequences. Of the drive
it is the mean IoU over the classes, each counted over all frames between keyframes.

The first table counts the frames between keyframes only, of the first 33 frames of a sequence: so
are the figures counted that this is compared with (copying .717 .642 .536 on 42 other sequences of
DAVIS 2016, chained flow .854 .808 .732; the same 42 with masks 1 and 2 frames late give chained
flow .873 and .817, and (.873 + .817 + .873) / 3 is .854). The second counts keyframes as well,
which are true by themselves, and so is higher for every method.
"""

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

# One thread: numpy's BLAS reads this when it is first imported.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import cv2
import numpy as np
from drive import print_between, side_by_side_between
from methods import AS_SHOWN, Segment, carried, chained, copied, won_back
from pictures import draw, stacked
from sequences import Ids, Sequence, add_options, load, load_drive, names_in, parsed

from livesegment.mask import Mask

STEPS = (4, 8, 16)
FRAMES = 33

METHODS: dict[str, Callable[[], Segment]] = {
    "copy": lambda: copied,
    "chain": lambda: chained,
    "carry": carried,
}


@dataclass(frozen=True)
class Score:
    """One sequence, one step, one method."""

    between: float
    """Mean J of the frames between keyframes."""
    everywhere: float
    """Mean J of all frames."""
    cpu_ms: float
    """For a frame between keyframes."""


def keyframes(count: int, step: int) -> list[int]:
    """Return the frames whose true mask is given."""
    return sorted({*range(0, count, step), count - 1})


def play(sequence: Sequence, segment: Segment, step: int) -> list[Mask]:
    """Return what is shown at every frame."""
    keys = keyframes(len(sequence.frames), step)
    shown = [sequence.masks[0]]
    for first, last in pairwise(keys):
        frames = sequence.frames[first : last + 1]
        shown += segment(frames, sequence.masks[first], sequence.masks[last])[1:]
    return shown


def score(sequence: Sequence, segment: Segment, step: int) -> Score:
    started = time.thread_time()
    shown = play(sequence, segment, step)
    spent_ms = (time.thread_time() - started) * 1e3
    pairs = zip(sequence.masks, shown, strict=True)
    similarities = np.array([truth.similarity(mask, 1) for truth, mask in pairs])
    between = np.ones(len(shown), bool)
    between[keyframes(len(shown), step)] = False
    return Score(
        float(similarities[between].mean()),
        float(similarities.mean()),
        spent_ms / int(between.sum()),
    )


Scores = dict[str, dict[int, dict[str, Score]]]
"""By method, step and sequence."""


def measure(root: Path, names: list[str], methods: list[str], frames: int) -> Scores:
    scores: Scores = {method: {step: {} for step in STEPS} for method in methods}
    for name in names:
        sequence = load(root, name)
        sequence = Sequence(name, sequence.frames[:frames], sequence.masks[:frames])
        for method in methods:
            for step in STEPS:
                scores[method][step][name] = score(sequence, METHODS[method](), step)
    return scores


def print_table(title: str, scores: Scores, value: Callable[[Score], float], form: str) -> None:
    print(f"\n{title + ', a keyframe in':32}" + "".join(f"{step:>8}" for step in STEPS))
    for method, by_step in scores.items():
        means = [np.mean([value(one) for one in by_step[step].values()]) for step in STEPS]
        print(f"{method:32}" + "".join(f"{mean:{form}}" for mean in means))


def print_by_sequence(scores: Scores) -> None:
    print("\nmean J between keyframes, by sequence")
    for name in next(iter(scores.values()))[STEPS[0]]:
        for method, by_step in scores.items():
            values = "".join(f"{by_step[step][name].between:8.3f}" for step in STEPS)
            print(f"  {name[:20]:20} {method:7}  {values}")


def side_by_side(root: Path, names: list[str], methods: list[str], step: int) -> Ids:
    """Draw the middle between two keyframes of each sequence, and its truth to the right."""
    rows = []
    for name in names:
        sequence = load(root, name)
        index = step + step // 2
        truth, image = sequence.masks[index], sequence.frames[index].image
        row = []
        for method in methods:
            mask = play(sequence, METHODS[method](), step)[index]
            label = f"{name}: {method}, one in {step}, J {truth.similarity(mask, 1):.2f}"
            row.append(draw(image, mask, label))
        rows.append(np.hstack([*row, draw(image, truth, "truth")]))
    return np.vstack(rows)


def tables(quick: bool = False, media: str = "") -> dict[str, list[dict[str, object]]]:
    """Return J of the frames between keyframes by method and step, and what carrying takes."""
    cv2.setNumThreads(1)
    root = Path(media) / "davis"
    names = names_in(root)[:2] if quick else names_in(root)
    scores = measure(root, names, list(METHODS), FRAMES)
    means = {
        method: {s: float(np.mean([one.between for one in by[s].values()])) for s in STEPS}
        for method, by in scores.items()
    }
    titles = {**AS_SHOWN, "chain": "nearest keyframe along chained optical flow"}
    rows: list[dict[str, object]] = []
    for method, by_step in means.items():
        spent = [one.cpu_ms for step in STEPS for one in scores[method][step].values()]
        rows.append(
            {"mean J, one call in": titles[method]}
            | {str(step): round(mean, 3) for step, mean in by_step.items()}
            | {"CPU ms a frame": round(float(np.mean(spent)), 1)}
        )
    won = {str(step): won_back(means["copy"][step], means["carry"][step]) for step in STEPS}
    rows.append({"mean J, one call in": "won back by `annotate --every`"} | won)
    return {"keyframes": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_options(parser, methods="copy,chain,carry")
    parser.add_argument(
        "--frames", type=int, default=FRAMES, help="of each sequence, from its start"
    )
    parser.add_argument("--by-sequence", action="store_true", help="print each sequence's J")
    arguments = parsed(parser)
    cv2.setNumThreads(1)
    print(f"OpenCV {cv2.__version__}, one thread")
    pictures = []
    if arguments.davis:
        names, methods = arguments.sequences, arguments.methods
        print(f"{len(names)} sequences of one object, {arguments.frames} frames")
        scores = measure(arguments.davis, names, methods, arguments.frames)
        print_table("mean J between", scores, lambda one: one.between, "8.3f")
        print_table("mean J of all frames", scores, lambda one: one.everywhere, "8.3f")
        print_table("CPU ms a frame between", scores, lambda one: one.cpu_ms, "8.1f")
        if arguments.by_sequence:
            print_by_sequence(scores)
        if arguments.picture:
            pictures.append(side_by_side(arguments.davis, names, methods, 8))
    if arguments.dense:
        drive = load_drive(arguments.dense)
        print_between(drive, STEPS)
        if arguments.picture:
            pictures.append(side_by_side_between(drive, 8))
    if arguments.picture:
        cv2.imwrite(str(arguments.picture), stacked(pictures))


if __name__ == "__main__":
    main()
