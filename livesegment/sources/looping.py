"""A source that begins again at its end."""

from collections.abc import Callable

from livesegment.errors import OptionsError
from livesegment.frame import Frame
from livesegment.sources.base import Source

_FPS = 25.0  # how long the last picture stays where nothing says


class LoopingSource(Source):
    """Opens a source again whenever it ends; indices and times go on rising.

    Masks of before do not fit what comes after: each beginning is a scene of its own.

    Args:
        open_once: Opens the source; called again at each end.
        on_loop: Called whenever it begins again.

    Raises:
        SourceError: If the source cannot be opened.
        OptionsError: If it never ends.
    """

    is_endless = True

    def __init__(
        self, open_once: Callable[[], Source], on_loop: Callable[[], object] = lambda: None
    ) -> None:
        self._open_once = open_once
        self._on_loop = on_loop
        self._source = open_once()
        self.name, self.fps = self._source.name, self._source.fps
        self.scene = self._source.scene
        if self._source.is_live or self._source.is_endless:
            self._source.close()
            raise OptionsError(f"--loop is for a source with an end, which {self.name} has not")
        self._stopped = False
        self._offset_s = 0.0
        self._last: Frame | None = None
        self._has_read = False  # since it was opened

    def read(self) -> Frame | None:
        """Return the next picture; None after `stop`, or if there is none in the whole source.

        Raises:
            SourceError: If the source breaks, or cannot be opened again.
        """
        while (frame := self._read_once()) is None:
            if self._stopped or not self._has_read:
                return None
            self._source.close()
            self._source = self._open_once()
            self._has_read = False
        begins_again = self._last is not None and not self._has_read
        if begins_again:
            self._on_loop()
        self._last = self._continued(frame, begins_again=begins_again)
        self._has_read = True
        return self._last

    def stop(self) -> None:
        """Let a waiting read return soon."""
        self._stopped = True
        self._source.stop()

    def close(self) -> None:
        """Close the source. May be called twice."""
        self._stopped = True
        self._source.close()

    def _read_once(self) -> Frame | None:
        self._source.is_lazy = self.is_lazy
        return self._source.read()

    def _continued(self, frame: Frame, *, begins_again: bool) -> Frame:
        if self._last is None:
            return frame.renumbered(index=0)
        index = self._last.index + 1
        if begins_again:
            self.scene_began = index
            self._offset_s = self._last.pts_s + 1 / (self.fps or _FPS) - frame.pts_s
        return frame.renumbered(index=index, pts_s=frame.pts_s + self._offset_s)
