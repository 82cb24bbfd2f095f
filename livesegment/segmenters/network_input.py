"""What a user's network wants as input, and making it of a picture."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from livesegment.errors import OptionsError
from livesegment.frame import Image
from livesegment.segmenters.runtimes.base import Array, Network
from livesegment.settings import require

Layout = Literal["NCHW", "NHWC"]
Three = tuple[float, float, float]

_LEAST_SHADES = 16


@dataclass(frozen=True, slots=True)
class InputShape:
    """What a network takes; None where the file leaves it open.

    Attributes:
        frame_size: (width, height) in pixels.
        layout: Where the three colours are.
        dtype: Type of its numbers.
    """

    frame_size: tuple[int, int] | None
    layout: Layout | None
    dtype: np.dtype[Any]

    @property
    def scale(self) -> float:
        """What pixels are multiplied by if nothing else is said: whole numbers are pixels."""
        return 1.0 if np.issubdtype(self.dtype, np.integer) else 1 / 255


def read_input_shape(network: Network, path: Path) -> InputShape:
    """Return what the network says of its input.

    Raises:
        OptionsError: If it says that its input is not one picture of three colours.
    """
    if not network.inputs:
        return InputShape(None, None, np.dtype(np.float32))
    if len(network.inputs) > 1:
        names = ", ".join(each.name for each in network.inputs[:8])
        raise OptionsError(f"{path} takes several inputs ({names}), not one picture")
    dtype, dimensions = network.inputs[0].dtype, network.inputs[0].shape
    if not dimensions:
        return InputShape(None, None, dtype)
    if len(dimensions) == 4 and dimensions[0] in (None, 1):
        _, second, third, fourth = dimensions
        if second == 3:
            return InputShape(_known_size(fourth, third), "NCHW", dtype)
        if fourth == 3:
            return InputShape(_known_size(third, second), "NHWC", dtype)
        if None in (second, fourth):
            return InputShape(None, None, dtype)
    shape = " x ".join("?" if each is None else str(each) for each in dimensions)
    raise OptionsError(f"{path} takes an input of {shape}, not one picture of three colours")


class Normalisation:
    """Makes a network's input of a picture's pixels: (pixel x scale - mean) / std.

    Args:
        scale: What pixels, 0 to 255, are multiplied by.
        mean: What is then taken away, in the order of the network's channels.
        std: What the rest is divided by, in that order.
        bgr: Whether that order is blue, green, red; else it is red, green, blue.
        dtype: Type of the network's numbers; whole ones are rounded, and bounded by their type.
        path: The network's file, for sentences.

    Raises:
        OptionsError: If hardly anything of a picture is left in whole numbers.
    """

    def __init__(
        self, scale: float, mean: Three, std: Three, *, bgr: bool, dtype: np.dtype[Any], path: Path
    ) -> None:
        # A pixel has 256 values: what becomes of each is worked out once, and then looked up.
        values = (np.arange(256.0)[:, None] * scale - np.array(mean)) / np.array(std)
        if np.issubdtype(dtype, np.integer):
            bounds = np.iinfo(dtype)
            values = np.rint(values).clip(bounds.min, bounds.max)
            left = min(len(np.unique(channel)) for channel in values.T)
            require(
                left >= _LEAST_SHADES,
                f"{path} takes {dtype} numbers, and --scale, --mean, --std or --preset make only"
                f" {left} of the 256 that a pixel has: leave them out, or give others",
            )
        self._table = np.ascontiguousarray(values[np.newaxis], np.float32)
        self._tables = np.ascontiguousarray(values.T, np.float32)
        self._is_bgr = bgr
        self._dtype = dtype

    def blob(self, picture: Image, layout: Layout) -> Array:
        """Return the input for one picture of its size, of shape (1, 3, H, W) or (1, H, W, 3)."""
        ordered = picture if self._is_bgr else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        height, width = picture.shape[:2]
        if layout == "NHWC":
            blob = np.empty((1, height, width, 3), np.float32)
            cv2.LUT(ordered, self._table, dst=blob[0])
        else:
            # Into their place: what is copied there afterwards takes four times as long.
            blob = np.empty((1, 3, height, width), np.float32)
            for plane, table, place in zip(cv2.split(ordered), self._tables, blob[0], strict=True):
                cv2.LUT(plane, table, dst=place)
        return blob.astype(self._dtype, copy=False)


def _known_size(width: int | None, height: int | None) -> tuple[int, int] | None:
    return (width, height) if width and height else None
