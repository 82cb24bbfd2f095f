"""Memory that lives from one frame to the next."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt


class Scratch:
    """Hands out arrays whose memory is kept by name.

    Fresh memory costs a page fault for every 4 kB: more than blending the pixels in it.
    """

    def __init__(self) -> None:
        self._memory: dict[str, npt.NDArray[np.uint8]] = {}

    def array(
        self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike = np.uint8
    ) -> npt.NDArray[Any]:
        """Return a contiguous array with unknown content, valid until the name is asked again."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        memory = self._memory.get(name)
        if memory is None or memory.size < size:
            memory = self._memory[name] = np.empty(size, np.uint8)
        return memory[:size].view(dtype).reshape(shape)
