"""A source that hands on another one's pictures, changed or chosen."""

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
