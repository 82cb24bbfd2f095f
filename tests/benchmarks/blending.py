"""What drawing a mask costs, on one thread, in units of one `cv2.addWeighted` of the same frame.

The unit is measured in the same run, by turns with what is compared to it; a figure is the median
of the ratios. The canvas, copied pixels included, is written anew each time. Frames and masks
change from draw to draw, as between scenes, so every legend is a new one. Run it on an idle
machine::

    python tests/benchmarks/blending.py [--clip FILE] [--check]

The persons come from the built-in model on a clip of people at a webcam, scaled up; without a clip,
a person-shaped mask is drawn instead, and a line says so. `+ soft edges` is what the same costs
more where the mask is coarser than the picture, each picture drawn by turns without and with them.
All times are the thread's own.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from livesegment.frame import Frame, Image
from livesegment.mask import Mask
from livesegment.overlay.captions import draw_hud
from livesegment.overlay.compositor import Compositor
from livesegment.segmenters.builtin import BuiltinSegmenter
from livesegment.settings.controls import Controls, Style

MEDIA = Path(os.environ.get("LIVESEGMENT_TEST_MEDIA", Path(__file__).parents[3] / "shared"))
CLIP = MEDIA / "clips" / "asl-webcam.mp4"
SIZES = ((1280, 720), (1920, 1080))
MODEL_SIDE = 256  # pixels; what a person's edges are known by
PICTURES = 6
CLASS_NAMES = {class_id: f"class number {class_id}" for class_id in range(1, 21)}
HUD_LINES = ("29.8 frames/s", "mask 83 ms old", "412 calls")


@dataclass(frozen=True)
class Scene:
    """Frames with masks of one kind."""

    name: str
    pairs: Sequence[tuple[Frame, Mask]]

    def covered(self) -> float:
        """Return the mean share of the picture that is drawn on."""
        return statistics.mean(float(np.mean(mask.class_ids > 0)) for _, mask in self.pairs)


@dataclass(frozen=True)
class Case:
    """Something to measure; `bound` is the most it may cost."""

    name: str
    scene: Scene
    controls: Controls
    bound: float | None = None
    hud: bool = False


def frames_of_clip(path: Path, count: int) -> list[Image]:
    """Return frames from all over a clip."""
    capture = cv2.VideoCapture(str(path))
    total = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    images = []
    for number in range(count):
        capture.set(cv2.CAP_PROP_POS_FRAMES, (number + 0.5) * total / count)
        ok, image = capture.read()
        if not ok:
            sys.exit(f"cannot read frames of {path}")
        images.append(image)
    capture.release()
    return images


def drawn_person(size: tuple[int, int], number: int) -> tuple[Image, Mask]:
    """Return a textured picture and a mask shaped like a person at a desk camera."""
    random = np.random.default_rng(number)
    noise = random.integers(0, 256, (45, 80, 3), np.uint8)
    image = cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC)
    width, height = size
    ids = np.zeros((height, width), np.uint8)
    middle = width // 2 + 10 * number
    head = (width // 9, height // 4)
    cv2.ellipse(ids, (middle, height * 2 // 5), head, 0, 0, 360, 1, -1)
    cv2.ellipse(ids, (middle, height * 11 // 10), (width * 3 // 10, height // 2), 0, 0, 360, 1, -1)
    return image, Mask(ids, {0: "background", 1: "person"}, number)


def person_scene(clip: Path, size: tuple[int, int]) -> Scene:
    """Return persons on real footage; drawn ones where there is no clip."""
    if not clip.is_file():
        drawn = [drawn_person(size, number) for number in range(PICTURES)]
        return Scene("person", [(Frame(image, 0, 0.0, 0.0), mask) for image, mask in drawn])
    pairs = []
    with BuiltinSegmenter() as segmenter:
        for image in frames_of_clip(clip, PICTURES):
            large = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
            mask = segmenter.segment(Frame(image, 0, 0.0, 0.0)).resized(size)
            pairs.append((Frame(large, 0, 0.0, 0.0), replace(mask, grain=1.0)))
    return Scene("person", pairs)


def classes_scene(people: Scene, size: tuple[int, int], *, clear: bool) -> Scene:
    """Return the same frames with 20 classes all over, or on 20 classes and a clear background."""
    width, height = size
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    pairs = []
    for number, (frame, _) in enumerate(people.pairs):
        random = np.random.default_rng(number)
        ids = random.permutation(np.arange(60) % 20 + 1).reshape(6, 10).astype(np.uint8)
        if clear:
            ids[random.random(ids.shape) < 0.5] = 0
        wave = np.sin(rows / 23) + np.sin(columns / 17)
        x, y = (columns + 20 * wave) * 10 / width, (rows + 20 * wave) * 6 / height
        bent = cv2.remap(ids, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        class_map = {0: "background", **CLASS_NAMES}
        pairs.append((frame, Mask(bent, class_map, number)))
    return Scene("20 classes, half clear" if clear else "20 classes", pairs)


def measure(case: Case, rounds: int) -> tuple[float, float]:
    """Return median milliseconds and median cost in units."""
    compositor = Compositor()
    seconds, ratios = [], []
    for number in range(-PICTURES, rounds):
        frame, mask = case.scene.pairs[number % PICTURES]
        other = case.scene.pairs[(number + 1) % PICTURES][0].image
        unit_s = timed(unit_of_work(frame.image, other))
        cost_s = timed(draw_with(compositor, frame, mask, case))
        if number >= 0:  # the rounds before warm everything up
            seconds.append(cost_s)
            ratios.append(cost_s / unit_s)
    return 1000 * statistics.median(seconds), statistics.median(ratios)


def measure_soft(case: Case, rounds: int) -> tuple[float, float]:
    """Return median milliseconds and units that soft edges cost more than the same without."""
    hard, soft = Compositor(), Compositor()
    seconds, ratios = [], []
    for number in range(-PICTURES, rounds):
        frame, mask = case.scene.pairs[number % PICTURES]
        other = case.scene.pairs[(number + 1) % PICTURES][0].image
        coarse = replace(mask, grain=max(frame.frame_size) / MODEL_SIDE)
        unit_s = timed(unit_of_work(frame.image, other))
        cost_s = -timed(draw_with(hard, frame, mask, case))
        cost_s += timed(draw_with(soft, frame, coarse, case))
        if number >= 0:
            seconds.append(cost_s)
            ratios.append(cost_s / unit_s)
    return 1000 * statistics.median(seconds), statistics.median(ratios)


def unit_of_work(image: Image, other: Image) -> Callable[[], object]:
    """Return one addWeighted of two frames into memory that is there already."""
    target = np.zeros_like(image)
    return lambda: cv2.addWeighted(image, 0.5, other, 0.5, 0, dst=target)


def draw_with(compositor: Compositor, frame: Frame, mask: Mask, case: Case) -> Callable[[], object]:
    """Return the drawing of one case."""

    def draw() -> None:
        canvas = compositor.draw(frame, mask, case.controls)
        if case.hud:
            draw_hud(canvas, HUD_LINES)

    return draw


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes."""
    begin = time.thread_time()
    work()
    return time.thread_time() - begin


