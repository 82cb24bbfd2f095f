"""Finds examples for the edge refiner: what MaskAligner sees in a scene, and what is true there."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from shape import untrained
from store import Bytes, Example, Shot

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion import MaskAligner
from livesegment.motion.features import CHANNELS
from livesegment.motion.network import Network
from livesegment.motion.refine import Decision, Refiner

FPS = 24
DELAYS = (1, 2, 3, 5, 8, 8, 12, 12)
RUNS = 3
KEPT = 0.5
"""Share of the decisions that become examples: neighbouring ones are nearly the same."""


class Recorder(Refiner):
    """A refiner that keeps what it was asked; without weights the moved mask alone decides."""

    def __init__(self, weights: Path | None) -> None:
        super().__init__(load_network(weights))
        self.examples: list[tuple[npt.NDArray[np.float32], Bytes]] = []
        self._asked: list[tuple[Decision, npt.NDArray[np.float32]]] = []

    def decide(self, features: npt.NDArray[np.float32]) -> Decision:
        decision = super().decide(features)
        self._asked.append((decision, features))
        return decision

    def learn(self, decision: Decision, truth: npt.NDArray[np.float32]) -> None:
        super().learn(decision, truth)
        # The aligner may have overruled a decision in part; what it was made from is the same.
        features = next(f for asked, f in self._asked if asked.chosen is decision.chosen)
        self.examples.append((features, (truth * 255).astype(np.uint8)))


def load_network(weights: Path | None) -> Network:
    """Return a network with weights of a file, or one that corrects nothing."""
    if weights is None:
        return Network(untrained(CHANNELS))
    with np.load(weights) as arrays:
        return Network(dict(arrays))


def watch(shots: list[Shot], seed: int, weights: Path | None) -> list[Example]:
    """Play a scene with late masks and return some of the decisions that were to be made."""
    random = np.random.default_rng(seed)
    return [one for _ in range(RUNS) for one in _run(shots, random, weights)]


def _run(shots: list[Shot], random: np.random.Generator, weights: Path | None) -> list[Example]:
    delay = int(random.choice(DELAYS))
    every = delay if random.random() < 0.3 else 1
    recorder = Recorder(weights)
    aligner = MaskAligner(budget_ms=1000, refiner=recorder)
    for index, (picture, _) in enumerate(shots):
        aligner.observe(Frame(picture, index, index / FPS, index / FPS))
        source = (index - delay) // every * every
        if source >= 0 and shots[source][1].mean() > 0.001:
            aligner.align(Mask(shots[source][1], {}, source))
    kept = [one for one in recorder.examples if random.random() < KEPT]
    return [(features.astype(np.float16), truth) for features, truth in kept]
