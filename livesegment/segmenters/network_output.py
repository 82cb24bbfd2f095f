"""What a segmentation network says of every pixel, whatever the layout."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from livesegment.errors import OptionsError
from livesegment.mask import ClassIds
from livesegment.segmenters.placement import Placement, Size
from livesegment.segmenters.runtimes.base import Array

logger = logging.getLogger(__name__)

_MOST_SHOWN = 8
_OVERSHOOT = 0.1


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
        """Whether the one map holds numbers that are no probabilities.

        Those that a model enlarges itself may lie a little beyond 0 and 1.
        """
        return bool(self.scores.min() < -_OVERSHOOT or self.scores.max() > 1 + _OVERSHOOT)

    def ids(self, placement: Placement) -> ClassIds:
        """Return the one map, which holds class ids, for the frame, uint8."""
        return placement.ids(self.scores[0].clip(0, 255).astype(np.uint8))

    def above(self, threshold: float, placement: Placement) -> ClassIds:
        """Return 1 where the one map, enlarged to the frame, is above the threshold, else 0."""
        return (placement.scores(self.scores[0]) > threshold).astype(np.uint8)

    def winners(self, placement: Placement) -> ClassIds:
        """Return the class with the highest score, uint8 of the frame's size.

        Scores are enlarged and then compared, which keeps edges smooth. Only classes that win
        somewhere before that are enlarged: the others' scores would cost more than the network.
        """
        scores = np.ascontiguousarray(self.scores, np.float32)
        highest = _highest(scores, range(len(scores)))
        rivals = np.bincount(highest.ravel()).nonzero()[0].tolist()
        if placement.is_whole(highest.shape):
            return highest
        return _highest((placement.scores(scores[each]) for each in rivals), rivals)


def _highest(planes: Iterable[npt.NDArray[Any]], ids: Iterable[int]) -> ClassIds:
    """Return at each pixel the id of the plane that is highest there; of equal ones, the first's.

    Plane by plane, which takes half the time of `argmax` over the first axis, or a tenth.
    """
    numbered = zip(planes, ids, strict=True)
    plane, first = next(numbered)
    best, winners = plane.copy(), np.full(plane.shape, first, np.uint8)
    for plane, each in numbered:
        np.copyto(winners, each, where=plane > best)
        np.maximum(best, plane, out=best)
    return winners


def choose_output(
    outputs: Mapping[str, Array], wanted: str | None, input_size: Size, path: Path
) -> str:
    """Return the name of the output that has a class for every pixel.

    Args:
        outputs: What one run gave, in the file's order.
        wanted: The name that was asked for; None: the only one that can be it, or, said in a line,
            the first that can.
        input_size: (width, height) of the input.
        path: The file, for sentences.

    Raises:
        OptionsError: If there is none of that name, or none that can be it; if the model finds
            objects, because what looks like classes then is something else.
    """
    fit = [name for name in outputs if read_scores(outputs[name], input_size, None) is not None]
    if wanted is not None:
        if wanted in fit:
            return wanted
        what = f"gives {_shape(outputs[wanted])}" if wanted in outputs else "is not there"
        raise OptionsError(
            f"{path}: the output {wanted} of --model-output {what}; a class for every pixel is in"
            f" {_listed(fit) or 'none'} of its outputs {_listed(outputs)}"
        )
    lists = next((name for name in outputs if _is_list(outputs[name], input_size)), None)
    if lists is not None:
        raise OptionsError(
            f"{path} finds objects (its output {lists} is {_shape(outputs[lists])}), and a model"
            " file has to give a class for every pixel: ask such a model by --endpoint"
            + (f", or choose {_listed(fit)} by --model-output" if fit else "")
        )
    if not fit:
        shapes = ", ".join(map(_shape, outputs.values()))
        raise OptionsError(f"{path} gives an output of {shapes}, not a class for every pixel")
    if len(fit) > 1:
        logger.info(
            "%s: of its outputs %s, %s is used; --model-output chooses another",
            *(path, _listed(fit), fit[0]),
        )
    return fit[0]


def read_scores(output: Array, input_size: Size, channels: int | None) -> ScoreMap | None:
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


def _is_picture(shape: tuple[int, ...], input_size: Size) -> bool:
    """Tell whether (H, W) is in proportion to the input, but for one pixel of rounding."""
    width, height = input_size
    return abs(shape[0] - shape[1] * height / width) <= 1 and min(shape) > 1


def _is_list(output: Array, input_size: Size) -> bool:
    """Tell whether an output lists things: (1, candidates, numbers of each), in either order.

    A YOLO's boxes are 1 x 84 x 8400 or 1 x 300 x 6, a DETR's and a Mask2Former's classes 1 x 100 x
    134. Beside them, masks of prototypes or of candidates look like a class for every pixel.
    """
    has_rows = output.ndim == 3 and output.shape[0] == 1 and min(output.shape[1:]) >= 4
    return has_rows and read_scores(output, input_size, None) is None


def _shape(output: Array) -> str:
    return " x ".join(map(str, output.shape))


def _listed(names: Mapping[str, Any] | list[str]) -> str:
    shown = list(names)[:_MOST_SHOWN]
    return ", ".join([*shown, *(["..."] if len(names) > _MOST_SHOWN else [])])
