"""How much masks flicker where the picture is still, and what smoothing does to moving edges.

Runs the built-in model on every frame of a clip, and counts the pixels that change class from one
frame to the next although the picture does not change there, without and with MaskSmoother::

    python tests/benchmarks/flicker.py [--clip FILE] [--davis DIR] [--picture OUT.png]

The picture does not change at a pixel where, after a blur of 5x5, no channel differs from the frame
before by more than 3 of 255. `by itself`: at that pixel. `and around`: nor within 7 pixels of it,
because an edge that moves takes the mask along for some pixels beside it, which is no flicker.
Frames after a cut (mean difference above 12) are not counted.

With `--davis` (JPEGImages/480p/SEQ, Annotations/480p/SEQ, as DAVIS 2016 is laid out) true masks get
edges that wander by some pixels from frame to frame, and their J with the truth is compared without
and with smoothing: the sequences as filmed, and their objects pasted on a still picture with noise
and JPEG artefacts, where a smoother that lags has something to lose. The unharmed true masks show
the lag alone. Last come true masks 5 frames late, moved by MaskAligner. A smoother that is told
that masks are late takes them as they come for that time after a change: the last column of the
clip's table shows what that leaves of its effect.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# One thread: numpy's BLAS reads this when it is first imported.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import cv2
import numpy as np
import numpy.typing as npt
from sequences import CLASS_MAP, FPS, Sequence, load

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion import MaskAligner
from livesegment.motion.smooth import MaskSmoother
from livesegment.segmenters.builtin import BuiltinSegmenter

MEDIA = Path(os.environ.get("LIVESEGMENT_TEST_MEDIA", Path(__file__).parents[3] / "shared"))

LARGEST_STILL_DIFFERENCE = 3
AROUND_PX = 7
CUT_DIFFERENCE = 12
LATE_BY = 5
LATE_S = 0.2

Ids = npt.NDArray[np.uint8]
Still = npt.NDArray[np.bool_]


def read(clip: Path) -> Iterator[Frame]:
    capture = cv2.VideoCapture(str(clip))
    fps = capture.get(cv2.CAP_PROP_FPS)
    index = 0
    while True:
        there, image = capture.read()
        if not there:
            break
        yield Frame(image, index, index / fps, index / fps)
        index += 1
    if not index:
        sys.exit(f"cannot read {clip}")


def still(blurred: Ids, before: Ids) -> Still | None:
    """Where the picture has not changed; None at a cut."""
    difference = cv2.absdiff(blurred, before)
    if difference.mean() > CUT_DIFFERENCE:
        return None
    return difference.max(axis=2) <= LARGEST_STILL_DIFFERENCE


@dataclass
class Flicker:
    """Pixels that changed class, by column of the table, and how many could have."""

    changed: list[int] = field(default_factory=lambda: [0, 0, 0])
    pixels: int = 0

    def add(self, where: Still, masks: list[Mask], before: list[Mask]) -> None:
        self.pixels += np.count_nonzero(where)
        for column, (mask, last) in enumerate(zip(masks, before, strict=True)):
            self.changed[column] += np.count_nonzero((mask.class_ids != last.class_ids) & where)

    def row(self) -> str:
        without, *smoothed = (100 * changed / self.pixels for changed in self.changed)
        factors = "".join(f"{share:10.4f} ({without / share:.1f}x less)" for share in smoothed)
        return f"{without:10.4f}{factors}"


@dataclass
class ClipScore:
    by_itself: Flicker
    around: Flicker
    heat: list[npt.NDArray[np.uint32]]
    smooth_ms: list[float]
    differs: float
    frame: Frame


def measure_clip(clip: Path) -> ClipScore:
    model, smoother, for_late = BuiltinSegmenter(), MaskSmoother(), MaskSmoother()
    by_itself, around = Flicker(), Flicker()
    neighbourhood = np.ones((2 * AROUND_PX + 1,) * 2, np.uint8)
    heat: list[npt.NDArray[np.uint32]] = []
    smooth_ms, differs = [], []
    blurred: Ids | None = None
    before: list[Mask] = []
    for frame in read(clip):
        mask = model.segment(frame)
        started = time.thread_time()
        smoothed = smoother.smooth(frame, mask)
        smooth_ms.append((time.thread_time() - started) * 1e3)
        masks = [mask, smoothed, for_late.smooth(frame, mask, LATE_S)]
        differs.append(np.mean(mask.class_ids != smoothed.class_ids))
        last, blurred = blurred, cv2.blur(frame.image, (5, 5)).astype(np.uint8, copy=False)
        where = None if last is None else still(blurred, last)
        if where is not None:
            by_itself.add(where, masks, before)
            around.add(cv2.erode(where.astype(np.uint8), neighbourhood) > 0, masks, before)
            heat = heat or [np.zeros(where.shape, np.uint32) for _ in masks]
            for counts, now, then in zip(heat, masks, before, strict=True):
                counts += (now.class_ids != then.class_ids) & where
        before = masks
    return ClipScore(by_itself, around, heat, smooth_ms[1:], float(np.mean(differs)), frame)


def print_clip(clip: Path, score: ClipScore) -> None:
    share = score.around.pixels / score.by_itself.pixels
    print(f"\n{clip.name}, built-in model on every frame")
    late = f"as if {LATE_S:g} s late"
    print(f"{'% of still pixels that change class':37}{'without':>10}{'smoothed':>10}{late:>29}")
    print(f"{'still by itself':37}{score.by_itself.row()}")
    print(f"{f'still and so around ({share:.0%} of those)':37}{score.around.row()}")
    print(f"{'% of pixels shown otherwise':37}{'':10}{100 * score.differs:10.4f}")
    print_times(f"{score.frame.frame_size}", score.smooth_ms)


def print_times(size: str, smooth_ms: list[float]) -> None:
    median, late = np.percentile(smooth_ms, [50, 95])
    print(f"smooth, {size}: mean {np.mean(smooth_ms):.2f}, p50 {median:.2f}, p95 {late:.2f} ms")


def wandering(truth: Mask, rng: np.random.Generator) -> Mask:
    """Move the edges of a true mask in and out by some pixels, differently along them."""
    width, height = truth.frame_size
    inside = cv2.distanceTransform(truth.class_ids, cv2.DIST_L2, 3)
    outside = cv2.distanceTransform(1 - truth.class_ids, cv2.DIST_L2, 3)
    coarse = rng.normal(0, 3, (height // 40, width // 40)).astype(np.float32)
    shift = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) + rng.normal()
    ids = (inside - outside + shift > 0).astype(np.uint8)
    return Mask(ids, CLASS_MAP, truth.frame_index)


def on_still_picture(sequence: Sequence, picture: Ids, rng: np.random.Generator) -> Sequence:
    """Paste the object of each frame on a picture that does not move, as a camera sees it."""
    size = sequence.frames[0].frame_size
    ground = cv2.resize(picture, size).astype(np.float32)
    frames = []
    for frame, mask in zip(sequence.frames, sequence.masks, strict=True):
        cover = cv2.GaussianBlur(mask.class_ids.astype(np.float32), (3, 3), 0)[..., None]
        noise = rng.normal(0, 3, frame.image.shape)
        pasted = np.clip(frame.image * cover + ground * (1 - cover) + noise, 0, 255)
        _, jpeg = cv2.imencode(".jpg", pasted.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 80])
        image = cv2.imdecode(jpeg, cv2.IMREAD_COLOR).astype(np.uint8, copy=False)
        frames.append(Frame(image, frame.index, frame.pts_s, frame.captured_at_s))
    return Sequence(sequence.name, frames, sequence.masks)


def late_masks(sequence: Sequence) -> list[Mask | None]:
    """What MaskAligner shows of true masks that come late."""
    aligner = MaskAligner()
    masks: list[Mask | None] = []
    for frame in sequence.frames:
        aligner.observe(frame)
        late = frame.index - LATE_BY
        masks.append(aligner.align(sequence.masks[late]) if late >= 0 else None)
    return masks


def similarities(
    sequence: Sequence, masks: list[Mask | None], age_s: float = 0.0
) -> tuple[float, float]:
    """Return the mean J of masks without and with smoothing."""
    smoother = MaskSmoother()
    pairs = []
    for frame, truth, mask in zip(sequence.frames, sequence.masks, masks, strict=True):
        if mask is not None:
            smoothed = smoother.smooth(frame, mask, age_s)
            pairs.append((truth.similarity(mask, 1), truth.similarity(smoothed, 1)))
    without, smoothed_j = np.mean(pairs, axis=0)
    return float(without), float(smoothed_j)


def measure_davis(root: Path) -> dict[str, dict[str, tuple[float, float]]]:
    """Return J without and with smoothing, by test and sequence."""
    names = sorted(path.name for path in (root / "JPEGImages/480p").iterdir())
    scores: dict[str, dict[str, tuple[float, float]]] = {}
    picture = load(root, names[-1]).frames[0].image
    for name in names:
        filmed = load(root, name)
        pasted = on_still_picture(filmed, picture, np.random.default_rng(1))
        picture = filmed.frames[0].image
        rng = np.random.default_rng(0)
        rough: list[Mask | None] = [wandering(mask, rng) for mask in filmed.masks]
        late_s = LATE_BY / FPS
        tests: dict[str, tuple[Sequence, list[Mask | None], float]] = {
            "as filmed, wandering edges": (filmed, rough, 0.0),
            "as filmed, true masks": (filmed, [*filmed.masks], 0.0),
            "still picture, wandering edges": (pasted, rough, 0.0),
            "still picture, true masks": (pasted, [*pasted.masks], 0.0),
            f"as filmed, {LATE_BY} late": (filmed, late_masks(filmed), late_s),
            f"still picture, {LATE_BY} late": (pasted, late_masks(pasted), late_s),
        }
        for test, arguments in tests.items():
            scores.setdefault(test, {})[name] = similarities(*arguments)
    return scores


def print_davis(scores: dict[str, dict[str, tuple[float, float]]]) -> None:
    sequences = len(next(iter(scores.values())))
    print(f"\n{f'mean J with the truth, {sequences} sequences':37}{'without':>10}{'smoothed':>10}")
    for test, by_name in scores.items():
        without, smoothed = np.mean(list(by_name.values()), axis=0)
        least, name = min((after - before, name) for name, (before, after) in by_name.items())
        print(f"{test:37}{without:10.4f}{smoothed:10.4f}   least {least:+.4f} {name}")


def heat_maps(score: ClipScore) -> Ids:
    """Draw how often still pixels changed class, without and with smoothing, side by side."""
    most = max(float(np.percentile(score.heat[0][score.heat[0] > 0], 95)), 1.0)
    panels = []
    for label, counts in zip(("without", "smoothed"), score.heat[:2], strict=True):
        grey = cv2.cvtColor(cv2.cvtColor(score.frame.image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        heat = np.clip(counts / most * 255, 0, 255).astype(np.uint8)
        panel = cv2.addWeighted(grey, 0.3, cv2.applyColorMap(heat, cv2.COLORMAP_INFERNO), 1.0, 0)
        text = f"{label}: {counts.sum()} changes of still pixels"
        cv2.putText(panel, text, (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1)
        panels.append(panel)
    return np.hstack(panels).astype(np.uint8, copy=False)


def measure_720p(clip: Path) -> list[float]:
    """Return ms per frame at 1280x720, on the first frames of a clip made larger."""
    model, smoother = BuiltinSegmenter(), MaskSmoother()
    times = []
    for small in read(clip):
        image = cv2.resize(small.image, (1280, 720)).astype(np.uint8, copy=False)
        frame = Frame(image, small.index, small.pts_s, small.captured_at_s)
        mask = model.segment(frame)
        started = time.thread_time()
        smoother.smooth(frame, mask)
        times.append((time.thread_time() - started) * 1e3)
        if frame.index == 150:
            break
    return times[1:]


def tables(quick: bool = False, media: str = "") -> dict[str, list[dict[str, object]]]:
    """Return how much still pixels flicker, and what smoothing does to J of moving edges."""
    cv2.setNumThreads(1)
    score = measure_clip(Path(media) / "clips/asl-webcam.mp4")
    rows: list[dict[str, object]] = []
    for title, flicker in (("by themselves", score.by_itself), ("and around", score.around)):
        without, smoothed, _ = (100 * changed / flicker.pixels for changed in flicker.changed)
        rows.append(
            {
                "still": title,
                "change, %": round(without, 3),
                "with `--smooth`": round(smoothed, 3),
                "times less": round(without / smoothed, 1),
            }
        )
    found = {"flicker": rows}
    davis = Path(media) / "davis"
    if davis.exists() and not quick:
        found["flicker, moving edges"] = [
            {
                "J of": test,
                "without": round(float(np.mean([one[0] for one in by_name.values()])), 4),
                "with `--smooth`": round(float(np.mean([one[1] for one in by_name.values()])), 4),
                "the worst sequence": round(min(one[1] - one[0] for one in by_name.values()), 4),
            }
            for test, by_name in measure_davis(davis).items()
        ]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clip", type=Path, default=MEDIA / "clips/asl-webcam.mp4")
    parser.add_argument("--davis", type=Path, help="folder of the DAVIS layout")
    parser.add_argument("--picture", type=Path, help="write heat maps of the changes here")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"OpenCV {cv2.__version__}, one thread")
    score = measure_clip(arguments.clip)
    print_clip(arguments.clip, score)
    print_times("(1280, 720)", measure_720p(arguments.clip))
    if arguments.davis:
        print_davis(measure_davis(arguments.davis))
    if arguments.picture:
        cv2.imwrite(str(arguments.picture), heat_maps(score))


if __name__ == "__main__":
    main()
