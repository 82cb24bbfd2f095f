"""What a sink of annotated pictures is."""

from abc import abstractmethod
from dataclasses import dataclass

from livesegment.frame import Frame, Image
from livesegment.mask import Mask
from livesegment.resource import Resource


@dataclass(frozen=True, slots=True, eq=False)
class Annotated:
    """One picture on its way out.

    Attributes:
        frame: The picture as the source gave it.
        mask: The mask drawn on it, of the frame's size; None before the first one.
        image: The picture with the mask drawn, BGR uint8 (H, W, 3), of the frame's size. Valid
            only during `Sink.write`: a sink that keeps it copies it.
    """

    frame: Frame
    mask: Mask | None
    image: Image


class Sink(Resource):
    """Where annotated pictures go. A sink of one's own needs only `write`."""

    @abstractmethod
    def write(self, picture: Annotated) -> None:
        """Take one picture. Pictures come in order, from one thread.

        Raises:
            SinkError: If it cannot be written.
        """

    def close(self) -> None:
        """Finish the output: what was written is whole afterwards. May be called twice."""
