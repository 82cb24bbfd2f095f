"""Networks that OpenCV computes: always there, on the processor only."""

import re
import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np

from livesegment.errors import OptionsError
from livesegment.opencv import quiet_opencv
from livesegment.segmenters.runtimes.base import (
    Array,
    Network,
    Tensor,
    cannot,
    clean_metadata,
    shown_shape,
)
from livesegment.segmenters.runtimes.litert import packed_texts
from livesegment.segmenters.runtimes.onnx_header import OnnxHeader, read_onnx_header

# OpenCV 5: the first line of the form `"x" // <Input> CV_32FC1 [1 x 3 x 32 x 48]`.
_DUMPED_INPUT = re.compile(r'"([^"\n]*)" // <Input> (\w+) \[([^\]]*)\]')

_DTYPES = {
    "CV_8UC1": np.uint8,
    "CV_8SC1": np.int8,
    "CV_16FC1": np.float16,
    "CV_32FC1": np.float32,
    "CV_64FC1": np.float64,
    "CV_32SC1": np.int32,
    "CV_64SC1": np.int64,
}


class OpenCVNetwork(Network):
    """Runs an ONNX or TFLite file with OpenCV, which gives and takes channels first for both.

    Args:
        path: A file that ends in .onnx or .tflite.

    Raises:
        OptionsError: If OpenCV cannot read it as a model.
    """

    metadata: Mapping[str, str] = MappingProxyType({})
    device = "the processor, with OpenCV"

    def __init__(self, path: Path) -> None:
        self._path = path
        # An OpenCV network is not thread-safe.
        self._lock = threading.Lock()
        self._network = _read(path)
        self.inputs = _inputs(self._network)
        self.outputs = tuple(self._network.getUnconnectedOutLayersNames())
        if path.suffix.lower() == ".onnx":
            self._learn(read_onnx_header(path))
        else:
            self.metadata = clean_metadata(packed_texts(path))

    def _learn(self, header: OnnxHeader) -> None:
        """Take from the file what OpenCV does not tell, or version 4 tells otherwise."""
        self.metadata = clean_metadata(header.metadata)
        self.inputs = tuple(header.inputs) or self.inputs
        if set(header.outputs) == set(self.outputs):
            self.outputs = tuple(header.outputs)

    def run(self, blob: Array) -> dict[str, Array]:
        """Compute every output."""
        problem = f"OpenCV cannot run {self._path} on {shown_shape(blob)} {blob.dtype}"
        # OpenCV 5 computes something of a blob with other channels than the model's.
        if self.inputs and not _fits(blob.shape, self.inputs[0].shape):
            raise OptionsError(problem)
        try:
            with self._lock, quiet_opencv():
                self._network.setInput(blob)
                outputs = self._network.forward(self.outputs)
                return dict(zip(self.outputs, map(np.asarray, outputs), strict=True))
        except cv2.error as error:
            raise cannot(problem, error) from error


def _fits(given: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    """Tell whether a shape is the one that is wanted, of which some sizes are left open."""
    return len(given) == len(wanted) and all(
        size == each for size, each in zip(given, wanted, strict=True) if each and each > 0
    )


def _read(path: Path) -> cv2.dnn.Net:
    is_onnx = path.suffix.lower() == ".onnx"
    try:
        with quiet_opencv():
            if is_onnx:
                return cv2.dnn.readNetFromONNX(str(path))
            return cv2.dnn.readNetFromTFLite(str(path))
    except cv2.error as error:
        kind = "an ONNX" if is_onnx else "a TFLite"
        raise cannot(f"{path} is not {kind} model that OpenCV can read", error) from error


def _inputs(network: Any) -> tuple[Tensor, ...]:
    """Return what the network takes; nothing where OpenCV does not tell.

    OpenCV 4 answers with the shapes of all layers; the shapes that OpenCV 5 returns cannot be read
    from Python, but its dump spells them out.
    """
    try:
        with quiet_opencv():
            if hasattr(network, "getLayersShapes"):
                _, inputs, _ = network.getLayersShapes([[]])
                shape = tuple(int(each) for each in inputs[0][0])
                return (Tensor("", shape, np.dtype(np.float32)),)
            dumped = _DUMPED_INPUT.search(network.dump())
    except cv2.error:
        return ()
    if dumped is None:
        return ()
    name, dtype, dimensions = dumped.groups()
    parts = [each.strip() for each in dimensions.split(" x ")]
    return (
        Tensor(
            name,
            tuple(int(each) if each.isdecimal() else None for each in parts),
            np.dtype(_DTYPES.get(dtype, np.float32)),
        ),
    )
