"""Trains the edge refiner or the side fuser on examples of made-up scenes, with PyTorch.

Which of the two it is, the examples tell: those of `side_examples.py` have more features.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as f

COLOURS, DISTANCE = 3, 3
EDGE_CHANNELS, EARLIER = 16, 13
WIDTHS = (24, 40, 56)
CROP = 88
BATCH = 8
CERTAIN = 6.0

Examples = list[tuple[npt.NDArray[np.float16], npt.NDArray[np.uint8]]]


class EdgeRefiner(nn.Module):
    """What `livesegment.motion.network.Network` computes, with the same names."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        a, b, c = WIDTHS
        self.e0, self.e1 = nn.Conv2d(channels * 4, a, 1), nn.Conv2d(a, a, 3, 1, 1)
        self.e2a, self.e2b = nn.Conv2d(a, b, 3, 2, 1), nn.Conv2d(b, b, 3, 1, 1)
        self.e3a, self.e3b = nn.Conv2d(b, c, 3, 2, 1), nn.Conv2d(c, c, 3, 1, 1)
        self.e3c = nn.Conv2d(c, c, 3, 1, 1)
        self.u2, self.m2 = nn.Conv2d(c, b, 1), nn.Conv2d(b, b, 3, 1, 1)
        self.u1, self.m1 = nn.Conv2d(b, a, 1), nn.Conv2d(a, a, 3, 1, 1)
        self.head = nn.Conv2d(a, 4, 1)
        # It begins as the moved mask: the corrections are 0.
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        first = f.relu(self.e1(f.relu(self.e0(f.pixel_unshuffle(x, 2)))))
        second = f.relu(self.e2b(f.relu(self.e2a(first))))
        third = f.relu(self.e3c(f.relu(self.e3b(f.relu(self.e3a(second))))))
        second = f.relu(self.m2(second + f.interpolate(self.u2(third), scale_factor=2)))
        first = f.relu(self.m1(first + f.interpolate(self.u1(second), scale_factor=2)))
        guess = torch.clamp(x[:, DISTANCE : DISTANCE + 1] * 24, -CERTAIN, CERTAIN)
        return guess + f.pixel_shuffle(self.head(first), 2)

    def save(self, path: Path) -> None:
        arrays = {}
        for name, layer in self.named_children():
            weight = layer.weight.detach().numpy()
            arrays[f"{name}.w"] = weight.reshape(weight.shape[0], -1).astype(np.float16)
            arrays[f"{name}.b"] = layer.bias.detach().numpy().astype(np.float16)
        np.savez_compressed(path, **arrays)

    def load(self, path: Path) -> None:
        arrays = np.load(path)
        for name, layer in self.named_children():
            layer.weight.data = torch.tensor(arrays[f"{name}.w"]).float().view_as(layer.weight)
            layer.bias.data = torch.tensor(arrays[f"{name}.b"]).float()


def read(folders: list[Path]) -> tuple[Examples, Examples]:
    """Return examples to train with and, from every twelfth scene, others to validate with."""
    training: Examples = []
    validation: Examples = []
    for path in (path for folder in folders for path in sorted(folder.glob("*.npz"))):
        archive = np.load(path)
        chosen = validation if int(path.stem) % 12 == 0 else training
        for i in range(int(archive["count"])):
            chosen.append((archive[f"features{i}"], archive[f"truth{i}"]))
    return training, validation


def batch(
    examples: Examples, random: np.random.Generator, vary: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Return features, truth and where both are given, cut to one size."""
    channels = examples[0][0].shape[0]
    xs = np.zeros((len(examples), channels, CROP, CROP), np.float32)
    ys = np.zeros((len(examples), 1, CROP, CROP), np.float32)
    given = np.zeros_like(ys)
    for i, (features, truth) in enumerate(examples):
        rows, columns = truth.shape
        top, left = (int(random.integers(max(0, n - CROP) // 2 + 1)) * 2 for n in (rows, columns))
        x = features[:, top : top + CROP, left : left + CROP].astype(np.float32)
        y = truth[top : top + CROP, left : left + CROP] / 255
        if vary:
            x, y = varied(x, y, random)
        rows, columns = y.shape
        xs[i, :, :rows, :columns], ys[i, 0, :rows, :columns] = x, y
        given[i, 0, :rows, :columns] = 1
    return torch.from_numpy(xs), torch.from_numpy(ys), torch.from_numpy(given)


def varied(
    x: npt.NDArray[np.float32], y: npt.NDArray[np.float64], random: np.random.Generator
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Return an example mirrored, with other colours, or without the decision before."""
    if random.random() < 0.5:
        x, y = x[:, :, ::-1], y[:, ::-1]
    if random.random() < 0.3:
        x, y = x[:, ::-1], y[::-1]
    if random.random() < 0.5:
        x = x.copy()
        x[:COLOURS] = x[random.permutation(COLOURS)] * random.uniform(0.6, 1.4, (COLOURS, 1, 1))
    if x.shape[0] == EDGE_CHANNELS and random.random() < 0.15:
        x = x.copy()
        x[EARLIER] = x[DISTANCE]
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


def progress(steps: int, minutes: float) -> Iterator[float]:
    """Yield the share of the steps or of the time that is over, whichever is more, until it is."""
    started = time.monotonic()
    for step in range(steps):
        share = max(step / steps, (time.monotonic() - started) / 60 / minutes)
        if share >= 1:
            return
        yield share


def train(
    model: EdgeRefiner, training: Examples, validation: Examples, options: argparse.Namespace
) -> None:
    random = np.random.default_rng(0)
    held = [batch(validation[i : i + 16], random, False) for i in range(0, len(validation), 16)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=0, weight_decay=1e-3)
    average = {name: value.clone() for name, value in model.state_dict().items()}
    highest = options.highest or (1e-3 if options.start else 2e-3)
    for step, share in enumerate(progress(options.steps, options.minutes), 1):
        optimizer.param_groups[0]["lr"] = highest * min(1, step / 100) * (1 - share)
        chosen = [training[i] for i in random.integers(len(training), size=BATCH)]
        x, truth, given = batch(chosen, random, True)
        optimizer.zero_grad()
        loss(model(x), truth, given).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        for name, value in model.state_dict().items():
            average[name].mul_(0.99).add_(value, alpha=0.01)
        if step % 400 == 0:
            report(step, model, held)
    model.load_state_dict(average)
    report(step, model, held)


@torch.no_grad()
def report(step: int, model: EdgeRefiner, held: list[tuple[Tensor, Tensor, Tensor]]) -> None:
    refined = np.mean([similarity(model(x), y, given) for x, y, given in held])
    moved = np.mean([similarity(x[:, DISTANCE : DISTANCE + 1], y, given) for x, y, given in held])
    print(f"step {step}: mean J {refined:.3f}, of the moved mask {moved:.3f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("examples", type=Path, nargs="+", help="folders of examples.py")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--minutes", type=float, default=60, help="stop by then")
    parser.add_argument("--highest", type=float, help="learning rate to begin with")
    parser.add_argument("--start", type=Path, help="weights to begin with")
    parser.add_argument("--to", type=Path, required=True, help="weights to write, .npz")
    options = parser.parse_args()
    torch.manual_seed(0)
    training, validation = read(options.examples)
    model = EdgeRefiner(channels=training[0][0].shape[0])
    if options.start:
        model.load(options.start)
    print(f"{len(training)} examples, {len(validation)} to validate with", flush=True)
    train(model, training, validation, options)
    model.save(options.to)


if __name__ == "__main__":
    main()
