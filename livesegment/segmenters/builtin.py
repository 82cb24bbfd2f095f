"""The built-in person model, which needs no account and no network."""

import threading

import cv2
import numpy as np

from livesegment import weights
from livesegment.errors import OptionsError
from livesegment.frame import Frame, Image
from livesegment.mask import ClassIds, Mask
from livesegment.segmenters.base import Segmenter

CLASS_MAP = {0: "background", 1: "person"}
_INPUT_SIZE = (256, 256)


class BuiltinSegmenter(Segmenter):
    """Tells persons from background with MediaPipe Selfie Segmentation, in this process.

    A frame takes 7 to 15 ms of one core, whatever its size. OpenCV spreads it over its own
    threads; `cv2.setNumThreads` bounds those for the whole process.

    Args:
        confidence: 0 to 100; a pixel is a person where the model is surer than this.

    Raises:
        OptionsError: If the confidence is out of range.
    """

    max_concurrency = 1

    def __init__(self, confidence: float = 50.0) -> None:
        self._confidence = _checked(confidence)
        # An OpenCV network is not thread-safe: calls from several threads take turns.
        self._lock = threading.Lock()
        model = np.frombuffer(weights.selfie_segmentation(), np.uint8)
        self._network = cv2.dnn.readNetFromTFLite(model)

    @property
    def identity(self) -> str:
        """The model and its threshold."""
        return f"the built-in person model (confidence {self._confidence:g})"

    def segment(self, frame: Frame) -> Mask:
        """Segment one frame; the mask has the frame's size and smooth edges."""
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
        enlarged = cv2.resize(certainty, frame.frame_size, interpolation=cv2.INTER_LINEAR)
        _, class_ids = cv2.threshold(enlarged, threshold, 1, cv2.THRESH_BINARY)
        return Mask(class_ids.astype(np.uint8, copy=False), CLASS_MAP, frame.index)

    def _person_certainty(self, image: Image) -> ClassIds:
        """Return how sure the model is of a person, 0 to 255, uint8 (256, 256)."""
        blob = cv2.dnn.blobFromImage(image, 1 / 255, _INPUT_SIZE, swapRB=True)
        with self._lock:
            self._network.setInput(blob)
            probability = self._network.forward()
        # Bytes: enlarging and comparing them costs a tenth of what floats cost.
        certainty: ClassIds = cv2.convertScaleAbs(probability[0, 0], alpha=255).astype(np.uint8)
        return certainty


def _checked(confidence: float) -> float:
    if not 0 <= confidence <= 100:
        raise OptionsError(f"the confidence is a number from 0 to 100, not {confidence}")
    return confidence
