"""Where a frame lies in a network's input, and the way back from its output to the frame."""

from dataclasses import dataclass
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Image
from livesegment.mask import ClassIds, coarsened

Size = tuple[int, int]

_GREY = 114
"""What is around a letterboxed picture, as the YOLO family is trained; source: Ultralytics,
`LetterBox`, which also says how sizes and margins are rounded."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a frame lies in a network's input.

    Attributes:
        frame_size: (width, height) of the frame.
        input_size: (width, height) of the input.
        box: (x, y, width, height) of the frame within the input, in the input's pixels.
    """

    frame_size: Size
    input_size: Size
    box: tuple[int, int, int, int]

    @classmethod
    def stretched(cls, frame_size: Size, input_size: Size) -> Self:
        """Fill the input, whatever the frame's shape."""
        return cls(frame_size, input_size, (0, 0, *input_size))

    @classmethod
    def letterboxed(cls, frame_size: Size, input_size: Size) -> Self:
        """Keep the frame's shape, in the middle of the input."""
        ratio = min(inner / outer for inner, outer in zip(input_size, frame_size, strict=True))
        width, height = (max(1, round(side * ratio)) for side in frame_size)
        x, y = (input_size[0] - width) // 2, (input_size[1] - height) // 2
        return cls(frame_size, input_size, (x, y, width, height))

    @property
    def grain(self) -> float:
        """Pixels of the frame, along a side, that one of the input's stands for."""
        return coarsened(1.0, self.box[2:], self.frame_size)

    def put(self, image: Image) -> Image:
        """Return the input's picture, uint8 (H, W, 3), for a frame's."""
        x, y, width, height = self.box
        if self.frame_size != (width, height):
            image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR).astype(
                np.uint8, copy=False
            )
        if (width, height) == self.input_size:
            return image
        picture: Image = np.full((*self.input_size[::-1], 3), _GREY, np.uint8)
        picture[y : y + height, x : x + width] = image
        return picture

    def is_whole(self, shape: tuple[int, ...]) -> bool:
        """Whether an output of this shape, (H, W), is the frame pixel by pixel."""
        return self.frame_size == shape[::-1] and self.box[2:] == self.input_size

    def scores(self, plane: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return the scores of one class, which cover the input at any size, for the frame."""
        part = self._cut(np.ascontiguousarray(plane, np.float32), cv2.INTER_LINEAR)
        enlarged = cv2.resize(part, self.frame_size, interpolation=cv2.INTER_LINEAR)
        return enlarged.astype(np.float32, copy=False)

    def ids(self, plane: ClassIds) -> ClassIds:
        """Return class ids, which cover the input at any size, for the frame."""
        part = self._cut(plane, cv2.INTER_NEAREST_EXACT)
        nearest = cv2.resize(part, self.frame_size, interpolation=cv2.INTER_NEAREST_EXACT)
        return nearest.astype(np.uint8, copy=False)

    def _cut(self, plane: npt.NDArray[Any], interpolation: int) -> npt.NDArray[Any]:
        """Return the part of an output where the frame is."""
        x, y, width, height = self.box
        if (width, height) == self.input_size:
            return plane
        (rows, columns), (across, down) = plane.shape, self.input_size
        edges = (
            *((x, columns, across), (x + width, columns, across)),
            *((y, rows, down), (y + height, rows, down)),
        )
        if any(at * pixels % of for at, pixels, of in edges):
            # The frame ends within pixels of the output: at the input's size it does not.
            plane = cv2.resize(plane, self.input_size, interpolation=interpolation)
            return plane[y : y + height, x : x + width]
        left, right, top, bottom = (at * pixels // of for at, pixels, of in edges)
        return np.ascontiguousarray(plane[top:bottom, left:right])
