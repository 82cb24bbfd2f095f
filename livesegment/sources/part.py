"""A part of a source: from one time to another, and of that fewer frames a second."""

import math

from livesegment.errors import OptionsError
from livesegment.frame import CodedFrame, Frame
from livesegment.settings.part import PartOptions, timecode
from livesegment.sources.base import Source
from livesegment.sources.wrapped import WrappedSource

# Some containers count in milliseconds: a frame that stands at 2/3 s is at 0.667 there.
_SLACK_S = 0.0005
_MORE_FPS = 1.01  # 30 of 29.97 are all of them


def part_of(source: Source, options: PartOptions) -> Source:
    """Return the frames of a source that options choose; the source itself where they are all.

    Frames keep their numbers and times, and a part has those frames that the whole has: which ones
    are left out for a lower rate does not depend on where the part begins.

    Raises:
        OptionsError: If more frames a second are wanted than there are.
    """
    return _PartSource(source, options) if options.leaves_out else source


class _PartSource(WrappedSource):
    """Hands on a part of a source's pictures; those between have no pixels made of them."""

    def __init__(self, source: Source, options: PartOptions) -> None:
        self._begin_s = options.begins_s - _SLACK_S
        self._end_s = math.inf if options.end_s is None else options.end_s - _SLACK_S
        self._options = options
        self._period: int | None = None
        self._has_given = self._is_over = self._is_stopped = False
        super().__init__(source)
        if options.fps is not None and source.fps and options.fps > source.fps * _MORE_FPS:
            raise OptionsError(
                f"--fps {options.fps:g} is more than the {source.fps:g} frames a second of"
                f" {source.name}"
            )
        if options.start_s is not None:
            # From the beginning of its period on, which another frame may have begun.
            fps = options.fps
            from_s = self._begin_s if fps is None else math.floor(options.start_s * fps) / fps
            source.skip_to(min(from_s, self._begin_s))

    def read(self) -> Frame | None:
        """Return the next frame of the part; None at its end.

        Raises:
            OptionsError: If there is none.
            SourceLost: If the source breaks before the part's end.
        """
        while not (self._is_over or self._is_stopped):
            self._source.is_lazy = True
            frame = self._source.read()
            self.follow()
            self._is_over = frame is None or frame.pts_s >= self._end_s
            if frame is None or self._is_over:
                break
            if self._is_due(frame) and frame.pts_s >= self._begin_s:
                self._has_given = True
                is_late = isinstance(frame, CodedFrame) and not self.is_lazy
                return _with_pixels(frame) if is_late else frame
        if not (self._has_given or self._is_stopped):
            raise self._is_empty()
        return None

    def stop(self) -> None:
        """Let a waiting read return soon."""
        self._is_stopped = True
        super().stop()

    def follow(self) -> None:
        """Say of itself what is left of what the source says."""
        super().follow()
        options, rate = self._options, self.fps
        self.is_endless &= options.end_s is None or self.is_live
        if rate and options.fps is not None:
            self.fps = min(rate, options.fps)
        length_s = self._length_s()
        if self.fps and (length_s is not None or options.end_s is not None):
            end_s = min(math.inf if length_s is None else length_s, self._end_s)
            self.frame_count = max(0, round((end_s - options.begins_s) * self.fps))
            self.is_count_guessed = True

    def _length_s(self) -> float | None:
        count, rate = self._source.frame_count, self._source.fps
        return count / rate if count is not None and rate else None

    def _is_due(self, frame: Frame) -> bool:
        """Tell whether a frame is the first of its period; periods count from the source's 0."""
        if self._options.fps is None:
            return True
        before = self._period
        self._period = math.floor((frame.pts_s + _SLACK_S) * self._options.fps)
        return self._period != before

    def _is_empty(self) -> OptionsError:
        start, end_s = timecode(self._options.begins_s), self._options.end_s
        length_s = self._length_s()
        if length_s is not None and length_s <= self._options.begins_s:
            return OptionsError(
                f"--start {start} is beyond the end of {self.name}, which is"
                f" {timecode(length_s)} long"
            )
        until = "on" if end_s is None else f"to {timecode(end_s)}"
        return OptionsError(f"{self.name} has no frame from {start} {until}")


def _with_pixels(frame: Frame) -> Frame:
    return Frame(frame.image, frame.index, frame.pts_s, frame.captured_at_s)
