"""A small convolutional network, in numpy: too small to be worth a runtime."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from livesegment.motion.raster import Floats

STRIDE = 8
"""The sides of the input are multiples of this."""

_THREE_BY_THREE = ("e1", "e2b", "e3b", "e3c", "m2", "m1")


class Network:
    """Decides from features which cells are the objects'.

    An encoder of three levels, each half the size of the one before, and a decoder that adds what
    the encoder saw at its level. The first level is already half the input's size: four cells
    become channels of one, and the four outputs of one become cells again.
    Source: Ronneberger et al., U-Net, MICCAI 2015, with sums in place of concatenation.

    Args:
        weights: float arrays by layer: `NAME.w` of shape (out, in * 9 or in) and `NAME.b`.
    """

    def __init__(self, weights: Mapping[str, npt.NDArray[np.floating]]) -> None:
        self._weights = {name: np.asarray(w, np.float32) for name, w in weights.items()}
        self._rows = {
            name.removesuffix(".w"): _by_row(w)
            for name, w in self._weights.items()
            if name.removesuffix(".w") in _THREE_BY_THREE
        }
        self.head: Floats = np.concatenate(
            [self._weights["head.w"], self._weights["head.b"][:, None]], axis=1
        )

    def hidden(self, features: Floats) -> Floats:
        """Return what the last layer sees: float32 (channels + 1, rows / 2 * columns / 2).

        Args:
            features: float32 (channels, rows, columns), both sides multiples of `STRIDE`.
        """
        first = self._conv3("e1", self._conv1("e0", fold(features)))
        second = self._conv3("e2b", self._conv3_halving("e2a", first))
        third = self._conv3("e3c", self._conv3("e3b", self._conv3_halving("e3a", second)))
        _add_doubled(second, self._conv1("u2", third, relu=False))
        second = self._conv3("m2", second)
        _add_doubled(first, self._conv1("u1", second, relu=False))
        last = self._conv3("m1", first).reshape(first.shape[0], -1)
        return np.concatenate([last, np.ones((1, last.shape[1]), np.float32)])

    def _conv1(self, name: str, x: Floats, relu: bool = True) -> Floats:
        channels, rows, columns = x.shape
        y = self._weights[f"{name}.w"] @ x.reshape(channels, -1)
        y += self._weights[f"{name}.b"][:, None]
        if relu:
            np.maximum(y, 0, out=y)
        return y.reshape(-1, rows, columns)

    def _conv3(self, name: str, x: Floats) -> Floats:
        channels, rows, columns = x.shape
        # Each row of weights finds its cells in one block of memory, as lies between those of
        # the rows above and below; so cells are copied three times, not nine.
        beside = np.zeros((channels, 3, rows + 2, columns), np.float32)
        beside[:, 0, 1:-1, 1:] = x[..., :-1]
        beside[:, 1, 1:-1] = x
        beside[:, 2, 1:-1, :-1] = x[..., 1:]
        cells = beside.reshape(channels * 3, -1)
        above, here, below = self._rows[name]
        length = rows * columns
        y = above @ cells[:, :length]
        y += here @ cells[:, columns : columns + length]
        y += below @ cells[:, 2 * columns : 2 * columns + length]
        return self._activated(name, y, rows, columns)

    def _conv3_halving(self, name: str, x: Floats) -> Floats:
        channels, rows, columns = x.shape
        padded = np.zeros((channels, rows + 2, columns + 2), np.float32)
        padded[:, 1:-1, 1:-1] = x
        rows, columns = rows // 2, columns // 2
        patches = np.empty((channels, 9, rows, columns), np.float32)
        for place in range(9):
            top, left = divmod(place, 3)
            patches[:, place] = padded[:, top : top + rows * 2 : 2, left : left + columns * 2 : 2]
        y = self._weights[f"{name}.w"] @ patches.reshape(channels * 9, -1)
        return self._activated(name, y, rows, columns)

    def _activated(self, name: str, y: Floats, rows: int, columns: int) -> Floats:
        y += self._weights[f"{name}.b"][:, None]
        np.maximum(y, 0, out=y)
        return y.reshape(-1, rows, columns)


def _by_row(weights: Floats) -> Floats:
    """Return the weights of 3x3 cells (out, in * 9) row by row, (3, out, in * 3)."""
    out = len(weights)
    rows = weights.reshape(out, -1, 3, 3).transpose(2, 0, 1, 3)
    return np.ascontiguousarray(rows).reshape(3, out, -1)


def fold(x: Floats) -> Floats:
    """Turn each 2x2 cells into channels: (c, h, w) to (4 c, h / 2, w / 2)."""
    channels, rows, columns = x.shape
    cells = x.reshape(channels, rows // 2, 2, columns // 2, 2).transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(cells).reshape(4 * channels, rows // 2, columns // 2)


def unfold(x: Floats) -> Floats:
    """Undo `fold`."""
    channels, rows, columns = x.shape
    cells = x.reshape(channels // 4, 2, 2, rows, columns).transpose(0, 3, 1, 4, 2)
    return np.ascontiguousarray(cells).reshape(channels // 4, rows * 2, columns * 2)


def _add_doubled(larger: Floats, x: Floats) -> None:
    """Add every cell four times, (c, h, w) to (c, 2 h, 2 w)."""
    channels, rows, columns = x.shape
    larger.reshape(channels, rows, 2, columns, 2)[:] += x[:, :, None, :, None]
