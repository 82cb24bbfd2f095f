"""Finds examples for the side fuser: what Propagator sees between a scene's keyframes."""

from pathlib import Path

import numpy as np
from examples import load_network
from store import Example, Shot

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion.carry import Picture, carry, doubts
from livesegment.motion.key import study
from livesegment.motion.propagate import DECISION_PIXELS, FINEST
from livesegment.motion.raster import reduce
from livesegment.motion.refine import STRIDE, Refiner, truth_on
from livesegment.motion.sides import Side, both, side_features

STEPS = {2: 0.16, 3: 0.16, 4: 0.16, 6: 0.16, 8: 0.18, 12: 0.2, 16: 0.16, 24: 0.25}
"""Frames from one keyframe to the next, and the share of the decisions that become examples."""

ALWAYS = (4, 8, 12, 24)
AT_RANDOM = (2, 3, 6, 16)


def watch(shots: list[Shot], seed: int, weights: Path | None) -> list[Example]:
    """Carry masks between the keyframes of a scene; return some of the decisions to be made."""
    random = np.random.default_rng(seed)
    steps = [*ALWAYS, int(random.choice(AT_RANDOM))]
    return [one for step in steps for one in _carry(shots, step, random, weights)]


def _carry(
    shots: list[Shot], step: int, random: np.random.Generator, weights: Path | None
) -> list[Example]:
    refiner = Refiner(load_network(weights))
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
