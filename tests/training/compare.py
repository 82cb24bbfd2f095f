"""Compares weights of the edge refiner on made-up scenes that nothing was trained with.

    python tests/training/compare.py [WEIGHTS.npz ...]

Prints the mean J of chained DIS flow, of the weights of the package and of the given ones, with the
true mask of every frame 1 to 12 frames late: over the frames of a scene, then over the scenes. The
scenes are drawn from the photographs of scikit-image alone, so that everybody draws the same ones.
"""

import argparse
import multiprocessing
import os
import sys
from functools import partial
from pathlib import Path

# One thread a process: numpy's BLAS reads this when it is first imported.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parent))

from examples import FPS, load_network
from methods import Method, PlainChain
from overlay_truth import DELAYS, play
from scenes import Scene
from sequences import CLASS_MAP, Sequence
from store import unpacked
from textures import Pictures

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion import MaskAligner
from livesegment.motion.refine import Refiner

SEEDS = range(9000, 9024)
FRAMES = 22

CHAIN, PACKAGE = "chain", "package"


def draw(seed: int) -> Sequence:
    """Return a scene to compare on, two in three with all that makes footage hard."""
    scene = Scene(seed, Pictures.load(), hard=seed % 3 > 0)
    shots = [scene.frame(t) for t in range(FRAMES)]
    frames = [Frame(unpacked(one), i, i / FPS, i / FPS) for i, (one, _) in enumerate(shots)]
    masks = [Mask(truth, CLASS_MAP, i) for i, (_, truth) in enumerate(shots)]
    return Sequence(str(seed), frames, masks)


def method(name: str) -> Method:
    """Return what carries masks: `chain`, `package`, or MaskAligner with weights of a file.

    It takes all the time it needs, so that the result does not depend on the machine.
    """
    if name == CHAIN:
        return PlainChain()
    refiner = Refiner.load() if name == PACKAGE else Refiner(load_network(Path(name)))
    return MaskAligner(budget_ms=1000, refiner=refiner)


def similarities(names: list[str], seed: int) -> list[list[float]]:
    """Return the mean J in a scene for each method and delay."""
    scene = draw(seed)
    return [
        [float(np.mean([one.similarity for one in play(scene, method(name), d)])) for d in DELAYS]
        for name in names
    ]


def mean_similarities(names: list[str], seeds: range = SEEDS, jobs: int = 1) -> list[list[float]]:
    """Return the mean J over scenes, for each method (see `method`) and delay."""
    with multiprocessing.get_context("spawn").Pool(jobs, cv2.setNumThreads, (1,)) as pool:
        found = pool.map(partial(similarities, names), seeds, chunksize=1)
    means: list[list[float]] = np.mean(found, axis=0).tolist()
    return means


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("weights", nargs="*", help="files")
    parser.add_argument("--seeds", default="9000:9024", help="FROM:TO, the scenes'")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    names = [CHAIN, PACKAGE, *options.weights]
    seeds = range(*(int(part) for part in options.seeds.split(":")))
    means = mean_similarities(names, seeds, options.jobs)
    width = max(len("mean J, late by"), *(len(name) for name in names))
    print(f"{'mean J, late by':{width}}" + "".join(f"{delay:>7}" for delay in DELAYS) + "   mean")
    for name, row in zip(names, means, strict=True):
        values = "".join(f"{value:7.3f}" for value in [*row, np.mean(row)])
        print(f"{name:{width}}{values}")


if __name__ == "__main__":
    main()
