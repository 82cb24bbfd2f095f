"""A source that hands on another one's pictures, changed or chosen."""

from abc import abstractmethod

from livesegment.frame import Frame, Image
from livesegment.sources.base import Source


class WrappedSource(Source):
    """Says of itself what another source says; a subclass gives `read`, and calls `follow` there.

    Closing the one closes the other.

    Args:
        source: The other one.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name, self.scene = source.name, source.scene
        self.follow()

    @property
    def lost_since_s(self) -> float | None:
        """When the last picture came, if it is waited for."""
        return self._source.lost_since_s

    def skip_to(self, pts_s: float) -> None:
        """Say that pictures before a media time are not wanted."""
        self._source.skip_to(pts_s)

    def stop(self) -> None:
        """Let a waiting read return soon."""
        self._source.stop()

    def close(self) -> None:
        """Close the source. May be called twice."""
        self._source.close()

    def follow(self) -> None:
        """Say of itself what the source says now: a network camera learns its rate on the way."""
        source = self._source
        self.fps, self.frame_count = source.fps, source.frame_count
        self.is_count_guessed = source.is_count_guessed
        self.is_live, self.is_endless = source.is_live, source.is_endless
        self.reconnects, self.scene_began = source.reconnects, source.scene_began


class ChangedSource(WrappedSource):
    """Hands on a source's pictures changed: whoever has it gets no others.

    Whole pictures are made whatever `is_lazy` says: pixels that are made later, and of any size
    from what the codec gave, would have to be changed by whoever makes them.
    """

    def read(self) -> Frame | None:
        """Return the next picture, changed; None at the end.

        Raises:
            SourceLost: If the source breaks before its end.
        """
        frame = self._source.read()
        self.follow()
        if frame is None:
            return None
        return Frame(self._changed(frame.image), frame.index, frame.pts_s, frame.captured_at_s)

    @abstractmethod
    def _changed(self, image: Image) -> Image:
        """Return what is made of a picture, BGR uint8 (H, W, 3); the one given stays as it is."""
