"""The tables about masks with a class on every pixel, for `overlay_truth.py` and `keyframes.py`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from methods import FullChain, Method, Paste, Segment, carried, chained, copied, won_back
from pictures import drawn
from sequences import Ids, Sequence, load_drive

from livesegment.mask import VOID, Mask
from livesegment.motion import MaskAligner

DELAYS = (1, 2, 5)
STEPS = (4, 8, 16)
PARTS = 4

ALIGNERS: dict[str, Callable[[], Method]] = {
    "paste": Paste,
    "chain": FullChain,
    "warp": MaskAligner,
}


class Overlap:
    """Mean IoU over the classes, each counted over the pixels of all frames that were added."""

    def __init__(self) -> None:
        self._counts: list[npt.NDArray[np.int64]] = []

    def add(self, truth: Mask, shown: Mask) -> None:
        counted = truth.class_ids != VOID
        pairs = truth.class_ids[counted].astype(np.intp) << 8 | shown.class_ids[counted]
        counts = np.bincount(pairs, minlength=256 * 256).reshape(256, 256)
        both = counts.diagonal()
        either = counts.sum(axis=0) + counts.sum(axis=1) - both
        self._counts.append(np.stack([both, either])[:, :VOID])

    def mean(self, part: slice = slice(None)) -> float:
        """Return it for a part of the frames."""
        both, either = np.sum(self._counts[part], axis=0)
        occurs = either > 0
        return float((both[occurs] / either[occurs]).mean())

    def parts(self) -> list[float]:
        """Return it for one quarter of the frames after another."""
        ends = np.linspace(0, len(self._counts), PARTS + 1).round().astype(int).tolist()
        return [self.mean(slice(begin, end)) for begin, end in pairwise(ends) if begin < end]


@dataclass(frozen=True)
class Score:
    """One method, one delay or step."""

    overlap: Overlap
    cpu_ms: float
    """For a frame."""


Scores = dict[str, list[Score]]
"""By method, and delay or step."""


def late(sequence: Sequence, method: Method, delay: int) -> Score:
    overlap, spent_s = Overlap(), 0.0
    for index, frame in enumerate(sequence.frames):
        started = time.thread_time()
        method.observe(frame)
        shown = method.align(sequence.masks[index - delay]) if index >= delay else None
        spent_s += time.thread_time() - started
        if shown is not None:
            overlap.add(sequence.masks[index], shown)
    return Score(overlap, spent_s * 1e3 / len(sequence.frames))


def print_late(sequence: Sequence) -> None:
    """Print how right late masks are: pasted, moved along plain flow, and by MaskAligner."""
    scores = {
        name: [late(sequence, opened(), delay) for delay in DELAYS]
        for name, opened in ALIGNERS.items()
    }
    _print(f"{_size(sequence)}, a mask for every frame", "mean IoU, late by", DELAYS, scores)


def between(sequence: Sequence, segment: Segment, step: int) -> Score:
    """Score the frames between keyframes only."""
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
    return Score(overlap, spent_s * 1e3 / count)


def print_between(sequence: Sequence, steps: tuple[int, ...]) -> None:
    """Print how right masks between keyframes are: copied, along plain flow, and by Propagator."""
    scores = {
        name: [between(sequence, segment, step) for step in steps]
        for name, segment in segments().items()
    }
    _print(f"{_size(sequence)}, keyframes", "mean IoU between, one in", steps, scores)


def segments() -> dict[str, Segment]:
    return {"copy": copied, "chain": partial(chained, along=FullChain), "carry": carried()}


def _size(sequence: Sequence) -> str:
    width, height = sequence.frames[0].frame_size
    return f"{sequence.name}: {len(sequence.frames)} frames of {width}x{height}"


def _print(title: str, first: str, columns: tuple[int, ...], scores: Scores) -> None:
    """Print a table, and how far our method, which is the last, is above plain flow."""
    print(f"\n{title}\n{first:28}" + "".join(f"{each:>8}" for each in columns) + "  CPU ms a frame")
    for name, cells in scores.items():
        times = " / ".join(f"{one.cpu_ms:.1f}" for one in cells)
        print(f"{name:28}" + "".join(f"{one.overlap.mean():8.3f}" for one in cells) + f"  {times}")
    *_, ours = scores
    pairs = list(zip(scores[ours], scores["chain"], strict=True))
    gains = [one.overlap.mean() - other.overlap.mean() for one, other in pairs]
    least = [
        min(np.subtract(one.overlap.parts(), other.overlap.parts()).tolist())
        for one, other in pairs
    ]
    for name, values in ((f"{ours} - chain", gains), ("  in the worst quarter", least)):
        print(f"{name:28}" + "".join(f"{value:+8.3f}" for value in values))


def side_by_side(sequence: Sequence, delay: int) -> Ids:
    """Draw paste, chain, warp and the truth of a frame in the middle."""
    index = len(sequence.frames) // 2
    shown: dict[str, Mask | None] = {}
    for name, opened in ALIGNERS.items():
        method = opened()
        for frame in sequence.frames[: index + 1]:
            method.observe(frame)
            if frame.index >= delay:
                mask = method.align(sequence.masks[frame.index - delay])
        shown[f"{name}, {delay} frames late"] = mask
    return drawn(sequence, index, shown)


def side_by_side_between(sequence: Sequence, step: int) -> Ids:
    """Draw copy, chain, carry and the truth in the middle between two keyframes."""
    first = len(sequence.frames) // 2 // step * step
    frames = sequence.frames[first : first + step + 1]
    ends = sequence.masks[first], sequence.masks[first + step]
    shown: dict[str, Mask | None] = {
        f"{name}, one in {step}": segment(frames, *ends)[step // 2]
        for name, segment in segments().items()
    }
    return drawn(sequence, first + step // 2, shown)


def tables(quick: bool = False, media: str = "") -> dict[str, list[dict[str, object]]]:
    """Return the mean IoU of late masks and between keyframes, and what carrying takes."""
    cv2.setNumThreads(1)
    whole = load_drive(Path(media) / "dense")
    length = 17 if quick else len(whole.frames)
    drive = Sequence(whole.name, whole.frames[:length], whole.masks[:length])
    names = {
        ("paste", "copy"): "the old mask, the nearest keyframe",
        ("chain", "chain"): "moved along chained flow at full size",
        ("warp", "carry"): "`--align warp`, `annotate --every`",
    }
    rows: list[dict[str, object]] = []
    found: dict[str, list[float]] = {}
    by_segment = segments()
    for (aligner, segment), title in names.items():
        behind = {f"late by {d}": late(drive, ALIGNERS[aligner](), d) for d in DELAYS}
        inside = {f"one in {s}": between(drive, by_segment[segment], s) for s in STEPS}
        found[title] = [one.overlap.mean() for one in (behind | inside).values()]
        rows.append(
            {"mean IoU": title}
            | {each: round(one.overlap.mean(), 3) for each, one in (behind | inside).items()}
            | {
                "CPU ms a frame, late": _mean_ms(behind),
                "between": _mean_ms(inside),
            }
        )
    first, _, ours = found.values()
    columns = list(behind | inside)
    won = zip(columns, first, ours, strict=True)
    rows.append({"mean IoU": "won back"} | {c: won_back(plain, our) for c, plain, our in won})
    return {"dense": rows}


def _mean_ms(scores: dict[str, Score]) -> float:
    return round(float(np.mean([one.cpu_ms for one in scores.values()])), 1)