def cases_of(people: Scene, classes: Scene, half_clear: Scene) -> list[Case]:
    """Return what is measured at one size."""

    def plain(style: Style) -> Controls:
        return Controls(style=style, show_legend=False)

    legend = Controls()
    return [
        Case("fill, person", people, plain("fill"), 1.5),
        Case("fill, 20 classes", classes, plain("fill"), 2.5),
        Case("fill, 20 classes, half clear", half_clear, plain("fill")),
        Case("outline, person", people, plain("outline")),
        Case("outline, 20 classes", classes, plain("outline")),
        Case("blur, person", people, plain("blur")),
        Case("cutout, person", people, plain("cutout")),
        Case("fill and legend, person", people, legend),
        Case("fill and legend, 20 classes", classes, legend),
        Case("fill and HUD, person", people, plain("fill"), hud=True),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", type=Path, default=CLIP, help="video of people")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--check", action="store_true", help="exit 1 if a bound is exceeded")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    drawn = "" if options.clip.is_file() else " (no clip: the person is a drawn shape)"
    print(f"OpenCV {cv2.__version__}, one thread{drawn}")
    failed = False
    for size in SIZES:
        people = person_scene(options.clip, size)
        classes = classes_scene(people, size, clear=False)
        half_clear = classes_scene(people, size, clear=True)
        print(f"\n{size[0]}x{size[1]}, the person covers {people.covered():.0%} of the picture")
        print(f"{'':30}{'ms':>8}{'times':>8}{'bound':>8}")
        for case in cases_of(people, classes, half_clear):
            cost_ms, ratio = measure(case, options.rounds)
            bound = case.bound if size == SIZES[0] else None
            failed |= bound is not None and ratio > bound
            print(f"{case.name:30}{cost_ms:8.2f}{ratio:8.2f}{bound if bound else '-':>8}")
            if case.scene is people and not case.controls.show_legend and not case.hud:
                more_ms, more = measure_soft(case, options.rounds)
                print(f"{'  + soft edges':30}{more_ms:8.2f}{more:8.2f}{'-':>8}")
    sys.exit(1 if failed and options.check else 0)


if __name__ == "__main__":
    main()
