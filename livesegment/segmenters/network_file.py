"""A user's own model, ONNX or TFLite, run in process."""

import hashlib
import logging
import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.errors import OptionsError
from livesegment.frame import Frame, Image
from livesegment.mask import ClassIds, Mask
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.network_input import (
    InputShape,
    Layout,
    read_input_shape,
    run_network,
)
from livesegment.segmenters.network_output import ScoreMap, read_scores
from livesegment.segmenters.runtimes.base import Array
from livesegment.segmenters.runtimes.opening import open_network
from livesegment.settings import require

logger = logging.getLogger(__name__)

OPEN_INPUT_SIZE = (512, 512)
"""(width, height) for a model that takes pictures of any size."""


class NetworkFileSegmenter(Segmenter):
    """Runs a segmentation model from a file.

    The picture is stretched to the model's input, as RGB from 0 to 1; `mean` and `std` are then
    applied for models that were trained with them. An output with several channels has one class a
    channel, and the highest wins; an output with one channel is the probability (or the logit) of
    class 1, or already holds class ids. Both layouts, channels first and last, are understood.

    Args:
        path: A .onnx or .tflite file.
        classes: Names of the classes from id 0 on, or a text file with one name a line. None:
            `class 0`, `class 1`, and so on.
        input_size: (width, height) to run the model at; None: what the file says, and 512x512
            where it leaves it open.
        confidence: 0 to 100; how sure a model with one channel must be. Others do not use it.
        mean: Taken from the RGB values, which are 0 to 1.
        std: What they are then divided by.

    Raises:
        OptionsError: If the file is missing or no model of this kind, does not run at that size,
            or the number of names is not the number of classes.
    """

    max_concurrency = 1

    def __init__(
        self,
        path: str | Path,
        classes: Path | Sequence[str] | None = None,
        *,
        input_size: tuple[int, int] | None = None,
        confidence: float = 50.0,
        mean: tuple[float, float, float] = (0.0, 0.0, 0.0),
        std: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ) -> None:
        require(0 <= confidence <= 100, f"the confidence is from 0 to 100, not {confidence}")
        require(all(each > 0 for each in std), "each number of std is above 0")
        self._path = Path(path)
        self._confidence = confidence
        self._mean = np.array(mean, np.float32).reshape(1, 3, 1, 1)
        self._std = np.array(std, np.float32).reshape(1, 3, 1, 1)
        names = None if classes is None else _read_names(classes)
        self._network = open_network(self._path)
        shape = read_input_shape(self._network, self._path)
        self._input_size = self._choose_size(shape, input_size)
        self._layout: Layout = shape.layout or "NCHW"
        self._channels_wanted = len(names) if names else None
        scores = self._read(self._first_run(shape))
        self._is_logit = False
        self.class_map = self._name_classes(names, scores)

    @property
    def identity(self) -> str:
        """The file's content, and how pictures are put into it."""
        content = hashlib.sha256(self._path.read_bytes()).hexdigest()[:16]
        settings = [self._input_size, self._confidence, self._mean.ravel(), self._std.ravel()]
        return f"{self._path.name} ({content}, {settings}, {dict(self.class_map)})"

    def segment(self, frame: Frame) -> Mask:
        """Segment one frame."""
        return self.segment_at(frame, self._confidence)

    def segment_at(self, frame: Frame, confidence: float) -> Mask:
        """Segment one frame; a model with one channel at another confidence.

        Raises:
            OptionsError: If the confidence is out of range.
        """
        require(0 <= confidence <= 100, f"the confidence is from 0 to 100, not {confidence}")
        blob = self._blob(frame.image)
        scores = self._read(run_network(self._network, blob, self._layout))
        ids = self._class_ids(scores, frame.frame_size, confidence / 100)
        return Mask(ids, self.class_map, frame.index).resized(frame.frame_size)

    def close(self) -> None:
        """Release the network."""
        self._network.close()

    def _blob(self, image: Image) -> npt.NDArray[np.float32]:
        blob = cv2.dnn.blobFromImage(image, 1 / 255, self._input_size, swapRB=True)
        return (blob.astype(np.float32, copy=False) - self._mean) / self._std

    def _read(self, output: Array) -> ScoreMap:
        scores = read_scores(output, self._input_size, self._channels_wanted)
        if scores is None:
            shape = " x ".join(map(str, output.shape))
            raise OptionsError(
                f"{self._path} gives an output of {shape}, not a class for every pixel"
            )
        return scores

    def _choose_size(self, shape: InputShape, wanted: tuple[int, int] | None) -> tuple[int, int]:
        require(wanted is None or min(wanted) > 0, "the input size is at least 1x1 pixels")
        if wanted is None and shape.frame_size is None:
            logger.warning(
                "%s does not say its input size: %dx%d is used", self._path, *OPEN_INPUT_SIZE
            )
        return wanted or shape.frame_size or OPEN_INPUT_SIZE

    def _first_run(self, shape: InputShape) -> Array:
        """Run once on black, to see at once whether and how the model answers."""
        width, height = self._input_size
        blob = self._blob(np.zeros((height, width, 3), np.uint8))
        layouts: tuple[Layout, ...] = (shape.layout,) if shape.layout else ("NCHW", "NHWC")
        failure: OptionsError | None = None
        for self._layout in layouts:
            try:
                return run_network(self._network, blob, self._layout)
            except OptionsError as error:
                failure = error
        raise OptionsError(
            f"{self._path} cannot be run on pictures of {width}x{height}: "
            "give the input size it was made for, or another export of the model"
        ) from failure

    def _name_classes(self, names: list[str] | None, scores: ScoreMap) -> dict[int, str]:
        if scores.channels == 1:
            if names is None or len(names) == 1:
                names = ["background", *(names or ["class 1"])]
            return dict(enumerate(names))
        if names is None:
            names = [f"class {number}" for number in range(scores.channels)]
        require(
            len(names) == scores.channels,
            f"{self._path} has {scores.channels} classes and {len(names)} names are given",
        )
        require(len(names) <= 256, f"{self._path} has {len(names)} classes; 256 are possible")
        return dict(enumerate(names))

    def _class_ids(
        self, scores: ScoreMap, frame_size: tuple[int, int], confidence: float
    ) -> ClassIds:
        if scores.channels > 1:
            return scores.winners(frame_size)
        if scores.holds_ids:
            return scores.ids()
        # Once a logit was seen all are: a single picture's logits may all lie within 0 to 1.
        self._is_logit = self._is_logit or scores.beyond_probability
        return scores.above(self._threshold(confidence), frame_size)

    def _threshold(self, confidence: float) -> float:
        if not self._is_logit:
            return confidence
        if confidence in (0.0, 1.0):
            return math.inf if confidence else -math.inf
        return math.log(confidence / (1 - confidence))


def _read_names(classes: Path | Sequence[str]) -> list[str]:
    if not isinstance(classes, Path):
        require(not isinstance(classes, str), "classes are a Path or several names, not one text")
        return [name.strip() for name in classes]
    try:
        lines = classes.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except FileNotFoundError:
        raise OptionsError(f"there is no file of class names {classes}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise OptionsError(f"{classes} cannot be read as a text of class names") from error
    require(bool(lines), f"{classes} holds no class names")
    return [line.strip() for line in lines]
