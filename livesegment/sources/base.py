"""What a source of pictures is."""

from abc import abstractmethod

from livesegment.frame import Frame
from livesegment.resource import Resource


class Source(Resource):
    """Where pictures come from. A source of one's own needs only `read`.

    One thread reads; `stop` may be called from any thread.

    Attributes:
        name: What to call it in a message: no credentials.
        fps: Nominal frames per second; None where it is not known.
        frame_count: Frames expected; None where it is not known or endless. An estimate.
        is_live: The pictures come at their own time (a camera). Pictures of other sources are
            paced by their `pts_s` when they are shown live.
        is_endless: It never ends by itself, so it cannot be annotated to its end.
    """

    name: str = "source"
    fps: float | None = None
    frame_count: int | None = None
    is_live: bool = False
    is_endless: bool = False

    @abstractmethod
    def read(self) -> Frame | None:
        """Return the next picture, waiting for it; None at the end.

        Raises:
            SourceLost: If the source breaks before its end.
        """

    def stop(self) -> None:
        """Ask a waiting `read` to return soon. It may do so with None."""

    def close(self) -> None:
        """Release the device or file. May be called twice; never while `read` runs."""
