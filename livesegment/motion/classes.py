"""Which of several objects a pixel belongs to, where the motion alone may be mistaken."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from livesegment.motion.raster import Bytes, Floats, blur

COLOURS = 16**3
_AROUND = 2  # cells on each side that decide together
_CARRIED = 3.0  # log-odds in favour of the class that the motion carried there
_RARE = 1e-4

Numbers = npt.NDArray[np.int32]


class ClassColours:
    """The colours of each class in a mask's frame.

    Motion across the border of two objects is estimated badly when one passes the other, and
    then carries the class of one into the other. There the colours speak, if they speak clearly.

    Args:
        ids: The classes, uint8 (n,).
        likelihoods: float32 (n, 4096), the logarithm of how common each colour is in a class.
    """

    def __init__(self, ids: Bytes, likelihoods: Floats) -> None:
        self._ids = ids
        self._likelihoods = likelihoods

    @classmethod
    def of(cls, class_ids: Bytes, colours: Numbers, object_ids: Sequence[int]) -> Self:
        """Count the colours of objects.

        Args:
            class_ids: The mask in the small picture.
            colours: Number of each pixel's colour there, 0 to 4095.
            object_ids: Whose.
        """
        rows = []
        for class_id in object_ids:
            found = np.bincount(colours[class_ids == class_id], minlength=COLOURS)
            # Half the picture's noise crosses a bin's border: neighbours in one channel count too.
            cube = found.reshape(16, 16, 16).astype(np.float32)
            for axis in range(3):
                cube = cube + 0.5 * (np.roll(cube, 1, axis) + np.roll(cube, -1, axis))
            rows.append(np.log(cube.ravel() / (cube.sum() + 1e-6) + _RARE))
        return cls(np.array(object_ids, np.uint8), np.stack(rows).astype(np.float32))

    def sorted_out(self, carried: Bytes, colours: Numbers) -> Bytes:
        """Return the class of each cell: the carried one unless the colours are clearly another's.

        Args:
            carried: Class ids (rows, columns) that the motion carried there.
            colours: Number of each cell's colour now, 0 to 4095.
        """
        scores = np.stack(
            [
                blur(likelihood[colours] + np.float32(_CARRIED) * (carried == class_id), _AROUND)
                for class_id, likelihood in zip(self._ids, self._likelihoods, strict=True)
            ]
        )
        best: Bytes = self._ids[scores.argmax(axis=0)]
        # Of a class that was not counted nothing is known.
        return np.where(np.isin(carried, self._ids), best, carried)
