"""The built-in person model, which needs no account and no network."""

import threading
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from livesegment import weights
from livesegment.errors import OptionsError
from livesegment.frame import Frame, Image
from livesegment.mask import ClassIds, Mask, coarsened
from livesegment.opencv import opencv_version
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.runtimes import litert, onnx_runtime
from livesegment.segmenters.runtimes.opening import open_network

CLASS_MAP = {0: "background", 1: "person"}
_SIDE = 256  # pixels, of the model's input and output


class BuiltinSegmenter(Segmenter):
    """Tells persons from background with MediaPipe Selfie Segmentation, in this process.

    It runs on what takes the least of what is installed: ONNX Runtime, then LiteRT, then OpenCV. A
    frame takes 3 to 5 ms of one core, whatever its size, and twice that on OpenCV 4. OpenCV spreads
    it over its own threads; `cv2.setNumThreads` bounds those for the whole process.

    Args:
        confidence: 0 to 100; a pixel is a person where the model is surer than this.
        device: What it is to run on, as `open_network` takes it.

    Attributes:
        device: What it runs on, in words.

    Raises:
        MissingExtra: If something is to be installed for this device.
        OptionsError: If the confidence is out of range, or the device cannot be used.
    """

    max_concurrency = 1
    keeps_certainty = False

    def __init__(self, confidence: float = 50.0, device: str = "auto") -> None:
        self._confidence = _checked(confidence)
        self._suffix = _quickest_form(device)
        with weights.selfie_segmentation_file(self._suffix) as path:
            # A second thread would cost more than it saves.
            self._network = open_network(path, device, threads=1)
        self.device = self._network.device
        # Filled again for each picture: new memory costs more than what is written into it.
        self._blob = self._new_blob()
        self._lock = threading.Lock()

    @property
    def identity(self) -> str:
        """The model and its threshold."""
        return f"the built-in person model (confidence {self._confidence:g})"

    def segment(self, frame: Frame) -> Mask:
        """Segment one frame; the mask has the frame's size, smooth edges and its certainty."""
        return self.segment_at(frame, self._confidence)

    def segment_at(self, frame: Frame, confidence: float) -> Mask:
        """Segment one frame with another confidence than the segmenter's own.

        Args:
            frame: The picture.
            confidence: 0 to 100.

        Raises:
            OptionsError: If the confidence is out of range.
        """
        threshold = _checked(confidence) * 255 / 100
        certainty = self._person_certainty(frame.image)
        # Enlarging before the threshold keeps edges smooth; enlarging a mask makes stairs.
        person = cv2.resize(certainty, frame.frame_size, interpolation=cv2.INTER_LINEAR)
        _, class_ids = cv2.threshold(person, threshold, 1, cv2.THRESH_BINARY)
        # Of the background it is as sure as it is not of a person: 255 less, there alone.
        _, elsewhere = cv2.threshold(person, threshold, 255, cv2.THRESH_BINARY_INV)
        certainty = cv2.absdiff(person, elsewhere).astype(np.uint8, copy=False)
        ids = class_ids.astype(np.uint8, copy=False)
        grain = coarsened(1.0, (_SIDE, _SIDE), frame.frame_size)
        return Mask(ids, CLASS_MAP, frame.index, certainty, grain=grain)

    def close(self) -> None:
        """Release the network."""
        self._network.close()

    def _person_certainty(self, image: Image) -> ClassIds:
        """Return how sure the model is of a person, 0 to 255, uint8 (256, 256)."""
        small = cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_LINEAR)
        with self._lock:
            self._fill(small.astype(np.uint8, copy=False))
            [probability] = self._network.run(self._blob).values()
        # Bytes: enlarging and comparing them costs a tenth of what floats cost.
        flat = probability.reshape(_SIDE, _SIDE)
        certainty = cv2.convertScaleAbs(flat, alpha=255).astype(np.uint8, copy=False)
        if self._suffix == ".tflite":
            return certainty
        # The four pixels of each cell are channels.
        planes = certainty.reshape(4, _SIDE // 2, _SIDE // 2)
        rows = np.empty((_SIDE // 2, 2, _SIDE), np.uint8)
        for row in (0, 1):
            pair = cv2.merge([planes[2 * row], planes[2 * row + 1]])
            rows[:, row] = pair.reshape(_SIDE // 2, _SIDE)
        return rows.reshape(_SIDE, _SIDE)

    def _fill(self, small: Image) -> None:
        """Put a picture of the model's size into the blob, in the form that the network takes."""
        if self._suffix == ".onnx":
            # Even rows and odd rows, each blue, green, red and nothing; from 0 to 255.
            rows = self._blob.reshape(2, 4, _SIDE // 2, _SIDE)
            for channel, plane in enumerate(cv2.split(small)):
                rows[:, channel] = plane.reshape(_SIDE // 2, 2, _SIDE).transpose(1, 0, 2)
            return
        if self._blob.shape[-1] == 3:
            self._blob[0] = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
        else:
            for channel, plane in enumerate(cv2.split(small)):
                self._blob[0, 2 - channel] = plane
        self._blob *= np.float32(1 / 255)

    def _new_blob(self) -> npt.NDArray[np.float32]:
        """Return what the network takes, all zeros."""
        if self._suffix == ".onnx":
            shape = (1, 8, _SIDE // 2, _SIDE)
        elif self._network.inputs and self._network.inputs[0].shape[-1] == 3:
            shape = (1, _SIDE, _SIDE, 3)
        else:
            shape = (1, 3, _SIDE, _SIDE)
        return np.zeros(shape, np.float32)


def _quickest_form(device: str) -> Literal[".onnx", ".tflite"]:
    """Return which of its files what is installed runs in the least time."""
    if device not in ("auto", "cpu") or onnx_runtime.is_installed():
        return ".onnx"
    # OpenCV 4 cannot read this ONNX file; version 5 takes four times as long for the other one.
    is_opencv_5 = opencv_version() >= (5, 0)
    return ".onnx" if is_opencv_5 and not litert.is_installed() else ".tflite"


def _checked(confidence: float) -> float:
    if not 0 <= confidence <= 100:
        raise OptionsError(f"the confidence is a number from 0 to 100, not {confidence}")
    return confidence
