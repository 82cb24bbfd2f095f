"""What a drawn source knows of its own pictures."""

from typing import Protocol

from livesegment.mask import Mask


class Scene(Protocol):
    """A scene that somebody drew, and whose masks are therefore known.

    Attributes:
        frame_count: Frames until it is at its end; None: it goes on for ever.
        latency_s: How late its masks are to come, in seconds; None: it does not matter.
    """

    frame_count: int | None
    latency_s: float | None

    def truth(self, index: int) -> Mask:
        """Return the true mask of frame `index`, from any thread."""
