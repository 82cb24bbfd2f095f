"""A small convolutional network, in numpy: too small to be worth a runtime."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from livesegment.motion.raster import Floats

STRIDE = 8
"""The sides of the input are multiples of this."""


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
        self.head: Floats = np.concatenate(
            [self._weights["head.w"], self._weights["head.b"][:, None]], axis=1
        )

    def hidden(self, features: Floats) -> Floats:
        """Return what the last layer sees: float32 (channels + 1, rows / 2 * columns / 2).

        Args:
            features: float32 (channels, rows, columns), both sides multiples of `STRIDE`.
        """
        first = self._conv3("e1", self._conv1("e0", fold(features)))
        second = self._conv3("e2b", self._conv3("e2a", first, stride=2))
        third = self._conv3("e3c", self._conv3("e3b", self._conv3("e3a", second, stride=2)))
        second += doubled(self._conv1("u2", third, relu=False))
        second = self._conv3("m2", second)
        first += doubled(self._conv1("u1", second, relu=False))
        last = self._conv3("m1", first).reshape(first.shape[0], -1)
        return np.concatenate([last, np.ones((1, last.shape[1]), np.float32)])

    def _conv1(self, name: str, x: Floats, relu: bool = True) -> Floats:
        channels, rows, columns = x.shape
        y = self._weights[f"{name}.w"] @ x.reshape(channels, -1)
        y += self._weights[f"{name}.b"][:, None]
        if relu:
            np.maximum(y, 0, out=y)
        return y.reshape(-1, rows, columns)

    def _conv3(self, name: str, x: Floats, stride: int = 1) -> Floats:
        channels, rows, columns = x.shape
        padded = np.zeros((channels, rows + 2, columns + 2), np.float32)
        padded[:, 1:-1, 1:-1] = x
        rows, columns = rows // stride, columns // stride
        patches = np.empty((channels, 9, rows, columns), np.float32)
        for place in range(9):
            top, left = divmod(place, 3)
            patches[:, place] = padded[
                :, top : top + rows * stride : stride, left : left + columns * stride : stride
            ]
        y = self._weights[f"{name}.w"] @ patches.reshape(channels * 9, -1)
        y += self._weights[f"{name}.b"][:, None]
        np.maximum(y, 0, out=y)
        return y.reshape(-1, rows, columns)


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


def doubled(x: Floats) -> Floats:
    """Return every cell four times: (c, h, w) to (c, 2 h, 2 w)."""
    return x.repeat(2, axis=1).repeat(2, axis=2)
