"""Pictures as a video that is watched while it is made."""

from contextlib import suppress
from fractions import Fraction
from typing import Any, BinaryIO

import av
import av.error
from av.video.frame import PictureType
from av.video.stream import VideoStream

from livesegment.errors import SinkError
from livesegment.frame import Image
from livesegment.media_file import Colour
from livesegment.profile import stage
from livesegment.sinks.codecs import DEFAULT_QUALITY, live_coding
from livesegment.sinks.letterbox import even_size, letterbox
from livesegment.sinks.planes import Planes
from livesegment.sinks.video_track import set_colours, usable_fps


class LiveTrack:
    """Encodes pictures as H.264 into a stream. What goes in comes out at once.

    No picture refers to a later one and the encoder holds none back, so a viewer is as far behind
    as its network. The first picture is a keyframe, and one of every `keyframe_s` seconds. A
    picture of another size than the first is fitted into it, with black bars.

    Args:
        target: An address as libavformat takes it, or a file to write to.
        container: Name of libavformat's muxer: "mpegts", "rtsp", "flv", "mp4".
        frame_size: (width, height) in pixels of the first picture; odd ones grow by one.
        name: What errors call the target: no address with a secret in it.
        fps: Nominal frames per second.
        quality: 1 (small) to 100, as of files.
        keyframe_s: Seconds from one keyframe to the next, at the most.
        speed: The encoder's own word for its speed; None: that of files.
        container_options: Options of the muxer or its protocol.

    Attributes:
        coded_size: (width, height) in pixels of the video.

    Raises:
        SinkError: If the target cannot be opened.
        OptionsError: If the installed PyAV cannot encode H.264.
    """

    def __init__(
        self,
        target: str | BinaryIO,
        container: str,
        frame_size: tuple[int, int],
        *,
        name: str,
        fps: Fraction | float | None = None,
        quality: int = DEFAULT_QUALITY,
        keyframe_s: float = 2.0,
        speed: str | None = None,
        container_options: dict[str, str] | None = None,
    ) -> None:
        coding = live_coding(container, quality=quality, keyframe_s=keyframe_s, speed=speed)
        self._name = name
        self._coding = coding
        self._frame_size = frame_size
        self.coded_size = frame_size[0] + frame_size[0] % 2, frame_size[1] + frame_size[1] % 2
        self._time_base = Fraction(1, coding.ticks_per_s)
        self._last_pts = -1
        self._next_keyframe = 0.0
        self._planes = Planes(Colour())
        try:
            self._container = av.open(
                target, "w", format=container, container_options=dict(container_options or {})
            )
            self._stream = self._add_stream(fps)
            self._container.start_encoding()  # here the target is opened
        except (av.FFmpegError, OSError) as error:
            raise self._broken(error) from None

    def _add_stream(self, fps: Fraction | float | None) -> VideoStream:
        coding = self._coding
        stream = self._container.add_stream(
            coding.codec, rate=usable_fps(fps), options=dict(coding.codec_options)
        )
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = self.coded_size
        stream.pix_fmt = coding.pixel_format
        stream.codec_context.time_base = self._time_base
        set_colours(stream, Colour())
        return stream

    @property
    def stream(self) -> VideoStream:
        """The stream, as a template for files that take what `encode` returns."""
        return self._stream

    def write(self, image: Image, pts_s: float, *, keyframe: bool = False) -> bool:
        """Encode a picture and send it.

        Args:
            image: BGR uint8 (H, W, 3).
            pts_s: When it is shown, in seconds from 0 on; a time that does not rise is moved to the
                next tick.
            keyframe: Make it one, though none is due.

        Returns:
            Whether it is a keyframe, from which a viewer can begin.

        Raises:
            SinkError: If the target takes nothing any more.
        """
        packet = self.encode(image, pts_s, keyframe=keyframe)
        try:
            self._container.mux(packet)
        except (av.FFmpegError, OSError) as error:
            raise self._broken(error) from None
        return packet.is_keyframe

    def encode(self, image: Image, pts_s: float, *, keyframe: bool = False) -> "av.Packet[Any]":
        """Return a picture as it would be sent; the arguments are those of `write`.

        Raises:
            SinkError: If the encoder fails.
        """
        pts = max(round(pts_s * self._coding.ticks_per_s), self._last_pts + 1)
        self._last_pts = pts
        with stage("to YUV"):
            picture = self._planes.of(even_size(letterbox(image, self._frame_size, smooth=True)))
        picture.pts, picture.time_base = pts, self._time_base
        if keyframe or pts >= self._next_keyframe:
            picture.pict_type = PictureType.I
            assert self._coding.keyframe_s is not None
            self._next_keyframe = pts + self._coding.keyframe_s * self._coding.ticks_per_s
        try:
            (packet,) = self._stream.encode(picture)  # of each, at once: "zerolatency"
        except (av.FFmpegError, OSError) as error:
            raise self._broken(error) from None
        return packet

    def close(self) -> None:
        """End the stream. May be called twice; a target that is gone is no error."""
        with suppress(av.FFmpegError, OSError):
            self._container.close()

    def _broken(self, error: av.FFmpegError | OSError) -> SinkError:
        # Not `from error`: its text has the address, with whatever is secret in it.
        return SinkError(f"cannot send to {self._name}: {error.strerror or 'it takes nothing'}")
