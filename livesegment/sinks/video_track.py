"""A container file with one video track, every picture at its own time."""

import math
import os
import sys
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import av
import av.error
from av.video.frame import PictureType
from av.video.stream import VideoStream

from livesegment.duration import in_words
from livesegment.errors import (
    SHORTAGES,
    LiveSegmentError,
    OutOfMemory,
    OutputNotWritable,
    SinkError,
)
from livesegment.media_file import Colour
from livesegment.sinks.codecs import Coding
from livesegment.sinks.original import Original
from livesegment.sinks.output_file import refused
from livesegment.sinks.sound import SoundCopier

_DEFAULT_FPS = 30.0
_ALWAYS_TAKEN = 8192  # columns and lines that every encoder takes
# How long MP4 and MOV show one picture, in ticks: 32 bits, of which libavformat takes 31.
_LONGEST = {"mp4": 2**31 - 1, "mov": 2**31 - 1}


def usable_fps(fps: Fraction | float | None) -> Fraction:
    """Return a nominal frame rate for the container's header, 30 where `fps` is none.

    Only a hint: the times of the pictures are in their timestamps.
    """
    if fps is None or not math.isfinite(fps) or not 0.1 <= fps <= 1000:
        return Fraction(_DEFAULT_FPS)
    return Fraction(fps).limit_denominator(1001)


def set_colours(stream: VideoStream, colour: Colour) -> None:
    """Have a stream say how the numbers of its pictures stand for colours."""
    context = stream.codec_context
    context.colorspace = colour.matrix
    context.color_primaries = colour.primaries
    context.color_trc = colour.transfer
    context.color_range = 2 if colour.is_full_range else 1


def _is_ordinary(thread: int = 0) -> bool:
    """Tell whether a thread, or this one, shares the processors with everybody."""
    return sys.platform != "linux" or os.sched_getscheduler(thread) == os.SCHED_OTHER


def _make_ordinary() -> None:
    """Take real-time priority from the threads of this process.

    Run by root, SVT-AV1 gives it to its own threads and to the one that opens it. Where there are
    fewer processors than threads nothing else runs then, and programs started here inherit it.
    """
    if sys.platform == "linux":
        for task in os.listdir("/proc/self/task"):  # noqa: PTH208 - once a picture
            with suppress(OSError):  # it has ended meanwhile
                if not _is_ordinary(int(task)):
                    os.sched_setscheduler(int(task), os.SCHED_OTHER, os.sched_param(0))


