"""The form of the networks that are trained: what `livesegment.motion.network.Network` computes."""

import numpy as np
import numpy.typing as npt

WIDTHS = (24, 40, 56)
"""Channels of the encoder's three levels."""

COLOURS = 3
"""The first features: blue, green and red."""

DISTANCE = 3
"""Which feature is the first guess."""

EARLIER = 13
"""Which feature of the edge refiner is the decision before."""


def layers(
    channels: int, widths: tuple[int, int, int] = WIDTHS
) -> dict[str, tuple[int, int, int, int]]:
    """Return for each layer: channels in and out, side of its kernel, stride."""
    a, b, c = widths
    return {
        "e0": (channels * 4, a, 1, 1),
        "e1": (a, a, 3, 1),
        "e2a": (a, b, 3, 2),
        "e2b": (b, b, 3, 1),
        "e3a": (b, c, 3, 2),
        "e3b": (c, c, 3, 1),
        "e3c": (c, c, 3, 1),
        "u2": (c, b, 1, 1),
        "m2": (b, b, 3, 1),
        "u1": (b, a, 1, 1),
        "m1": (a, a, 3, 1),
        "head": (a, 4, 1, 1),
    }


def untrained(channels: int) -> dict[str, npt.NDArray[np.float32]]:
    """Return weights that correct nothing: the first guess alone decides."""
    arrays: dict[str, npt.NDArray[np.float32]] = {}
    for name, (inputs, outputs, side, _) in layers(channels, (4, 4, 4)).items():
        arrays[f"{name}.w"] = np.zeros((outputs, inputs * side * side), np.float32)
        arrays[f"{name}.b"] = np.zeros(outputs, np.float32)
    return arrays
