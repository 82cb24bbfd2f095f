"""A model's own file, run in this process, and how pictures are put into it."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import Any, Literal

from livesegment.settings.group import Settings, option, own_options
from livesegment.settings.kinds import Kind, choice, flag, number, size
from livesegment.settings.text_kinds import path, text

SUFFIXES = (".onnx", ".tflite")
"""How the name of a model file ends."""

Three = tuple[float, float, float]
Preset = Literal["imagenet"]

_IMAGENET_MEAN: Three = (0.485, 0.456, 0.406)
_IMAGENET_STD: Three = (0.229, 0.224, 0.225)
"""Of red, green and blue from 0 to 1; source: torchvision.models, pre-trained weights."""

_LARGEST = 16384  # pixels
_MODEL_FILE = "Model file"


def is_model_file(written: str) -> bool:
    """Tell whether what was given for a model is the name of a file, and no model's name."""
    return written.lower().endswith(SUFFIXES)


def _three(phrase: str, is_right: Callable[[float], bool] = isfinite) -> Kind:
    def is_one(value: Any) -> bool:
        try:
            return (
                not isinstance(value, bool) and isinstance(value, Real) and is_right(float(value))
            )
        except OverflowError:  # hundreds of digits
            return False

    def read(value: Any) -> Three:
        is_list = isinstance(value, list | tuple) and len(value) == 3
        if not is_list or not all(map(is_one, value)):
            raise ValueError(phrase)
        first, second, third = map(float, value)
        return first, second, third

    def parse(written: str) -> Three:
        try:
            return read([float(each) for each in written.split(",")])
        except ValueError:
            raise ValueError(phrase) from None

    schema = {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}
    return Kind("list", read, read, parse, schema, "A,B,C")


@dataclass(frozen=True, slots=True)
class ModelFileOptions(Settings):
    """A segmentation model's own file, run in this process, and how pictures are put into it.

    A picture is stretched to the model's input, or letterboxed; each of its numbers, in the order
    of the model's channels, is then `(pixel x scale - mean) / std`.

    Attributes:
        model_file: An ONNX (.onnx) or TFLite (.tflite) file; None: there is none.
        model_output: Name of the output that has the classes; None: the only one that can, else
            the first that can.
        input_size: (width, height) in pixels to run the model at; None: what the file says, and
            512x512 where it leaves it open.
        scale: What each pixel, 0 to 255, is multiplied by; None: 1/255, and 1 for a model that
            takes whole numbers.
        mean: What is then taken away; None: nothing.
        std: What the rest is divided by; None: 1.
        bgr: Whether the model's channels are blue, green, red, and not red, green, blue.
        letterbox: Whether the picture keeps its shape within the input, with grey around it.
        preset: `imagenet`: `mean` and `std` of ImageNet, for values from 0 to 1.

    Raises:
        OptionsError: If a value is out of range or says again what the preset says.
    """

    model_file: str | None = option(
        None,
        path("FILE", "the path of a file that ends in .onnx or .tflite"),
        "Your own model, run here: .onnx or .tflite.",
        flag="--model-file",
        key="endpoint.model_file",
        group="Model",
    )
    model_output: str | None = option(
        None,
        text("NAME", "the name of one of the model's outputs"),
        "Which of its outputs has the classes; without it, the first that can.",
        flag="--model-output",
        key="endpoint.model_output",
        group=_MODEL_FILE,
    )
    input_size: tuple[int, int] | None = option(
        None,
        size(_LARGEST),
        "Size to run it at; without it, its own, or 512x512 if it takes any.",
        flag="--input-size",
        key="endpoint.input_size",
        group=_MODEL_FILE,
    )
    scale: float | None = option(
        None,
        number(0, above=True),
        "What pixels, 0 to 255, are multiplied by; 1/255, or 1 if it takes whole numbers.",
        flag="--scale",
        key="endpoint.scale",
        group=_MODEL_FILE,
    )
    mean: Three | None = option(
        None,
        _three("three numbers such as 0.485,0.456,0.406"),
        "What is then taken away, in the order of its channels.",
        flag="--mean",
        key="endpoint.mean",
        group=_MODEL_FILE,
    )
    std: Three | None = option(
        None,
        _three(
            "three numbers above 0 such as 0.229,0.224,0.225", lambda each: 0 < each < float("inf")
        ),
        "What the rest is divided by: (pixel x scale - mean) / std.",
        flag="--std",
        key="endpoint.std",
        group=_MODEL_FILE,
    )
    bgr: bool = option(
        False,
        flag(),
        "Its channels are blue, green, red.",
        flag="--bgr",
        key="endpoint.bgr",
        group=_MODEL_FILE,
    )
    letterbox: bool = option(
        False,
        flag(),
        "Keep the picture's shape, with grey around it, in place of stretching it.",
        flag="--letterbox",
        key="endpoint.letterbox",
        group=_MODEL_FILE,
    )
    preset: Preset | None = option(
        None,
        choice(("imagenet",)),
        "--mean and --std of ImageNet, which many models were trained with.",
        flag="--preset",
        key="endpoint.preset",
        group=_MODEL_FILE,
    )

    def check(self) -> None:
        """Check that what the preset says is said once."""
        for name in ("scale", "mean", "std"):
            self.require(
                self.preset is None or getattr(self, name) is None,
                f"{{preset}} says {{{name}}} already: give one of them",
                name,
                "preset",
            )

    @property
    def about_the_file(self) -> str | None:
        """The first option that is given and means nothing without a file; None: there is none."""
        return next(
            (
                each.name
                for each in own_options(type(self))
                if each.name != "model_file" and getattr(self, each.name) != each.default
            ),
            None,
        )

    @property
    def normalisation(self) -> tuple[float | None, Three, Three]:
        """Scale, mean and std, the last two in the order of the model's channels."""
        if self.preset is None:
            return self.scale, self.mean or (0.0, 0.0, 0.0), self.std or (1.0, 1.0, 1.0)
        mean, std = _IMAGENET_MEAN, _IMAGENET_STD
        return (1 / 255, mean[::-1], std[::-1]) if self.bgr else (1 / 255, mean, std)
