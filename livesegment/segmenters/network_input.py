"""A user's model file: opening it, and what it wants as input."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.errors import OptionsError
from livesegment.opencv import quiet_opencv

Layout = Literal["NCHW", "NHWC"]
Scores = npt.NDArray[Any]

# OpenCV 5: the first line of the form `"x" // <Input> CV_32FC1 [1 x 3 x 32 x 48]`.
_DUMPED_INPUT = re.compile(r"<Input> \w+ \[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class InputShape:
    """What a network takes; None where the file leaves it open.

    Attributes:
        frame_size: (width, height) in pixels.
        layout: Where the three colours are.
    """

    frame_size: tuple[int, int] | None
    layout: Layout | None


def open_network(path: Path) -> cv2.dnn.Net:
    """Open an ONNX or TFLite file with OpenCV.

    Raises:
        OptionsError: If there is no such file, or OpenCV cannot read it as a model.
    """
    suffix = path.suffix.lower()
    if suffix not in (".onnx", ".tflite"):
        raise OptionsError(f"the model file {path} must end in .onnx or .tflite")
    if not path.is_file():
        raise OptionsError(f"there is no model file {path}")
    try:
        with quiet_opencv():
            if suffix == ".onnx":
                return cv2.dnn.readNetFromONNX(str(path))
            return cv2.dnn.readNetFromTFLite(str(path))
    except cv2.error as error:
        kind = "an ONNX" if suffix == ".onnx" else "a TFLite"
        raise OptionsError(f"{path} is not {kind} model that OpenCV can read") from error


def read_input_shape(network: cv2.dnn.Net, path: Path) -> InputShape:
    """Return what the network says of its input.

    Raises:
        OptionsError: If it says that its input is not one picture of three colours.
    """
    dimensions = _input_dimensions(network)
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


def run_network(network: cv2.dnn.Net, blob: npt.NDArray[np.float32], layout: Layout) -> Scores:
    """Return the first output for an input of shape (1, 3, H, W).

    Raises:
        cv2.error: If the network does not take it.
    """
    if layout == "NHWC":
        blob = np.ascontiguousarray(blob.transpose(0, 2, 3, 1))
    network.setInput(blob)
    return np.asarray(network.forward(network.getUnconnectedOutLayersNames()[0]))


def _input_dimensions(network: Any) -> list[int | None]:
    """Return the input's dimensions, None where open; nothing where OpenCV does not tell.

    OpenCV 4 answers with the shapes of all layers; the shapes that OpenCV 5 returns cannot be read
    from Python, but its dump spells them out.
    """
    try:
        with quiet_opencv():
            if hasattr(network, "getLayersShapes"):
                _, inputs, _ = network.getLayersShapes([[]])
                return [int(each) for each in inputs[0][0]]
            dumped = _DUMPED_INPUT.search(network.dump())
    except cv2.error:
        return []
    if dumped is None:
        return []
    parts = [each.strip() for each in dumped[1].split(" x ")]
    return [int(each) if each.isdecimal() else None for each in parts]


def _known_size(width: int | None, height: int | None) -> tuple[int, int] | None:
    return (width, height) if width and height else None
