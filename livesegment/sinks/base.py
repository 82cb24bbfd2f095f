"""What a sink of annotated pictures is."""

from abc import abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Frame, Image
from livesegment.mask import Mask
from livesegment.resource import Resource

if TYPE_CHECKING:
    from livesegment.sinks.packet import Packet

Alpha = npt.NDArray[np.uint8]
"""How much of each pixel is there, 0 to 255, uint8 (H, W)."""


def with_alpha(image: Image, alpha: Alpha | None) -> npt.NDArray[np.uint8]:
    """Return colours and alpha as BGRA uint8 (H, W, 4); None: all of everything is there."""
    if alpha is None:
        return cv2.cvtColor(image, cv2.COLOR_BGR2BGRA).astype(np.uint8, copy=False)
    return cv2.merge((image, alpha)).astype(np.uint8, copy=False)


class Role(StrEnum):
    """Where a frame's mask comes from, where all frames are annotated."""

    ASKED = "asked"
    """The segmenter: it is a keyframe."""
    CARRIED = "carried"
    """The keyframes before and after it, along the motion."""
    STILL = "still"
    """The keyframe before it, as it is: nothing has moved since."""


@dataclass(frozen=True, slots=True, eq=False)
class Annotated:
    """One picture on its way out.

    Attributes:
        frame: The picture as the source gave it.
        mask: The mask drawn on it, of the frame's size; None before the first one.
        image: The picture with the mask drawn, BGR uint8 (H, W, 3), of the frame's size. Valid
            only during `Sink.write`: a sink that keeps it copies it.
        alpha: How much of each of its pixels is there, 0 to 255, uint8 (H, W), valid as long; None:
            all of everything. The colours are not multiplied by it (straight alpha), and 0 where it
            is 0.
        scene: Number of the scene that it belongs to, from 0; 0 for all where nobody counts them.
        role: Where the mask comes from; None: of a live picture, whose masks all come late.
        packet: The image as H.264, where it was encoded for several sinks; None: it was not.
    """

    frame: Frame
    mask: Mask | None
    image: Image
    alpha: Alpha | None = None
    scene: int = 0
    role: Role | None = None
    packet: "Packet | None" = None


class Sink(Resource):
    """Where annotated pictures go. A sink of one's own needs only `write`."""

    @abstractmethod
    def write(self, picture: Annotated) -> None:
        """Take one picture. Pictures come in order, from one thread.

        Raises:
            SinkError: If it cannot be written.
        """

    def takes_alpha(self, frame: Frame) -> bool:  # noqa: ARG002 - the same for all pictures
        """Tell whether this picture may come with `Annotated.alpha`; False unless a sink knows."""
        return False

    def stop(self) -> None:
        """Ask a `write` that waits for somebody to end soon. May be called from any thread."""

    def commit(self) -> None:
        """Say that every picture was written: finish the output, give it its final name.

        Called at most once, after the last `write` and before `close`. A sink without a finished
        state (a window, a stream) leaves this as it is.

        Raises:
            SinkError: If the output cannot be finished.
        """

    def give_up(self) -> int:
        """Finish what there is after a `write` or a `commit` that failed: nothing more is given.

        Returns:
            How many pictures are lost that earlier calls of `write` took; 0 unless a sink knows.
        """
        return 0

    def close(self) -> None:
        """Release what is held. May be called twice; not while `write` runs.

        An output that was not committed stays behind as far as it goes, readable and under a
        name that says that it is partial; where that is, is logged.
        """
