"""The networks in PyTorch."""

from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from shape import DISTANCE, layers
from torch import Tensor, nn
from torch.nn import functional as f

from livesegment.motion.features import CERTAIN
from livesegment.motion.refine import GUESS_SCALE


class EdgeNetwork(nn.Module):
    """What `livesegment.motion.network.Network` computes, with the same names.

    Args:
        channels: How many features there are.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        for name, (inputs, outputs, side, stride) in layers(channels).items():
            setattr(self, name, nn.Conv2d(inputs, outputs, side, stride, side // 2))
        # It begins as the moved mask: the corrections are 0.
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return log-odds (n, 1, rows, columns) from features (n, channels, rows, columns)."""
        first = f.relu(self.e1(f.relu(self.e0(f.pixel_unshuffle(x, 2)))))
        second = f.relu(self.e2b(f.relu(self.e2a(first))))
        third = f.relu(self.e3c(f.relu(self.e3b(f.relu(self.e3a(second))))))
        second = f.relu(self.m2(second + f.interpolate(self.u2(third), scale_factor=2)))
        first = f.relu(self.m1(first + f.interpolate(self.u1(second), scale_factor=2)))
        guess = torch.clamp(x[:, DISTANCE : DISTANCE + 1] * GUESS_SCALE, -CERTAIN, CERTAIN)
        return guess + f.pixel_shuffle(self.head(first), 2)

    def save(self, file: BinaryIO) -> None:
        """Write the weights as the package reads them."""
        arrays = {}
        for name, layer in self.named_children():
            weight = layer.weight.detach().numpy()
            arrays[f"{name}.w"] = weight.reshape(weight.shape[0], -1).astype(np.float16)
            arrays[f"{name}.b"] = layer.bias.detach().numpy().astype(np.float16)
        np.savez_compressed(file, **arrays)

    def load(self, path: Path) -> None:
        """Take weights that `save` wrote."""
        with np.load(path) as arrays:
            for name, layer in self.named_children():
                layer.weight.data = torch.tensor(arrays[f"{name}.w"]).float().view_as(layer.weight)
                layer.bias.data = torch.tensor(arrays[f"{name}.b"]).float()
