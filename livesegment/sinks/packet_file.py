"""A video file of pictures that are encoded already."""

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.video.stream import VideoStream

from livesegment.sinks.codecs import DEFAULT_QUALITY, Coding, coding_for, in_fragments
from livesegment.sinks.original import Original
from livesegment.sinks.output_file import OutputFile
from livesegment.sinks.packet import Packet
from livesegment.sinks.track_sink import TrackFile
from livesegment.sinks.video_track import VideoTrack


@dataclass(frozen=True, slots=True, eq=False)
class TimedPacket:
    """A packet and when it is shown.

    Attributes:
        packet: An encoded picture.
        pts_s: Seconds in the file; below 0: not shown, but referred to by those after it.
    """

    packet: Packet
    pts_s: float


class _PacketTrack(VideoTrack):
    """Takes pictures that are encoded already.

    Args:
        first: One of them: all are of its stream.
    """

    def __init__(
        self, path: Path, coding: Coding, first: Packet, fps: Fraction | float | None
    ) -> None:
        self._template = first.stream
        super().__init__(path, coding, first.frame_size, fps=fps, like=Original())

    def _add_stream(self, rate: Fraction) -> VideoStream:  # noqa: ARG002 - the template has it
        stream = self._container.add_stream_from_template(self._template)
        stream.time_base = self._time_base
        return stream

    def add(self, packet: Packet, pts_s: float) -> None:
        """Write an encoded picture, to be shown at `pts_s` seconds.

        What has a time below 0 is there for later pictures to refer to, and not shown: a complete
        MP4 says so, while fragments cannot, and begin with it. The first one is a keyframe. A time
        that does not rise is moved to the next tick.

        Raises:
            OutputNotWritable: If the disk is full.
        """
        pts = round(pts_s * self._coding.ticks_per_s)
        if self._last_pts is None:
            self.lead = max(0, -pts)
        pts += self.lead
        if self._last_pts is not None:
            pts = max(pts, self._last_pts + 1)
            self._check_gap(pts - self._last_pts)
        self._last_pts = pts
        muxed = av.Packet(packet.data)
        muxed.pts = muxed.dts = pts
        muxed.time_base, muxed.stream = self._time_base, self._stream
        muxed.is_keyframe = packet.is_keyframe
        self._hold(muxed)

    def _encode(self, picture: av.VideoFrame | None) -> None:
        """Do nothing: no encoder holds a picture."""


class PacketFile(TrackFile[TimedPacket, _PacketTrack]):
    """Writes encoded pictures, of one stream, from a keyframe on.

    Args:
        path: A name that ends in .mp4, .m4v, .mov or .mkv.
        fps: Nominal frame rate for the header, and how long the last picture is shown.
        fragmented: Under its final name from the start, and what came before each keyframe handed
            to the disk, so that it plays after a crash or power cut; else under `partial_path`
            until `commit`, in fragments, so that it plays while it is written and after a crash,
            and then with its index first.

    Raises:
        OptionsError: If the suffix is none of an H.264 video.
        OutputExists: If the file exists.
        OutputNotWritable: If it cannot be created.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        fps: Fraction | float | None = None,
        fragmented: bool = False,
    ) -> None:
        quality = DEFAULT_QUALITY
        coding = coding_for(Path(path), "h264", quality=quality, fragmented=fragmented)
        self._coding = in_fragments(coding)
        self._fps = fps
        self._fragmented = fragmented
        self._is_due = False
        super().__init__(OutputFile(path, in_place=fragmented), None if fragmented else coding)

    def _open(self, picture: TimedPacket) -> _PacketTrack:
        return _PacketTrack(self._file.path, self._coding, picture.packet, self._fps)

    def _add(self, track: _PacketTrack, picture: TimedPacket) -> None:
        track.add(picture.packet, picture.pts_s)
        if self._is_due and self._fragmented:
            self._file.sync()
        # With the next picture it is written, and what came before it has left the muxer.
        self._is_due = picture.packet.is_keyframe
