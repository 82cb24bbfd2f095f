"""The refiner: decides what is object and what is ground, and goes on learning."""

import threading
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Self

import numpy as np
import numpy.typing as npt

from livesegment.motion.features import CERTAIN
from livesegment.motion.network import STRIDE, Network, fold, unfold
from livesegment.motion.raster import Bytes, Floats, reduce
from livesegment.motion.region import Region

__all__ = ["STRIDE", "Decision", "Refiner", "first_guess", "likely", "truth_on"]

_DISTANCE = 3
"""Which feature is the moved mask's distance to its edge."""

_SAMPLES = 600
_REMEMBERED = 6
_STEPS = 2
_RATE = 3e-3
_FORGETTING = 0.01

_READING = threading.Lock()
"""Numpy parses what an array's file begins with as Python, and `ast.parse` ends now and then with a
SystemError where several threads do that at once. Source: CPython issue 106905."""


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """What was decided for a grid, and what from.

    Attributes:
        evidence: float32 (rows, columns), log-odds of object against ground, from -6 to 6.
        correction: The part of it that is the network's.
        base: The log-odds before the network spoke, folded: (4, cells).
        hidden: What the network's last layer saw: (channels + 1, cells).
        chosen: Which cells are worth learning from.
    """

    evidence: Floats
    correction: Floats
    base: Floats
    hidden: Floats
    chosen: npt.NDArray[np.intp]

    def grain(self, region: Region) -> float:
        """Return how many pixels of a region one cell is wide."""
        columns: int = self.evidence.shape[1]
        return region.width / columns

    def without_corrections(self, where: npt.NDArray[np.bool_]) -> Self:
        """Return the decision with the moved mask's own evidence in some cells.

        An object that has just appeared in a mask is where no motion was followed. Nothing there
        fits, and the network would take the object for a mistake for as long.
        """
        guess = self.evidence - self.correction
        evidence = np.where(where, guess, self.evidence)
        return replace(self, evidence=evidence, correction=evidence - guess)


class Refiner:
    """Corrects a moved mask. One instance belongs to one video: it adapts to it."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._trained = network.head
        self._head = network.head.copy()
        self._mean = np.zeros_like(self._head)
        self._square = np.zeros_like(self._head)
        self._step = 0
        self._seen: list[tuple[Floats, Floats, Floats]] = []
        self._random = np.random.default_rng(0)

    @classmethod
    def load(cls, name: str = "edge_refiner") -> Self:
        """Return a refiner with weights that come with the package."""
        with _READING:
            return cls(_network(name))

    def decide(self, features: Floats) -> Decision:
        """Decide from features (CHANNELS, rows, columns), both sides multiples of `STRIDE`."""
        base = first_guess(features[_DISTANCE])
        hidden = self._network.hidden(features)
        folded = fold(base[None]).reshape(4, -1)
        rows, columns = base.shape
        both = folded + self._head @ hidden
        evidence = unfold(both.reshape(4, rows // 2, columns // 2))[0]
        np.clip(evidence, -CERTAIN, CERTAIN, out=evidence)
        near = np.flatnonzero(np.abs(both).min(axis=0) < 5)
        if near.size > _SAMPLES:
            near = self._random.choice(near, _SAMPLES, replace=False)
        return Decision(evidence, evidence - base, folded[:, near], hidden[:, near], near)

    def learn(self, decision: Decision, truth: Floats) -> None:
        """Compare a decision with the truth and decide a little better from now on.

        Args:
            decision: What `decide` returned.
            truth: float32 (rows, columns), the share of each cell that is object.
        """
        wanted = fold(truth[None]).reshape(4, -1)[:, decision.chosen]
        self._seen = [*self._seen[1 - _REMEMBERED :], (decision.hidden, decision.base, wanted)]
        hidden, base, wanted = (
            np.concatenate([seen[i] for seen in self._seen], axis=1) for i in range(3)
        )
        if hidden.shape[1] == 0:
            return
        for _ in range(_STEPS):
            evidence = np.clip(base + self._head @ hidden, -15, 15)
            error = 1 / (1 + np.exp(-evidence)) - wanted
            self._descend(error @ hidden.T / hidden.shape[1])

    def _descend(self, gradient: Floats) -> None:
        """Take one step of Adam, and a small one back to what was trained.

        Source: Kingma and Ba, Adam, ICLR 2015.
        """
        self._step += 1
        self._mean = 0.8 * self._mean + 0.2 * gradient
        self._square = 0.98 * self._square + 0.02 * gradient**2
        mean = self._mean / (1 - 0.8**self._step)
        square = self._square / (1 - 0.98**self._step)
        self._head -= _RATE * mean / (np.sqrt(square) + 1e-4)
        self._head += _FORGETTING * (self._trained - self._head)


@cache
def _network(name: str) -> Network:
    path = resources.files("livesegment.weights") / f"{name}.npz"
    with path.open("rb") as file, np.load(file) as weights:
        return Network(dict(weights))


GUESS_SCALE = 24.0
"""Log-odds for a distance of 1 to the moved mask's edge."""


def first_guess(distance: Floats) -> Floats:
    """Return the log-odds that the moved mask's distance to its edge alone gives."""
    guess: Floats = np.clip(distance * np.float32(GUESS_SCALE), -CERTAIN, CERTAIN)
    return guess


def likely(evidence: Floats) -> Floats:
    """Return the probability that log-odds say."""
    part: Floats = np.float32(0.5) + np.float32(0.5) * np.tanh(evidence * np.float32(0.5))
    return part


def truth_on(region: Region, decision: Decision, objects: Bytes) -> Floats:
    """Return the share of each cell of a decision's grid over a region that is object in truth."""
    rows, columns = decision.evidence.shape
    inside = region.crop(objects) * np.uint8(255)
    return reduce(inside, (columns, rows)).astype(np.float32) * np.float32(1 / 255)
