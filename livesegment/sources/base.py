"""What a source of pictures is."""

from abc import abstractmethod

from livesegment.frame import Frame
from livesegment.resource import Resource
from livesegment.scene import Scene

LATE_S = 0.5
"""A live picture that is later than this has stalled: those after it are paced anew."""


class Source(Resource):
    """Where pictures come from. A source of one's own needs only `read`.

    One thread reads; `stop` may be called from any thread.

    Attributes:
        name: What to call it in a message: no credentials.
        fps: Nominal frames per second; None where it is not known.
        frame_count: Frames expected; None where it is not known or endless. An estimate.
        is_count_guessed: Whether `frame_count` was worked out from the length and the rate.
        is_live: The pictures come at their own time (a camera). Pictures of other sources are
            paced by their `pts_s` when they are shown live.
        is_endless: It never ends by itself, so it cannot be annotated to its end.
        reconnects: How often it was opened again after it had been lost.
        scene_began: Index of the first frame since then; masks of earlier frames do not fit.
        is_lazy: The pixels of frames are made only when they are asked for, where it can be: see
            `CodedFrame`. May be changed at any time.
        scene: What its pictures show, where they are drawn; asked itself unless a model is named.
    """

    name: str = "source"
    fps: float | None = None
    frame_count: int | None = None
    is_count_guessed: bool = False
    is_live: bool = False
    is_endless: bool = False
    reconnects: int = 0
    scene_began: int = 0
    is_lazy: bool = False
    scene: Scene | None = None

    @property
    def lost_since_s(self) -> float | None:
        """When the last picture came, in seconds of `time.monotonic()`, if it is waited for.

        None: pictures come, as far as is known.
        """
        return None

    @abstractmethod
    def read(self) -> Frame | None:
        """Return the next picture, waiting for it; None at the end.

        Raises:
            SourceLost: If the source breaks before its end.
        """

    def skip_to(self, pts_s: float) -> None:
        """Say, before the first `read`, that frames before a media time are not wanted.

        They may be left out; those that come keep their numbers and times.
        """

    def stop(self) -> None:
        """Ask a waiting `read` to return soon. It may do so with None."""

    def close(self) -> None:
        """Release the device or file. May be called twice; never while `read` runs."""
