"""Pictures coded once for everybody who writes them: recordings, and the clips of events."""

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
class Coded:
    """A picture as H.264.

    Attributes:
        data: It, as `stream` codes.
        is_keyframe: Whether it refers to no other picture; else to those before it.
        number: Rises by one from each picture of a coder to the next.
        stream: What it belongs to: the template of a file that takes it.
        frame_size: (width, height) in pixels of the picture before its odd side grew by one.
    """

    data: bytes
    is_keyframe: bool
    number: int
    stream: "VideoStream"
    frame_size: tuple[int, int]


class PictureCoder:
    """Codes pictures one after the other, and holds none back.

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
        self._number = 0
        self._zero_s = 0.0

    def code(self, image: Image, pts_s: float, *, keyframe: bool = False) -> Coded:
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
        except (SinkError, OptionsError) as error:
            self._track = None
            width, height = size
            raise OutputNotWritable(
                f"pictures of {width}x{height} cannot be coded: {error}"
            ) from error
        self._number += 1
        data, stream = bytes(packet), self._track.stream
        return Coded(data, packet.is_keyframe, self._number, stream, size)

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


class CodedSink(Sink):
    """Writes pictures as H.264. Several sinks of a run get what one coder made of them.

    Args:
        fps: Nominal frame rate.
    """

    def __init__(self, fps: Fraction | float | None = None) -> None:
        self._coder = PictureCoder(fps)

    @abstractmethod
    def needs_keyframe(self, frame: Frame) -> bool:
        """Tell whether a frame has to be a keyframe. May be called from another thread."""

    def coded(self, picture: Annotated) -> Coded:
        """Return a picture as H.264: as it came, or coded for this sink alone.

        Raises:
            OutputNotWritable: If the encoder does not take it.
        """
        if picture.coded is not None:
            return picture.coded
        frame = picture.frame
        return self._coder.code(picture.image, frame.pts_s, keyframe=self.needs_keyframe(frame))
