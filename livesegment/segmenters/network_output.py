"""What a segmentation network says of every pixel, whatever the layout."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.mask import ClassIds


@dataclass(frozen=True, slots=True, eq=False)
class ScoreMap:
    """Scores of the classes.

    Attributes:
        scores: Any number type, shape (classes, H, W).
    """

    scores: npt.NDArray[Any]

    @property
    def channels(self) -> int:
        """Number of classes, 1 where there is one map."""
        return len(self.scores)

    @property
    def holds_ids(self) -> bool:
        """Whether the one map holds class ids.

        OpenCV 4 gives ids as floats. Ids of which none is above 1 look like probabilities, and
        thresholding those gives the same ids.
        """
        only = self.scores[0]
        if np.issubdtype(only.dtype, np.integer):
            return True
        return bool(only.min() >= 0 and only.max() > 1 and np.array_equal(only, np.rint(only)))

    @property
    def beyond_probability(self) -> bool:
        """Whether the one map holds numbers that are no probabilities."""
        return bool(self.scores.min() < 0 or self.scores.max() > 1)

    def ids(self) -> ClassIds:
        """Return the one map as class ids, uint8 (H, W)."""
        ids: ClassIds = self.scores[0].clip(0, 255).astype(np.uint8)
        return ids

    def above(self, threshold: float, frame_size: tuple[int, int]) -> ClassIds:
        """Return 1 where the one map, enlarged to the frame, is above the threshold, else 0."""
        return (_enlarged(self.scores[0], frame_size) > threshold).astype(np.uint8)

    def winners(self, frame_size: tuple[int, int]) -> ClassIds:
        """Return the class with the highest score, uint8 of the frame's size.

        Scores are enlarged and then compared, which keeps edges smooth. Only classes that win
        somewhere before that are enlarged: the others' scores would cost more than the network.
        """
        rivals = np.unique(self.scores.argmax(axis=0))
        width, height = frame_size
        ids = np.full((height, width), rivals[0], np.uint8)
        if len(rivals) == 1:
            return ids
        best = _enlarged(self.scores[rivals[0]], frame_size)
        for rival in rivals[1:]:
            score = _enlarged(self.scores[rival], frame_size)
            ids[score > best] = rival
            np.maximum(best, score, out=best)
        return ids


def read_scores(
    output: npt.NDArray[Any], input_size: tuple[int, int], channels: int | None
) -> ScoreMap | None:
    """Find out which axis of an output counts classes.

    Args:
        output: Of shape (1, classes, H, W), (1, H, W, classes), (1, H, W) or (H, W).
        input_size: (width, height) of the input; H and W are in proportion to it.
        channels: Number of classes if known, which decides where both axes are possible.

    Returns:
        The scores; None if the output has no place for every pixel.
    """
    if output.ndim in (3, 4) and output.shape[0] == 1:
        output = output[0]
    if output.ndim == 2:
        output = output[np.newaxis]
    if output.ndim != 3:
        return None
    first = _is_picture(output.shape[1:], input_size)
    last = _is_picture(output.shape[:2], input_size)
    if last and (not first or (output.shape[2] == channels != output.shape[0])):
        return ScoreMap(output.transpose(2, 0, 1))
    return ScoreMap(output) if first else None


def _is_picture(shape: tuple[int, ...], input_size: tuple[int, int]) -> bool:
    """Tell whether (H, W) is in proportion to the input, but for one pixel of rounding."""
    width, height = input_size
    return abs(shape[0] - shape[1] * height / width) <= 1 and min(shape) > 1


def _enlarged(score: npt.NDArray[Any], frame_size: tuple[int, int]) -> npt.NDArray[np.float32]:
    plane = np.ascontiguousarray(score, np.float32)
    enlarged = cv2.resize(plane, frame_size, interpolation=cv2.INTER_LINEAR)
    return enlarged.astype(np.float32, copy=False)
