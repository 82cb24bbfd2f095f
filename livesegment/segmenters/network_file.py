"""A user's own model, ONNX or TFLite, run in this process."""

import glob
import hashlib
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from livesegment.errors import OptionsError
from livesegment.frame import Frame, Image
from livesegment.mask import ClassIds, Mask
from livesegment.segmenters.base import Segmenter
from livesegment.segmenters.class_naming import name_classes
from livesegment.segmenters.network_input import (
    InputShape,
    Layout,
    Normalisation,
    Three,
    read_input_shape,
)
from livesegment.segmenters.network_output import ScoreMap, choose_output, read_scores
from livesegment.segmenters.placement import Placement, Size
from livesegment.segmenters.runtimes.base import Array
from livesegment.segmenters.runtimes.opening import open_network
from livesegment.settings import EndpointOptions, require
from livesegment.settings.group import option_of

logger = logging.getLogger(__name__)

OPEN_INPUT_SIZE = (512, 512)
"""(width, height) for a model that takes pictures of any size."""

_PIECE = 2**20  # bytes

_OBJECT_TASKS = ("detect", "segment", "pose", "obb", "classify")
"""What an Ultralytics file says that it is for where it gives no class for every pixel."""


class NetworkFileSegmenter(Segmenter):
    """Runs a segmentation model from a file.

    The picture is stretched to the model's input or letterboxed, and its numbers are
    `(pixel x scale - mean) / std`. An output with several channels has one class a channel, and the
    highest wins; an output with one channel is the probability (or the logit) of class 1, or
    already holds class ids. Both layouts, channels first and last, are understood.

    Args:
        path: A .onnx or .tflite file.
        classes: Names of the classes from id 0 on, or a text file with one name a line. None: what
            the file says, else `class 0`, `class 1`, and so on.
        input_size: (width, height) to run the model at; None: what the file says, and 512x512
            where it leaves it open.
        confidence: 0 to 100; how sure a model with one channel must be. Others do not use it.
        mean: Taken from the values, in the order of the model's channels.
        std: What they are then divided by.
        scale: What pixels, 0 to 255, are first multiplied by; None: 1/255, and 1 for a model that
            takes whole numbers (less 128, without a `mean`, where they are -128 to 127).
        bgr: Whether the model's channels are blue, green, red, and not red, green, blue.
        letterbox: Whether the picture keeps its shape, with grey around it.
        output: Name of the output that has the classes; None: the first that can.
        device: What the model is to run on, as `open_network` takes it.

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
        input_size: Size | None = None,
        confidence: float = 50.0,
        mean: Three = (0.0, 0.0, 0.0),
        std: Three = (1.0, 1.0, 1.0),
        scale: float | None = None,
        bgr: bool = False,
        letterbox: bool = False,
        output: str | None = None,
        device: str = "auto",
    ) -> None:
        require(0 <= confidence <= 100, f"the confidence is from 0 to 100, not {confidence}")
        require(all(each > 0 for each in std), "each number of std is above 0")
        described = replace(option_of(EndpointOptions, "class_names"), name="classes")
        names: tuple[str, ...] | None = described.checked(classes)
        self._path = Path(path)
        self._confidence = confidence
        self._digest: str | None = None
        self._place = Placement.letterboxed if letterbox else Placement.stretched
        self._channels_wanted = len(names) if names else None
        self._network = open_network(self._path, device)
        try:
            shape = read_input_shape(self._network, self._path)
            self._layout: Layout = shape.layout or "NCHW"
            self._input_size = self._choose_size(shape, input_size)
            self._scale = shape.scale if scale is None else scale
            # Quantized models that count from -128 to 127 take pixels less 128.
            is_shifted = scale is None and shape.dtype == np.int8 and not any(mean)
            self._normalisation = Normalisation(
                self._scale,
                (128.0, 128.0, 128.0) if is_shifted else mean,
                std,
                bgr=bgr,
                dtype=shape.dtype,
                path=self._path,
            )
            outputs = self._first_run(shape)
            self._output = self._choose_output(outputs, output)
            scores = self._read(outputs)
            self.class_map = name_classes(
                scores.channels, names, self._network.metadata, self._path
            )
        except BaseException:
            self._network.close()
            raise
        self._is_logit = scores.channels == 1 and not scores.holds_ids and scores.beyond_probability
        # What was there before an option was goes on as it was called, so that journals are read.
        settings = [self._input_size, confidence, np.array(mean, "f4"), np.array(std, "f4")]
        since = {
            f"scale {self._scale:.9g}": self._scale != 1 / 255,
            "BGR": bgr,
            "letterbox": letterbox,
            f"output {output}": output is not None,
        }
        self._settings = ", ".join([f"{settings}", *(text for text in since if since[text])])

    @property
    def device(self) -> str:
        """What it runs on, in words."""
        return self._network.device

    @property
    def input_size(self) -> Size:
        """(width, height) in pixels at which it is run."""
        return self._input_size

    @property
    def identity(self) -> str:
        """The file's content, and how pictures are put into it."""
        if self._digest is None:
            self._digest = _digest(self._path)
        return f"{self._path.name} ({self._digest}, {self._settings}, {dict(self.class_map)})"

    def segment(self, frame: Frame) -> Mask:
        """Segment one frame."""
        return self.segment_at(frame, self._confidence)

    def segment_at(self, frame: Frame, confidence: float) -> Mask:
        """Segment one frame; a model with one channel at another confidence.

        Raises:
            OptionsError: If the confidence is out of range.
        """
        require(0 <= confidence <= 100, f"the confidence is from 0 to 100, not {confidence}")
        placement = self._place(frame.frame_size, self._input_size)
        scores = self._read(self._run(placement.put(frame.image)))
        ids = self._class_ids(scores, placement, confidence / 100)
        return Mask(ids, self.class_map, frame.index, grain=placement.grain)

    def close(self) -> None:
        """Release the network."""
        self._network.close()

    def _run(self, picture: Image) -> dict[str, Array]:
        return self._network.run(self._normalisation.blob(picture, self._layout))

    def _read(self, outputs: Mapping[str, Array]) -> ScoreMap:
        output = outputs[self._output]
        scores = read_scores(output, self._input_size, self._channels_wanted)
        if scores is None:
            shape = " x ".join(map(str, output.shape))
            raise OptionsError(
                f"{self._path} gives an output of {shape}, not a class for every pixel"
            )
        return scores

    def _choose_size(self, shape: InputShape, wanted: Size | None) -> Size:
        require(wanted is None or min(wanted) > 0, "the input size is at least 1x1 pixels")
        known = shape.frame_size
        if wanted is None and known is None:
            logger.warning(
                "%s does not say its input size: %dx%d is used; --input-size changes it",
                *(self._path, *OPEN_INPUT_SIZE),
            )
        if wanted is not None and known not in (None, wanted):
            (width, height), (across, down) = known, wanted
            raise OptionsError(
                f"{self._path} takes pictures of {width}x{height} only: leave --input-size"
                f" {across}x{down} out"
            )
        return wanted or known or OPEN_INPUT_SIZE

    def _choose_output(self, outputs: Mapping[str, Array], wanted: str | None) -> str:
        task = self._network.metadata.get("task")
        if wanted is None and task in _OBJECT_TASKS:
            raise OptionsError(
                f"{self._path} is made to {task} objects, and a model file has to give a class for"
                " every pixel: ask such a model by --endpoint"
            )
        return choose_output(outputs, wanted, self._input_size, self._path)

    def _first_run(self, shape: InputShape) -> dict[str, Array]:
        """Run once on black, to see at once whether and how the model answers."""
        width, height = self._input_size
        black = np.zeros((height, width, 3), np.uint8)
        layouts: tuple[Layout, ...] = (shape.layout,) if shape.layout else ("NCHW", "NHWC")
        failure: OptionsError | None = None
        for self._layout in layouts:
            try:
                return self._run(black)
            except OptionsError as error:
                failure = error
        raise OptionsError(
            f"{self._path} cannot be run on pictures of {width}x{height}: give the size that it was"
            " made for by --input-size, or another export of the model"
        ) from failure

    def _class_ids(self, scores: ScoreMap, placement: Placement, confidence: float) -> ClassIds:
        if scores.channels > 1:
            return scores.winners(placement)
        if scores.holds_ids:
            return scores.ids(placement)
        # Once a logit was seen all are: a single picture's logits may all lie within 0 to 1.
        self._is_logit = self._is_logit or scores.beyond_probability
        return scores.above(self._threshold(confidence), placement)

    def _threshold(self, confidence: float) -> float:
        if not self._is_logit:
            return confidence
        if confidence in (0.0, 1.0):
            return math.inf if confidence else -math.inf
        return math.log(confidence / (1 - confidence))


def _digest(path: Path) -> str:
    """Return what tells a model's content from another's, its weights beside it included.

    ONNX files above 2 GB, and others as they are exported, keep them in NAME.data or NAME_data.
    """
    digest = hashlib.sha256()
    for each in (path, *sorted(path.parent.glob(f"{glob.escape(path.name)}[._]data"))):
        with each.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
    return digest.hexdigest()[:16]
