"""Pictures encoded once for everybody who writes them: recordings, and the clips of events."""

import io
from abc import abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from livesegment.errors import OptionsError, OutputNotWritable, SinkError
from livesegment.frame import Frame, Image
from livesegment.sinks.base import Annotated, Sink

if TYPE_CHECKING:  # it loads PyAV, of which a camera in a window needs none
    from av.video.stream import VideoStream

    from livesegment.sinks.live_track import LiveTrack

KEYFRAME_S = 1.0
"""Seconds from one keyframe to the next: what a power cut may take from a recording."""

# Of files: next to nothing is to be told from the original.
_SPEED = "ultrafast"


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """A picture as H.264.

    Attributes:
        data: It, as `stream` has it.
        is_keyframe: Whether it refers to no other picture; else to those before it.
        stream: What it belongs to: the template of a file that takes it.
        frame_size: (width, height) in pixels of the picture before its odd side grew by one.
    """

    data: bytes
    is_keyframe: bool
    stream: "VideoStream"
    frame_size: tuple[int, int]


class PacketEncoder:
    """Encodes pictures one after the other, and holds none back.

    The first one is a keyframe, and one of every second. A picture of another size begins another
    stream, with a keyframe.

    Args:
        fps: Nominal frame rate.
        frame_size: (width, height) into which every picture is fitted, with black bars; None: each
            has its own.
    """

    def __init__(
        self, fps: Fraction | float | None = None, frame_size: tuple[int, int] | None = None
    ) -> None:
        self._fps = fps
        self._fixed_size = frame_size
        self._frame_size = (0, 0)
        self._track: LiveTrack | None = None
        self._zero_s = 0.0

    def encode(self, image: Image, pts_s: float, *, keyframe: bool = False) -> Packet:
        """Return a picture as H.264.

        Args:
            image: BGR uint8 (H, W, 3).
            pts_s: When it is shown, in seconds.
            keyframe: Make it one, though none is due.

        Raises:
            OutputNotWritable: If the encoder does not take it.
        """
        size = self._fixed_size or (image.shape[1], image.shape[0])
        try:
            if self._track is None or size != self._frame_size:
                self._track = self._begun(size)
                self._frame_size, self._zero_s = size, pts_s
            packet = self._track.encode(image, pts_s - self._zero_s, keyframe=keyframe)
        except OptionsError as error:
            raise OutputNotWritable(str(error)) from error
        except SinkError as error:
            self._track = None
            width, height = size
            raise OutputNotWritable(f"cannot encode pictures of {width}x{height}") from error
        return Packet(bytes(packet), packet.is_keyframe, self._track.stream, size)

    def _begun(self, frame_size: tuple[int, int]) -> "LiveTrack":
        from livesegment.sinks.live_track import LiveTrack

        # Of a file, so that what stands before all pictures is not said with each keyframe.
        return LiveTrack(
            io.BytesIO(),
            "mp4",
            frame_size,
            name="an encoder",
            fps=self._fps,
            keyframe_s=KEYFRAME_S,
            speed=_SPEED,
        )


class PacketSink(Sink):
    """Writes pictures as H.264. Several sinks of a run get what one encoder made of them.

    Args:
        fps: Nominal frame rate.
    """

    def __init__(self, fps: Fraction | float | None = None) -> None:
        self._encoder = PacketEncoder(fps)

    @abstractmethod
    def needs_keyframe(self, frame: Frame) -> bool:
        """Tell whether a frame has to be a keyframe. May be called from another thread."""

    def packet(self, picture: Annotated) -> Packet:
        """Return a picture as H.264: as it came, or encoded for this sink alone.

        Raises:
            OutputNotWritable: If the encoder does not take it.
        """
        if picture.packet is not None:
            return picture.packet
        frame = picture.frame
        return self._encoder.encode(picture.image, frame.pts_s, keyframe=self.needs_keyframe(frame))
