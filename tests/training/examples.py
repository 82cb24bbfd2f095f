"""Makes training examples: what MaskAligner sees in made-up scenes, and what is true there.

Every example is one decision: the features of a grid, and the share of each cell that is object.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent))

from scenes import Scene
from textures import load_photographs

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion import MaskAligner
from livesegment.motion.network import Network
from livesegment.motion.refine import Decision, Refiner

FPS = 24
FRAMES = 22
DELAYS = (1, 2, 3, 5, 8, 8, 12, 12)
RUNS = 3
KEPT = 0.5
"""Share of the decisions that become examples: neighbouring ones are nearly the same."""

Bytes = npt.NDArray[np.uint8]
Example = tuple[npt.NDArray[np.float16], Bytes]


class Recorder(Refiner):
    """A refiner that keeps what it was asked; without weights the moved mask alone decides."""

    def __init__(self, weights: Path | None) -> None:
        super().__init__(Network(dict(np.load(weights)) if weights else untrained()))
        self.examples: list[Example] = []
        self._asked: list[tuple[Decision, npt.NDArray[np.float32]]] = []

    def decide(self, features: npt.NDArray[np.float32]) -> Decision:
        decision = super().decide(features)
        self._asked.append((decision, features))
        return decision

    def learn(self, decision: Decision, truth: npt.NDArray[np.float32]) -> None:
        super().learn(decision, truth)
        # The aligner may have overruled a decision in part; what it was made from is the same.
        features = next(f for asked, f in self._asked if asked.chosen is decision.chosen)
        self.examples.append((features.astype(np.float16), (truth * 255).astype(np.uint8)))


def untrained() -> dict[str, npt.NDArray[np.float32]]:
    """Return weights that correct nothing."""
    widths = {"e0": (4, 64), "e1": (4, 36), "e2a": (4, 36), "e2b": (4, 36), "e3a": (4, 36)}
    widths |= {"e3b": (4, 36), "e3c": (4, 36), "u2": (4, 4), "m2": (4, 36), "u1": (4, 4)}
    widths |= {"m1": (4, 36), "head": (4, 4)}
    zeros = {f"{name}.w": np.zeros(shape, np.float32) for name, shape in widths.items()}
    return zeros | {f"{name}.b": np.zeros(shape[0], np.float32) for name, shape in widths.items()}


def watch(
    shots: list[tuple[Bytes, Bytes]], random: np.random.Generator, weights: Path | None
) -> list[Example]:
    """Play a scene with late masks and return some of the decisions that were to be made."""
    delay = int(random.choice(DELAYS))
    every = delay if random.random() < 0.3 else 1
    recorder = Recorder(weights)
    aligner = MaskAligner(refiner=recorder)
    for index, (picture, _) in enumerate(shots):
        aligner.observe(Frame(picture, index, index / FPS, index / FPS))
        source = (index - delay) // every * every
        if source >= 0 and shots[source][1].mean() > 0.001:
            aligner.align(Mask(shots[source][1], {}, source))
    return [one for one in recorder.examples if random.random() < KEPT]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", default="0:430", help="FROM:TO, the scenes' seeds")
    parser.add_argument("--hard", action="store_true", help="with all that makes footage hard")
    parser.add_argument("--refiner", type=Path, help="weights that decide meanwhile")
    parser.add_argument("--to", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    photos = load_photographs()
    arguments.to.mkdir(parents=True, exist_ok=True)
    first, last = (int(part) for part in arguments.scenes.split(":"))
    for seed in range(first, last):
        scene, random = Scene(seed, photos, arguments.hard), np.random.default_rng(seed)
        shots = [scene.frame(t) for t in range(FRAMES)]
        if np.median([truth.mean() for _, truth in shots]) < 0.002:
            continue
        found = [one for _ in range(RUNS) for one in watch(shots, random, arguments.refiner)]
        arrays: dict[str, Any] = {f"features{i}": features for i, (features, _) in enumerate(found)}
        arrays |= {f"truth{i}": truth for i, (_, truth) in enumerate(found)}
        np.savez(arguments.to / f"{seed}.npz", count=len(found), **arrays)
        print(f"scene {seed}: {len(found)} examples", flush=True)


if __name__ == "__main__":
    main()
