"""A picture on its way through the pipeline."""

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

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

    @property
    def nbytes(self) -> int:
        """How many bytes its picture takes now."""
        return self.image.nbytes

    def downscaled(self, size: tuple[int, int]) -> Image:
        """Return the picture at a size of at most its own, (width, height) in pixels.

        What the way to it has in common with the way to other sizes is computed once. For any
        thread.
        """
        return downscaled(self.image, size, self._halves)

    def renumbered(
        self,
        *,
        index: int | None = None,
        pts_s: float | None = None,
        captured_at_s: float | None = None,
    ) -> "Frame":
        """Return the same picture with another number or time."""
        return self._again(
            self.index if index is None else index,
            self.pts_s if pts_s is None else pts_s,
            self.captured_at_s if captured_at_s is None else captured_at_s,
        )

    def _again(self, index: int, pts_s: float, captured_at_s: float) -> "Frame":
        return replace(self, index=index, pts_s=pts_s, captured_at_s=captured_at_s)

    def without_pixels(self) -> "Frame":
        """Return the frame with black in place of its picture, which takes no memory."""
        width, height = self.frame_size
        return replace(self, image=np.broadcast_to(np.uint8(0), (height, width, 3)))


class Coded(Protocol):
    """A picture as its codec gave it, whose pixels are made when they are first asked for.

    All may be called from any thread.
    """

    @property
    def frame_size(self) -> tuple[int, int]:
        """Size as (width, height) in pixels."""

    @property
    def nbytes(self) -> int:
        """How many bytes it takes now, with its pixels as far as they have been made."""

    def image(self) -> Image:
        """Return the picture, read-only. It is made once."""

    def downscaled(self, size: tuple[int, int]) -> Image:
        """Return the picture at a size of at most its own, without making all of its pixels."""

    def let_go(self) -> None:
        """Keep the pixels no longer: they are made again when they are asked for again."""


class CodedFrame(Frame):
    """A frame whose pixels are made when they are first asked for.

    Of a large picture most is never looked at in its full size, and as it came it takes half the
    memory.

    Args:
        image: The picture. An array makes it a `Frame`, so that `dataclasses.replace` does with
            both what it says.
        index: As of a `Frame`, like the rest.
    """

    __slots__ = ("_coded",)
    _coded: Coded

    def __new__(cls, image: Coded | Image, *args: Any, **fields: Any) -> Frame:  # type: ignore[misc]  # noqa: D102
        return (
            Frame(image, *args, **fields) if isinstance(image, np.ndarray) else super().__new__(cls)
        )

    def __init__(self, image: Coded, index: int, pts_s: float, captured_at_s: float) -> None:
        for name, value in (
            ("_coded", image),
            ("index", index),
            ("pts_s", pts_s),
            ("captured_at_s", captured_at_s),
        ):
            object.__setattr__(self, name, value)

    @property
    def image(self) -> Image:
        """BGR uint8 of shape (H, W, 3), read-only."""
        return self._coded.image()

    @property
    def frame_size(self) -> tuple[int, int]:
        """Size as (width, height) in pixels."""
        return self._coded.frame_size

    @property
    def nbytes(self) -> int:
        """How many bytes its picture takes now."""
        return self._coded.nbytes

    def downscaled(self, size: tuple[int, int]) -> Image:
        """Return the picture at a size of at most its own, (width, height) in pixels."""
        return self._coded.downscaled(size)

    def let_go(self) -> None:
        """Keep the pixels no longer, until somebody asks for them again."""
        self._coded.let_go()

    def _again(self, index: int, pts_s: float, captured_at_s: float) -> Frame:
        return CodedFrame(self._coded, index, pts_s, captured_at_s)
