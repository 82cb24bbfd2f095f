"""What a user's network wants as input."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from livesegment.errors import OptionsError
from livesegment.segmenters.runtimes.base import Array, Network

Layout = Literal["NCHW", "NHWC"]


@dataclass(frozen=True, slots=True)
class InputShape:
    """What a network takes; None where the file leaves it open.

    Attributes:
        frame_size: (width, height) in pixels.
        layout: Where the three colours are.
    """

    frame_size: tuple[int, int] | None
    layout: Layout | None


def read_input_shape(network: Network, path: Path) -> InputShape:
    """Return what the network says of its input.

    Raises:
        OptionsError: If it says that its input is not one picture of three colours.
    """
    dimensions = network.inputs[0].shape if network.inputs else ()
    if not dimensions:
        return InputShape(None, None)
    if len(dimensions) == 4 and dimensions[1] == 3:
        return InputShape(_known_size(dimensions[3], dimensions[2]), "NCHW")
    if len(dimensions) == 4 and dimensions[3] == 3:
        return InputShape(_known_size(dimensions[2], dimensions[1]), "NHWC")
    if len(dimensions) == 4 and None in (dimensions[1], dimensions[3]):
        return InputShape(None, None)
    shape = " x ".join("?" if each is None else str(each) for each in dimensions)
    raise OptionsError(f"{path} takes an input of {shape}, not one picture of three colours")


def run_network(network: Network, blob: npt.NDArray[np.float32], layout: Layout) -> Array:
    """Return the first output for an input of shape (1, 3, H, W).

    Raises:
        OptionsError: If the network does not take it.
    """
    if layout == "NHWC":
        blob = np.ascontiguousarray(blob.transpose(0, 2, 3, 1))
    return network.run(blob)[network.outputs[0]]


def _known_size(width: int | None, height: int | None) -> tuple[int, int] | None:
    return (width, height) if width and height else None