class VideoTrack:
    """Encodes pictures into a file, and lets sound go beside them.

    The same pictures give the same bytes, whenever they are written.

    Args:
        path: File to write; emptied.
        coding: How to code.
        frame_size: (width, height) in pixels of every picture.
        fps: Nominal frames per second; the last picture is shown for one such period, unless
            `like` knows better.
        like: Colours, shape of pixels and metadata to write, and when it ends.
        sound: Sound to carry over; it stays the caller's to close.
        to: Where it is written in place of the file; it stays the caller's to close.

    Attributes:
        is_empty: Whether no picture has reached the file yet.
        lead: Ticks by which pictures are shown later in it than when it is complete.

    Raises:
        OutputNotWritable: If the file cannot be created, or not with this coding and size.
    """

    def __init__(
        self,
        path: Path,
        coding: Coding,
        frame_size: tuple[int, int],
        *,
        fps: Fraction | float | None = None,
        like: Original,
        sound: SoundCopier | None = None,
        to: BinaryIO | None = None,
    ) -> None:
        self._path = path
        self._frame_size = frame_size
        self._coding = coding
        self._like = like
        self._sound = sound
        self._time_base = Fraction(1, coding.ticks_per_s)
        rate = usable_fps(fps)
        self._period = max(1, round(coding.ticks_per_s / rate))
        self._shift = 0
        self._last_pts: int | None = None
        self._held: av.Packet[Any] | None = None
        self._next_keyframe = 0
        self._is_open = True
        self._failed = False
        self._keeps_ordinary = coding.codec == "libsvtav1" and _is_ordinary()
        self.is_empty = True
        self.lead = 0
        if min(frame_size) < coding.smallest_side:
            raise self._no_such_size()
        try:
            # The prefix keeps a name such as "rtmp:x.mp4" from being taken for an address.
            self._container = av.open(
                to or f"file:{path}",
                "w",
                format=coding.container,
                # Bit-exact: no random identity, no date of writing.
                container_options={"fflags": "+bitexact", **coding.container_options},
            )
        except (av.FFmpegError, OSError) as error:
            raise self._refused(error) from error
        self._container.metadata.update(like.words)
        self._stream = self._add_stream(rate)
        if sound is not None:
            sound.add_to(self._container)

    def _add_stream(self, rate: Fraction) -> VideoStream:
        options = self._coding.options_for(self._frame_size)
        stream = self._container.add_stream(self._coding.codec, rate=rate, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = self._frame_size
        stream.pix_fmt = self._coding.pixel_format
        context = stream.codec_context
        context.time_base = self._time_base
        set_colours(stream, self._like.colour)
        if self._like.pixel_aspect is not None:
            context.sample_aspect_ratio = self._like.pixel_aspect
        return stream

    def write(self, picture: av.VideoFrame, pts_s: float) -> bool:
        """Encode one picture, to be shown at `pts_s` seconds.

        A time that does not rise is moved to the next tick: a container cannot tell two pictures
        of one time apart. If the first time is below 0, all times are moved so that it is 0:
        players leave out what comes before.

        Returns:
            Whether a keyframe was asked for, which makes what was written before it final.

        Raises:
            OutputNotWritable: If the disk is full, the size cannot be coded, or it comes so long
                after the one before that the container cannot say so.
        """
        pts = round(pts_s * self._coding.ticks_per_s)
        if self._last_pts is None:
            self._shift = max(0, -pts)
            if self._sound is not None:
                self._sound.shift_s = self._shift * self._time_base
            self._next_keyframe = pts + self._shift
        else:
            pts = max(pts, self._last_pts + 1 - self._shift)
            self._check_gap(pts + self._shift - self._last_pts)
        pts += self._shift
        self._last_pts = pts
        picture.pts, picture.time_base = pts, self._time_base
        is_keyframe = self._coding.keyframe_s is not None and pts >= self._next_keyframe
        if is_keyframe and self._coding.keyframe_s is not None:
            picture.pict_type = PictureType.I
            self._next_keyframe = pts + round(self._coding.keyframe_s * self._coding.ticks_per_s)
        self._encode(picture)
        return is_keyframe

    def close(self) -> None:
        """Write what the encoder still holds and the container's end. May be called twice.

        Raises:
            OutputNotWritable: If the disk is full, and `write` has not said so already.
        """
        if not self._is_open:
            return
        self._is_open = False
        try:
            if self._last_pts is not None and not self._failed:
                self._encode(None)
                self._write_end(self._last_pts)
        finally:
            self._close_container()

    def _close_container(self) -> None:
        try:
            self._container.close()
        except (av.FFmpegError, OSError) as error:
            if not self._failed:
                raise self._refused(error) from error

    def _encode(self, picture: av.VideoFrame | None) -> None:
        try:
            packets = self._stream.encode(picture)
        except (av.FFmpegError, OSError) as error:
            self._failed = True
            raise self._refused(error) from error
        finally:
            if self._keeps_ordinary:
                _make_ordinary()
        for packet in packets:
            self._hold(packet)

    def _hold(self, packet: "av.Packet[Any]") -> None:
        """Hold a picture until it is known how long it is shown, and write the one before."""
        try:
            if self._held is not None and packet.pts is not None:
                self._mux(self._held, until=packet.pts)
            self._held = packet
        except (av.FFmpegError, OSError) as error:
            self._failed = True
            raise self._refused(error) from error

    def _write_end(self, last_pts: int) -> None:
        """Write the last picture, and the sound that goes with it or on after it."""
        end, sound_end_s = self._end_of(last_pts)
        try:
            if self._held is not None:
                self._mux(self._held, until=end)
            if self._sound is not None:
                for packet in self._sound.packets_until(sound_end_s):
                    self._container.mux(packet)
        except (av.FFmpegError, OSError) as error:
            self._failed = True
            raise self._refused(error) from error

    def _end_of(self, last_pts: int) -> tuple[int, float]:
        """Return when the last picture ends, in ticks, and the sound, in seconds.

        Sound goes on after the pictures only if they came to the original's own last one.
        """
        end = last_pts + self._period
        if self._like.last_picture_s is None or self._like.end_s is None:
            return end, float(end * self._time_base)
        likely_last = self._like.last_picture_s * self._coding.ticks_per_s + self._shift
        if last_pts < likely_last - 1.5 * self._period:
            return end, float(end * self._time_base)
        likely_end = round(self._like.end_s * self._coding.ticks_per_s) + self._shift
        return (likely_end if likely_end > last_pts else end), math.inf

    def _mux(self, packet: "av.Packet[Any]", *, until: int) -> None:
        """Write a picture, after the sound that begins before it."""
        assert packet.pts is not None
        if self._sound is not None:
            for sound in self._sound.packets_until(float(packet.pts * self._time_base)):
                self._container.mux(sound)
        packet.duration = until - packet.pts
        self._container.mux(packet)
        self.is_empty = False

    def _check_gap(self, ticks: int) -> None:
        longest = _LONGEST.get(self._coding.container)
        if longest is None or ticks <= longest:
            return
        gap, most = (in_words(each / self._coding.ticks_per_s) for each in (ticks, longest))
        raise OutputNotWritable(
            f"cannot write {self._path}: the times of the pictures jump by {gap}, and "
            f"{self._path.suffix} shows a picture for {most} at the most: give a name that ends "
            "in .mkv"
        )

    def _refused(self, error: av.FFmpegError | OSError) -> LiveSegmentError:
        # An encoder's own library says of everything no more than that it failed.
        is_external = isinstance(error, av.error.ExternalError)
        is_usual_size = max(self._frame_size) <= _ALWAYS_TAKEN
        if error.errno in SHORTAGES or (is_external and is_usual_size):
            return OutOfMemory()
        if isinstance(error, OSError) and error.strerror and not isinstance(error, ValueError):
            return refused(self._path, error)
        return self._no_such_size()

    def _no_such_size(self) -> SinkError:
        width, height = self._frame_size
        return OutputNotWritable(
            f"cannot write {self._path}: {self._coding.codec} takes no pictures of {width}x{height}"
        )
