"""From a model file to a network."""

from pathlib import Path

import cv2

from livesegment.errors import OptionsError
from livesegment.segmenters.runtimes import litert, onnx_runtime
from livesegment.segmenters.runtimes.base import Network
from livesegment.segmenters.runtimes.opencv import OpenCVNetwork


def open_network(path: Path, device: str = "auto", threads: int | None = None) -> Network:
    """Open a model file with what suits it best of what is installed; the caller closes it.

    ONNX Runtime runs .onnx and LiteRT .tflite files; where they are not installed, or do not take
    the file, OpenCV runs both.

    Args:
        path: A .onnx or .tflite file.
        device: `auto`, `cpu`, or a device that ONNX Runtime has a provider for.
        threads: How many threads of the processor it may use; None: as many as OpenCV, which
            `cv2.setNumThreads` bounds for the whole process.

    Raises:
        MissingExtra: If something is to be installed for this device.
        OptionsError: If there is no such file, or it cannot be read as a model, or not run on this
            device.
    """
    suffix = path.suffix.lower()
    if suffix not in (".onnx", ".tflite"):
        raise OptionsError(f"the model file {path} must end in .onnx or .tflite")
    if not path.is_file():
        raise OptionsError(f"there is no model file {path}")
    threads = threads or max(1, cv2.getNumThreads())
    if device not in ("auto", "cpu"):
        if suffix != ".onnx":
            raise OptionsError(
                f"{path} runs on the processor only: the device {device} needs an ONNX model"
            )
        return onnx_runtime.OnnxRuntimeNetwork(path, device, threads)
    try:
        if suffix == ".onnx" and onnx_runtime.is_installed():
            return onnx_runtime.OnnxRuntimeNetwork(path, device, threads)
        if suffix == ".tflite" and litert.is_installed():
            return litert.LiteRTNetwork(path, threads)
    except OptionsError as error:
        # OpenCV forgives what they do not, such as an output whose type is not what it says.
        try:
            return OpenCVNetwork(path)
        except OptionsError:
            raise error from None
    return OpenCVNetwork(path)
