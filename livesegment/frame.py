"""A picture on its way through the pipeline."""

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from livesegment.downscale import downscaled

Image = npt.NDArray[np.uint8]
"""BGR, uint8, shape (H, W, 3)."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source, never drawn on.

    Attributes:
        image: BGR uint8 of shape (H, W, 3). The frame keeps a read-only view: everybody may keep
            it, nobody draws on it. Whoever makes the frame must not change the array afterwards.
        index: Number of the frame in its source, from 0.
        pts_s: Media time in seconds, rising from frame to frame, also across a reconnect.
        captured_at_s: When the picture was taken or released, in seconds of `time.monotonic()`.

    Raises:
        ValueError: If the image is not BGR uint8 with at least one pixel.
    """

    image: Image
    index: int
    pts_s: float
    captured_at_s: float

    _halves: dict[int, Image] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        image = self.image
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            raise ValueError(
                f"a frame's image is uint8 of shape (H, W, 3), not {image.dtype} of {image.shape}"
            )
        view = image.view()
        view.flags.writeable = False
        object.__setattr__(self, "image", view)

    @property
    def frame_size(self) -> tuple[int, int]:
        """Size as (width, height) in pixels."""
        return self.image.shape[1], self.image.shape[0]

    def downscaled(self, size: tuple[int, int]) -> Image:
        """Return the picture at a size of at most its own, (width, height) in pixels.

        What the way to it has in common with the way to other sizes is computed once. For any
        thread.
        """
        return downscaled(self.image, size, self._halves)

    def without_pixels(self) -> "Frame":
        """Return the frame with black in place of its picture, which takes no memory."""
        return replace(self, image=np.broadcast_to(np.uint8(0), self.image.shape))


class Packed(Protocol):
    """A picture as it came, in fewer bytes than its pixels take.

    Attributes:
        nbytes: How many.
    """

    nbytes: int

    def image(self) -> Image:
        """Return the picture, the same as when it was read. For one thread at a time."""
