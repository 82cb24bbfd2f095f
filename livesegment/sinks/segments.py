"""A recording without end, in files of some minutes each."""

import logging
import os
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from livesegment.errors import OutputNotWritable, SinkError
from livesegment.frame import Frame
from livesegment.settings import Retention
from livesegment.sinks.base import Annotated
from livesegment.sinks.codecs import DEFAULT_QUALITY, coding_for
from livesegment.sinks.output_file import refused
from livesegment.sinks.packet import Packet, PacketSink
from livesegment.sinks.packet_file import PacketFile, TimedPacket
from livesegment.sinks.segment_folder import SegmentFolder

_log = logging.getLogger(__name__)

_TOLERANCE_S = 0.0005  # a camera of 25 frames/s is not to put 1501 of them into a minute
_PRUNE_EVERY_S = 5.0
_RETRY_AFTER_S = 10.0
_CERTAIN_AFTER_S = 3.0  # what was written a second ago has been handed to the disk


class SegmentedVideoSink(PacketSink):
    """Writes one video file after another, for recordings that nobody watches over.

    Each segment begins with a keyframe, at time 0, and holds its pictures at their true distances;
    no picture is missing between two, and none is in both. Its name tells when it began, see
    SegmentFolder. It is written under its final name, and readable after a power cut but for the
    last second. A picture of another size begins a new segment.

    When the disk is full the recording stops with a warning; what is not written is counted, and
    it is tried again every ten seconds.

    Args:
        path: What the recording is called; a name that ends in .mp4, .m4v, .mov or .mkv.
        segment_s: Length of a segment, in seconds.
        fps: Nominal frame rate for the header, and how long the last picture is shown.
        keep: How much of the recording stays, earlier runs included; None: everything. By age no
            more is removed than was recorded since, so that a clock that jumps deletes nothing.
        on_unwritten: Told how many pictures could not be written.
        is_on: Says whether pictures are to be written; while they are not, there is no segment.

    Raises:
        OptionsError: If the suffix is none of an H.264 video.
        OutputNotWritable: If there is no such folder, or it may not be written to.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        segment_s: float,
        fps: Fraction | float | None = None,
        keep: Retention | None = None,
        on_unwritten: Callable[[int], None] = lambda _: None,
        is_on: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(fps)
        self._is_on = is_on
        self._path = Path(path)
        _check(self._path)
        self._segment_s = segment_s
        self._fps = fps
        self._folder = SegmentFolder(self._path, keep, segment_s)
        self._on_unwritten = on_unwritten
        self._file: PacketFile | None = None
        self._stream: object = None  # whose pictures the segment has
        self._began_s = 0.0
        self._prune_at_s = 0.0
        self._recorded_s = 0.0
        self._last_s: float | None = None
        self._retry_at_s = -float("inf")
        self._has_failed = False
        self._closed = False

    def needs_keyframe(self, frame: Frame) -> bool:
        """Tell whether a segment is to begin with a frame."""
        if self._file is None:
            return self._is_on() and frame.pts_s >= self._retry_at_s
        return self._is_full(frame)

    def write(self, picture: Annotated) -> None:
        """Write one picture, into a new segment where one is due.

        Raises:
            SinkError: If the sink is closed.
        """
        if self._closed:
            raise SinkError(f"{self._path} is closed")
        frame = picture.frame
        if not self._is_on():
            self._finish()
            self._last_s = None
            return
        if self._file is None and frame.pts_s < self._retry_at_s:
            self._on_unwritten(1)
            return
        try:
            packet = self.packet(picture)
            if self._is_cut(frame, packet):
                self._finish()
            if self._file is None and not packet.is_keyframe:
                self._on_unwritten(1)
                return
            file = self._file or self._begin(frame, packet)
            file.write(TimedPacket(packet, frame.pts_s - self._began_s))
        except OutputNotWritable as error:
            self._give_up(error)
            self._on_unwritten(1)
            self._retry_at_s = frame.pts_s + _RETRY_AFTER_S
            return
        self._count(frame, file)

    def _count(self, frame: Frame, file: PacketFile) -> None:
        """Take in that a picture was written."""
        if self._last_s is not None:
            # While a camera is away nothing is recorded.
            self._recorded_s += min(1.0, max(0.0, frame.pts_s - self._last_s))
        self._last_s = frame.pts_s
        if self._has_failed and frame.pts_s > self._began_s + _CERTAIN_AFTER_S:
            self._has_failed = False
            _log.warning("the recording goes on in %s", file.path)
        if frame.pts_s >= self._prune_at_s:
            self._prune_at_s = frame.pts_s + _PRUNE_EVERY_S
            self._folder.prune(file.path, self._recorded_s)

    def commit(self) -> None:
        """Finish the last segment; without a picture there is none."""
        self._finish()
        self._closed = True

    def close(self) -> None:
        """Finish the last segment. May be called twice."""
        self._finish()
        self._closed = True

    def _is_full(self, frame: Frame) -> bool:
        return frame.pts_s - self._began_s >= self._segment_s - _TOLERANCE_S

    def _is_cut(self, frame: Frame, packet: Packet) -> bool:
        is_other = packet.stream is not self._stream
        return self._file is not None and (
            is_other or (packet.is_keyframe and self._is_full(frame))
        )

    def _begin(self, frame: Frame, packet: Packet) -> PacketFile:
        clock_s = time.time() - (time.monotonic() - frame.captured_at_s)
        try:
            path = self._folder.new_path(clock_s)
            self._folder.look(path)
        except OSError as error:
            raise refused(self._path, error) from error
        self._file = file = PacketFile(path, fps=self._fps, fragmented=True)
        self._stream = packet.stream
        self._began_s = self._prune_at_s = frame.pts_s
        return file

    def _finish(self) -> None:
        if self._file is None:
            return
        try:
            self._file.commit()
        except OutputNotWritable as error:
            self._give_up(error)
            return
        self._file.close()
        self._file = None

    def _give_up(self, error: OutputNotWritable) -> None:
        """Leave the segment as it is and count what is missing from it."""
        if not self._has_failed:
            _log.warning("%s; the recording waits, and goes on when it can", error)
        self._has_failed = True
        file, self._file = self._file, None
        if file is not None:
            self._on_unwritten(file.give_up())


def _check(path: Path) -> None:
    coding_for(path, "h264", quality=DEFAULT_QUALITY, speed=None, fragmented=True)
    if not path.parent.is_dir():
        raise OutputNotWritable(f"cannot write {path}: the folder {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutputNotWritable(f"cannot write {path}: the folder {path.parent} is read-only")
