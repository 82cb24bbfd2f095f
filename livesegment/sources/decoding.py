"""From an opened container to pictures: what files and networks have in common."""

import logging
import os
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import av.error
from av.codec.context import Flags
from av.container import InputContainer
from av.video.stream import VideoStream

from livesegment.errors import SHORTAGES, OutOfMemory
from livesegment.media_file import BOUNDED, origin_s
from livesegment.metrics import DropLog
from livesegment.sources.decoded import DecodedPicture

logger = logging.getLogger(__name__)


# Each thread decodes a picture of its own: so many pixels are in work at once.
_MOST_PIXELS = 16_600_000
_MOST_THREADS = 16


def _threads(stream: VideoStream) -> int:
    """Return how many threads decode: one a processor and one more, of large pictures fewer.

    Two of them keep up with 4K.
    """
    fitting = _MOST_PIXELS // max(1, stream.width * stream.height)
    return max(2, min(_MOST_THREADS, (os.cpu_count() or 1) + 1, fitting))


class Decoder:
    """Decodes one video stream of a container, upright and with rising times.

    Args:
        container: Stays the caller's to close.
        stream: Its video stream.
        name: What to call it in the log.
        low_delay: Give each picture out as soon as possible: decoding on several cores would
            keep a few back.

    Attributes:
        damaged: Packets that were skipped because they could not be decoded.
        coded: Pictures that came so far, decodable or not.
        video_end_s: Where the last packet of video read so far ends, in the container's time.
        end_s: Where the last packet of any kind read so far ends, in the container's time.
        breaks_off: The last packet of video read so far was cut short.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        name: str,
        *,
        low_delay: bool = False,
    ) -> None:
        stream.codec_context.options = BOUNDED
        stream.thread_type = "SLICE" if low_delay else "AUTO"
        stream.thread_count = _threads(stream)
        if low_delay:
            stream.codec_context.flags |= Flags.low_delay
        self._container = container
        self._stream = stream
        self._frame_s = float(1 / (stream.average_rate or Fraction(25)))
        self._origin_s = float(origin_s(container))
        self._last_s: float | None = None
        self._damage_log = DropLog(logger, f"damaged packets skipped in {name}")
        self.damaged = 0
        self.coded = 0
        self._decoded = 0
        self._is_interlaced = False
        self.video_end_s = 0.0
        self.end_s = 0.0
        self.breaks_off = False

    def pictures(self) -> Iterator[tuple[DecodedPicture, float]]:
        """Yield each picture with its media time in seconds.

        A damaged packet is skipped, counted and logged.

        Raises:
            av.error.FFmpegError: If the container cannot be read any further.
            OutOfMemory: If there is too little memory for decoding.
        """
        for packet in self._container.demux():
            self._note(packet)
            if packet.stream is not self._stream:
                continue
            try:
                frames = self._stream.decode(packet)
            except av.error.FFmpegError as error:
                if error.errno in SHORTAGES:
                    raise OutOfMemory from error
                self.damaged += 1
                self._damage_log.add()
                continue
            frames.reverse()
            while frames:  # not kept here while somebody works on the picture
                yield self._picture(frames.pop())

    def _picture(self, frame: av.VideoFrame) -> tuple[DecodedPicture, float]:
        self._decoded += 1
        self._is_interlaced |= frame.interlaced_frame
        return DecodedPicture(frame), self._time_s(frame)

    @property
    def missing(self) -> int:
        """How many coded pictures none came of; at the end: damaged, or made from one that was."""
        # A packet may be half a picture, one of its two fields.
        return self.damaged if self._is_interlaced else self.coded - self._decoded

    def _note(self, packet: "av.Packet[Any]") -> None:
        if not packet.size:
            return  # marks the end, carries nothing
        is_video = packet.stream is self._stream
        if is_video:
            self.breaks_off = packet.is_corrupt
            self.coded += not packet.is_discard  # else it was cut away by whoever edited the file
        time = packet.dts if packet.pts is None else packet.pts
        if time is None or packet.time_base is None:
            return
        end_s = float((time + (packet.duration or 0)) * packet.time_base)
        self.end_s = max(self.end_s, end_s)
        if is_video:
            self.video_end_s = max(self.video_end_s, end_s)

    def _time_s(self, frame: av.VideoFrame) -> float:
        time_s = None if frame.time is None else frame.time - self._origin_s
        if self._last_s is None:
            time_s = 0.0 if time_s is None else max(0.0, time_s)
        elif time_s is None or time_s <= self._last_s:
            # No time, or one that does not rise: broken muxers and restarted streams do that.
            time_s = self._last_s + self._frame_s
        self._last_s = time_s
        return time_s
