"""Trains a network on examples; broken off, it goes on where it was a minute before."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from edge_network import EdgeNetwork
from shape import COLOURS, DISTANCE
from store import Example, Examples, write
from torch import Tensor, nn
from torch.nn import functional as f

CROP = 88
BATCH = 8
SAVE_EVERY_S = 60
REPORT_EVERY = 400
WARM_UP = 100
Batch = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Plan:
    """How a network is trained.

    Attributes:
        steps: How many batches.
        seconds: When it ends though there were more steps; the learning rate falls accordingly.
        seed: Which examples, in which order, varied how.
        start: Weights to begin with; None: new ones.
        earlier: Which feature is the decision before, which is left out at times; None: no such.
    """

    steps: int
    seconds: float
    seed: int
    start: Path | None
    earlier: int | None


class Trainee:
    """A network as it is after some of the steps."""

    def __init__(self, channels: int, plan: Plan) -> None:
        self.plan = plan
        self.step = 0
        self.seconds = 0.0
        torch.manual_seed(plan.seed)
        self.model, self.average = EdgeNetwork(channels), EdgeNetwork(channels)
        if plan.start:
            self.model.load(plan.start)
        self.average.load_state_dict(self.model.state_dict())
        self._optimizer = torch.optim.AdamW(self.model.parameters(), lr=0, weight_decay=1e-3)
        self._parts = {"model": self.model, "average": self.average, "o": self._optimizer}

    @property
    def over(self) -> float:
        """The share of the steps or of the time that is over, whichever is more."""
        return max(self.step / self.plan.steps, self.seconds / self.plan.seconds)

    def descend(self, examples: Examples) -> None:
        """Do a step, from a batch of the examples."""
        started = time.monotonic()
        highest = 1e-3 if self.plan.start else 2e-3
        rate = highest * min(1, (self.step + 1) / WARM_UP) * (1 - self.over)
        self._optimizer.param_groups[0]["lr"] = rate
        random = np.random.default_rng([self.plan.seed, self.step])
        chosen = [examples[int(n)] for n in random.integers(len(examples), size=BATCH)]
        x, truth, given = batch([varied(*one, random, self.plan.earlier) for one in chosen], random)
        self._optimizer.zero_grad()
        loss(self.model(x), truth, given).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimizer.step()
        with torch.no_grad():
            for mean, value in zip(self.average.parameters(), self.model.parameters(), strict=True):
                mean.mul_(0.99).add_(value, alpha=0.01)
        self.step += 1
        self.seconds += time.monotonic() - started

    def save(self, path: Path) -> None:
        """Write what `resume` reads."""
        state = {name: one.state_dict() for name, one in self._parts.items()}
        state |= {"step": self.step, "seconds": self.seconds}
        write(path, lambda file: torch.save(state, file))

    def resume(self, path: Path) -> None:
        """Go on from there."""
        stored = torch.load(path)
        for name, part in self._parts.items():
            part.load_state_dict(stored[name])
        self.step, self.seconds = int(stored["step"]), float(stored["seconds"])


def learn(paths: list[Path], held_out: list[Path], plan: Plan, to: Path) -> None:
    """Train on the examples in some files and write the weights.

    Args:
        paths: Files of examples to train with.
        held_out: Files of examples that only tell how good it is.
        plan: How.
        to: Where the weights are written, .npz; while it lasts, its state is beside it.
    """
    training, validation = Examples(paths), Examples(held_out)
    if not len(training):
        raise SystemExit("no decision was to be made in these scenes: more of them are needed")
    trainee = Trainee(training[0][0].shape[0], plan)
    state = to.with_suffix(".state")
    if state.exists():
        trainee.resume(state)
    held = [batch([validation[i]], np.random.default_rng(0)) for i in range(len(validation))]
    print(f"{len(training)} examples, {len(held)} held out, from step {trainee.step}", flush=True)
    saved = time.monotonic()
    while trainee.over < 1:
        trainee.descend(training)
        if time.monotonic() - saved > SAVE_EVERY_S:
            trainee.save(state)
            saved = time.monotonic()
        if trainee.step % REPORT_EVERY == 0 and trainee.over < 1:
            report(trainee, held)
    report(trainee, held)
    write(to, trainee.average.save)
    state.unlink(missing_ok=True)


def batch(examples: Sequence[Example], random: np.random.Generator) -> Batch:
    """Return features, truth and where both are given, cut to one size."""
    xs = np.zeros((len(examples), examples[0][0].shape[0], CROP, CROP), np.float32)
    ys = np.zeros((len(examples), 1, CROP, CROP), np.float32)
    given = np.zeros_like(ys)
    for i, (features, truth) in enumerate(examples):
        rows, columns = truth.shape
        top, left = (int(random.integers(max(0, n - CROP) // 2 + 1)) * 2 for n in (rows, columns))
        x = features[:, top : top + CROP, left : left + CROP]
        y = truth[top : top + CROP, left : left + CROP]
        rows, columns = y.shape
        xs[i, :, :rows, :columns], ys[i, 0, :rows, :columns] = x, y / 255
        given[i, 0, :rows, :columns] = 1
    return torch.from_numpy(xs), torch.from_numpy(ys), torch.from_numpy(given)


def varied(
    x: npt.NDArray[np.float16],
    y: npt.NDArray[np.uint8],
    random: np.random.Generator,
    earlier: int | None,
) -> Example:
    """Return an example mirrored, with other colours, or without the decision before."""
    if random.random() < 0.5:
        x, y = x[:, :, ::-1], y[:, ::-1]
    if random.random() < 0.3:
        x, y = x[:, ::-1], y[::-1]
    if random.random() < 0.5:
        x = x.copy()
        x[:COLOURS] = x[random.permutation(COLOURS)] * random.uniform(0.6, 1.4, (COLOURS, 1, 1))
    if earlier is not None and random.random() < 0.15:
        x = x.copy()
        x[earlier] = x[DISTANCE]
    return x, y


def loss(evidence: Tensor, truth: Tensor, given: Tensor) -> Tensor:
    """Return cross entropy in units of the outline's length, and 1 - J for soft regions.

    Small objects count as much as large ones, as they do in the mean J.
    """
    entropy = f.binary_cross_entropy_with_logits(evidence, truth, reduction="none") * given
    outline = ((truth > 0.02) * given).sum((1, 2, 3)).sqrt() * 8 + 60
    share = torch.sigmoid(evidence) * given
    both = (share * truth).sum((1, 2, 3))
    either = (share + truth * given - share * truth).sum((1, 2, 3)) + 1
    return (entropy.sum((1, 2, 3)) / outline).mean() + (1 - (both + 1) / either).mean()


def similarity(evidence: Tensor, truth: Tensor, given: Tensor) -> float:
    """Return the mean J."""
    shown, true = (evidence > 0) & (given > 0), (truth > 0.5) & (given > 0)
    both, either = (shown & true).sum((1, 2, 3)), (shown | true).sum((1, 2, 3))
    return float(((both + 1) / (either + 1)).mean())


@torch.no_grad()
def report(trainee: Trainee, held: list[Batch]) -> None:
    """Print how good the decisions about what is held out are."""
    model = trainee.average
    refined = np.mean([similarity(model(x), y, given) for x, y, given in held] or [0])
    guesses = [similarity(x[:, DISTANCE : DISTANCE + 1], y, given) for x, y, given in held]
    print(
        f"step {trainee.step}, {trainee.seconds:.0f} s: mean J {refined:.4f}, "
        f"of the first guess {np.mean(guesses or [0]):.4f}",
        flush=True,
    )
