"""Makes training examples for the side fuser: what Propagator sees between keyframes.

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
from livesegment.motion.carry import Picture, carry, doubts
from livesegment.motion.key import study
from livesegment.motion.propagate import DECISION_PIXELS, FINEST
from livesegment.motion.raster import reduce
from livesegment.motion.refine import STRIDE, Refiner, truth_on
from livesegment.motion.sides import Side, both, side_features

FRAMES = 25
STEPS = {2: 0.16, 3: 0.16, 4: 0.16, 6: 0.16, 8: 0.18, 12: 0.2, 16: 0.16, 24: 0.25}
"""Frames from one keyframe to the next, and the share of the decisions that become examples."""

ALWAYS = (4, 8, 12, 24)
AT_RANDOM = (2, 3, 6, 16)

Bytes = npt.NDArray[np.uint8]
Example = tuple[npt.NDArray[np.float16], Bytes]
Shot = tuple[Bytes, Bytes]


def watch(shots: list[Shot], step: int, random: np.random.Generator) -> list[Example]:
    """Carry masks between the keyframes of a scene; return some of the decisions to be made."""
    refiner = Refiner.load()
    found: list[Example] = []
    for start in range(0, len(shots) - step, step):
        part = shots[start : start + step + 1]
        if min(part[0][1].mean(), part[-1][1].mean()) > 0.001:
            examples = between(part, refiner)
            found += [one for one in examples if random.random() < STEPS[step]]
    return found


def between(shots: list[Shot], refiner: Refiner) -> list[Example]:
    """Return the decisions to be made between a keyframe and the next."""
    height, width = shots[0][1].shape
    pictures = [Picture.of(Frame(picture, i, i, i)) for i, (picture, _) in enumerate(shots)]
    truths = [truth for _, truth in shots]
    ends = [study(Mask(truths[i]), (width, height), pictures[i].small) for i in (0, -1)]
    forward = carry(ends[0], pictures, refiner)
    backward = carry(ends[1], pictures[::-1], refiner)
    for arrived, truth in ((forward[-1], truths[-1]), (backward[-1], truths[0])):
        decision = arrived.decision
        refiner.learn(decision, truth_on(arrived.region, decision, truth))
    doubt = doubts(forward, backward), doubts(backward, forward)
    examples = []
    for place in range(1, len(shots) - 1):
        sides = [
            Side(way[age - 1], source, doubtful[age - 1])
            for way, source, doubtful, age in (
                (forward, pictures[0], doubt[0], place),
                (backward, pictures[-1], doubt[1], len(shots) - 1 - place),
            )
        ]
        sides.sort(key=lambda side: side.carried.age)
        region = both([side.carried for side in sides])
        size = region.grid_size(DECISION_PIXELS, FINEST, STRIDE)
        features = side_features(pictures[place], sides, size).astype(np.float16)
        examples.append((features, reduce(region.crop(truths[place]) * np.uint8(255), size)))
    return examples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--scenes", default="7000:7110", help="FROM:TO, the scenes' seeds")
    parser.add_argument("--hard", action="store_true", help="with all that makes footage hard")
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
        steps = [*ALWAYS, int(random.choice(AT_RANDOM))]
        found = [one for step in steps for one in watch(shots, step, random)]
        arrays: dict[str, Any] = {f"features{i}": features for i, (features, _) in enumerate(found)}
        arrays |= {f"truth{i}": truth for i, (_, truth) in enumerate(found)}
        np.savez(arguments.to / f"{seed}.npz", count=len(found), **arrays)
        print(f"scene {seed}: {len(found)} examples", flush=True)


if __name__ == "__main__":
    main()
