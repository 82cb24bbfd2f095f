"""What drawing a mask costs, on one thread, in units of one `cv2.addWeighted` of the same frame.

The unit is measured in the same run, by turns with what is compared to it; a figure is the median
of the ratios. The canvas, copied pixels included, is written anew each time. Frames and masks
change from draw to draw, as between scenes, so every legend is a new one. Run it on an idle
machine::

    python tests/benchmarks/blending.py [--clip FILE] [--beside TREE] [--only WORD] [--check]

The persons come from the built-in model on a clip of people at a webcam, scaled up; without a clip,
a person-shaped mask is drawn instead, and a line says so. `soft` is what the same costs where the
mask is coarser than the picture, as one of a model of 256x256 is, so that its edges are refined.
A legend's figures, and the HUD's, are what they cost more than the same without. With `--beside`
another checkout draws the same pictures by turns, in columns of its own. All times are the
thread's own.
"""

import argparse
import importlib
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np

from livesegment.frame import Frame, Image
from livesegment.mask import Mask
from livesegment.overlay import captions, compositor
from livesegment.segmenters.builtin import BuiltinSegmenter
from livesegment.settings.controls import Controls, Style

MEDIA = Path(os.environ.get("LIVESEGMENT_TEST_MEDIA", Path(__file__).parents[3] / "shared"))
CLIP = MEDIA / "clips" / "asl-webcam.mp4"
SIZES = ((1280, 720), (1920, 1080))
MODEL_SIDE = 256  # pixels; what a person's edges are known by
PICTURES = 6
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
    style: Style = "fill"
    bound: float | None = None
    more: str = ""  # what is measured is what this costs more: "legend", "hud"


@dataclass(frozen=True)
class Tree:
    """What draws, of one checkout."""

    compositor: ModuleType
    captions: ModuleType


HERE = Tree(compositor, captions)


def other_tree(path: Path) -> Tree:
    """Return what draws in another checkout."""
    ours = {name: sys.modules.pop(name) for name in list(sys.modules) if is_ours(name)}
    sys.path.insert(0, str(path))
    tree = Tree(
        importlib.import_module("livesegment.overlay.compositor"),
        importlib.import_module("livesegment.overlay.captions"),
    )
    sys.path.remove(str(path))
    sys.modules.update(ours)
    return tree


def is_ours(module: str) -> bool:
    return module.partition(".")[0] == "livesegment"


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


