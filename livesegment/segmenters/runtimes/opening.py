"""From a model file to a network."""

from pathlib import Path

from livesegment.errors import OptionsError
from livesegment.segmenters.runtimes.base import Network
from livesegment.segmenters.runtimes.opencv import OpenCVNetwork


def open_network(path: Path, device: str = "auto") -> Network:  # noqa: ARG001
    """Open a model file with what suits it best of what is installed; the caller closes it.

    Args:
        path: A .onnx or .tflite file.
        device: What it is to run on.

    Raises:
        OptionsError: If there is no such file, or it cannot be read as a model.
    """
    suffix = path.suffix.lower()
    if suffix not in (".onnx", ".tflite"):
        raise OptionsError(f"the model file {path} must end in .onnx or .tflite")
    if not path.is_file():
        raise OptionsError(f"there is no model file {path}")
    return OpenCVNetwork(path)
