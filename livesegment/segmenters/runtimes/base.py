"""What a network is, whichever runtime computes it."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from livesegment.errors import LiveSegmentError, OptionsError, OutOfMemory, tells_of_memory
from livesegment.resource import Resource

Array = npt.NDArray[Any]

_MOST_ENTRIES, _LONGEST_KEY, _LONGEST_TEXT = 64, 200, 2**18


@dataclass(frozen=True, slots=True)
class Tensor:
    """What a network takes.

    Attributes:
        name: Its name in the file; empty where the runtime does not tell.
        shape: Sizes; None for one that the file leaves open.
        dtype: Type of its numbers.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]


class Network(Resource):
    """A network that was read from a file.

    Attributes:
        inputs: What it takes; empty where the runtime does not tell.
        outputs: Names of what it gives, in the file's order.
        metadata: What the file says of itself; empty where it, or the runtime, says nothing.
        device: What it runs on, in words.
    """

    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[str, ...] = ()
    metadata: Mapping[str, str]
    device: str

    @abstractmethod
    def run(self, blob: Array) -> dict[str, Array]:
        """Compute every output from the first input. Several threads may call: they take turns.

        Args:
            blob: Of the shape and dtype that the first of `inputs` says.

        Returns:
            The outputs by name, in the order of `outputs`; they are the caller's to keep.

        Raises:
            OptionsError: If the network cannot be run on it.
            OutOfMemory: If there is too little memory to.
        """


def clean_metadata(said: Mapping[str, str]) -> dict[str, str]:
    """Return what a file says of itself, bounded, and as text that can be written anywhere."""
    entries = list(said.items())[:_MOST_ENTRIES]
    return {
        _writable(key[:_LONGEST_KEY]): _writable(text)
        for key, text in entries
        if len(text) <= _LONGEST_TEXT
    }


def _writable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", " ")


def shown_shape(blob: Array) -> str:
    """Return the shape of an array in words, such as 1 x 3 x 32 x 48."""
    return " x ".join(map(str, blob.shape))


def cannot(sentence: str, cause: Exception) -> LiveSegmentError:
    """Return the error to raise where a runtime fails: too little memory is no fault of a file."""
    return OutOfMemory() if tells_of_memory(cause) else OptionsError(sentence)