def classes_scene(people: Scene, size: tuple[int, int], count: int, *, clear: bool) -> Scene:
    """Return the same frames with classes all over, or on classes and a clear background."""
    width, height = size
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    pairs = []
    for number, (frame, _) in enumerate(people.pairs):
        random = np.random.default_rng(number)
        if count <= 60:
            ids = random.permutation(np.arange(60) % count + 1)
        else:
            ids = random.permutation(np.arange(1, count + 1))[:60]
        ids = ids.reshape(6, 10).astype(np.uint8)
        if clear:
            ids[random.random(ids.shape) < 0.5] = 0
        wave = np.sin(rows / 23) + np.sin(columns / 17)
        x, y = (columns + 20 * wave) * 10 / width, (rows + 20 * wave) * 6 / height
        bent = cv2.remap(ids, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        names = {class_id: f"class number {class_id}" for class_id in range(1, count + 1)}
        pairs.append((frame, Mask(bent, {0: "background", **names}, number)))
    return Scene(f"{count} classes, half clear" if clear else f"{count} classes", pairs)


class Measured:
    """One case drawn by one checkout."""

    def __init__(self, tree: Tree, case: Case, *, is_soft: bool) -> None:
        self._tree, self._case, self._is_soft = tree, case, is_soft
        self._compositors = tree.compositor.Compositor(), tree.compositor.Compositor()
        self.seconds: list[float] = []
        self.ratios: list[float] = []

    def draw(self, frame: Frame, mask: Mask, unit_s: float) -> None:
        """Draw a picture and keep what it cost."""
        if self._is_soft:
            mask = replace(mask, grain=max(frame.frame_size) / MODEL_SIDE)
        cost_s = timed(lambda: self._drawn(0, frame, mask, self._case.more))
        if self._case.more:
            cost_s -= timed(lambda: self._drawn(1, frame, mask, ""))
        self.seconds.append(cost_s)
        self.ratios.append(cost_s / unit_s)

    def _drawn(self, which: int, frame: Frame, mask: Mask, more: str) -> None:
        controls = Controls(style=self._case.style, show_legend=more == "legend")
        canvas = self._compositors[which].draw(frame, mask, controls)
        if more == "hud":
            self._tree.captions.draw_hud(canvas, HUD_LINES)


def measure(case: Case, trees: Sequence[Tree], rounds: int) -> list[Measured]:
    """Draw a case by turns: of each checkout without and with soft edges."""
    ways = [Measured(tree, case, is_soft=is_soft) for tree in trees for is_soft in (False, True)]
    for number in range(-PICTURES, rounds):
        frame, mask = case.scene.pairs[number % PICTURES]
        other = case.scene.pairs[(number + 1) % PICTURES][0].image
        unit = unit_of_work(frame.image, other)
        unit_s = statistics.median(timed(unit) for _ in range(3))
        # Who draws first finds the picture not yet in the processor's cache: each does by turns.
        first = number // PICTURES % len(ways)
        for way in ways[first:] + ways[:first]:
            way.draw(frame, mask, unit_s)
            if number < 0:  # the rounds before warm everything up
                way.seconds.clear()
                way.ratios.clear()
    return ways


def unit_of_work(image: Image, other: Image) -> Callable[[], object]:
    """Return one addWeighted of two frames into memory that is there already."""
    target = np.zeros_like(image)
    return lambda: cv2.addWeighted(image, 0.5, other, 0.5, 0, dst=target)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes."""
    begin = time.thread_time()
    work()
    return time.thread_time() - begin


def cases_of(people: Scene, size: tuple[int, int]) -> list[Case]:
    """Return what is measured at one size."""
    all_over = {count: classes_scene(people, size, count, clear=False) for count in (1, 20, 150)}
    clear = {count: classes_scene(people, size, count, clear=True) for count in (1, 20, 150)}
    bounds: dict[Style, float] = {"fill": 2.5, "outline": 3.0, "blur": 4.0, "cutout": 3.0}
    cases = [Case("fill, person", people, "fill", 1.5)]
    cases += [Case(f"fill, {each.name}", each, "fill", 2.5) for each in all_over.values()]
    cases += [Case(f"fill, {each.name}", each, "fill", 2.5) for each in clear.values()]
    for style in ("outline", "blur", "cutout"):
        scenes = people, *clear.values(), *([all_over[20]] if style == "outline" else [])
        cases += [Case(f"{style}, {each.name}", each, style, bounds[style]) for each in scenes]
    for each in (people, clear[20], all_over[20], all_over[150]):
        cases.append(Case(f"legend, {each.name}", each, "fill", 0.5, "legend"))
    return [*cases, Case("HUD", people, "fill", 0.5, "hud")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", type=Path, default=CLIP, help="video of people")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--beside", type=Path, metavar="TREE", help="another checkout, by turns")
    parser.add_argument("--only", default="", help="cases with this in their name")
    parser.add_argument("--check", action="store_true", help="exit 1 if a bound is exceeded")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    trees = [HERE, *([other_tree(options.beside)] if options.beside else [])]
    drawn = "" if options.clip.is_file() else " (no clip: the person is a drawn shape)"
    print(f"OpenCV {cv2.__version__}, one thread{drawn}")
    failed = False
    for size in SIZES:
        people = person_scene(options.clip, size)
        print(f"\n{size[0]}x{size[1]}, the person covers {people.covered():.0%} of the picture")
        columns = f"{'ms':>9}{'times':>7}{'ms soft':>9}{'times':>7}"
        print(f"{'':30}{'bound':>7}" + columns * len(trees))
        for case in cases_of(people, size):
            if options.only not in case.name:
                continue
            print(f"{case.name:30}{case.bound:>7}", end="")
            ways = measure(case, trees, options.rounds)
            for way in ways:
                ratio = statistics.median(way.ratios)
                print(f"{1000 * statistics.median(way.seconds):9.2f}{ratio:7.2f}", end="")
            print(flush=True)
            failed |= case.bound is not None and statistics.median(ways[0].ratios) > case.bound
    sys.exit(1 if failed and options.check else 0)


if __name__ == "__main__":
    main()
