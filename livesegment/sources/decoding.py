"""From an opened container to pictures: what files and networks have in common."""

import logging
import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain

import av
import av.error
from av.codec.context import Flags
from av.container import InputContainer
from av.video.stream import VideoStream

from livesegment.errors import SHORTAGES, OutOfMemory
from livesegment.media_file import BOUNDED, Turns, origin_s
from livesegment.metrics import DropLog
from livesegment.sources.decoded import DecodedPicture
from livesegment.sources.skipping import Packet, PictureNumbers, last_group_before

logger = logging.getLogger(__name__)


# Each thread decodes a picture of its own: so many pixels are in work at once.
_MOST_PIXELS = 16_600_000
_MOST_THREADS = 16
_SAME_S = 1e-6


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
        coded: Pictures of the video so far, decodable or not.
        video_end_s: Where the last packet of video read so far ends, in the container's time.
        end_s: Where the last packet of any kind read so far ends, in the container's time.
        breaks_off: The last packet of video read so far was cut short.
        number: The number of the last picture in the video.
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
        self._exact_origin_s = origin_s(container)
        self._origin_s = float(self._exact_origin_s)
        self._turns = Turns()
        self._numbers = PictureNumbers(stream, has_end=not low_delay)
        self.number = -1
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
        yield from self._decoded_of(self._container.demux())

    def pictures_from(
        self, pts_s: float, is_stopped: Callable[[], bool]
    ) -> Iterator[tuple[DecodedPicture, float]] | None:
        """Return the pictures from a keyframe on, the last at or before a media time.

        Those of the keyframe's group are the same as of the whole video, with their numbers.

        Args:
            pts_s: The media time.
            is_stopped: Asked now and then whether to give up.

        Returns:
            None: it cannot be known which pictures they are. The container has to be opened again.

        Raises:
            av.error.FFmpegError: If the container cannot be read as far as that.
            OutOfMemory: If there is too little memory for decoding.
        """
        packets = self._container.demux()
        until_s = Fraction(pts_s) + self._exact_origin_s
        group = last_group_before(packets, self._stream, until_s, is_stopped)
        if group is None:
            return None
        self._numbers.begin_at(group.before)
        pictures = self._decoded_of(chain(group.packets, packets))
        if not group.before:
            return pictures
        key_s = float(group.pts * (self._stream.time_base or 1) - self._exact_origin_s)
        # What comes before the keyframe was made from pictures that were not decoded.
        first = next((each for each in pictures if each[1] > key_s - _SAME_S), None)
        if first is None or first[1] > key_s + _SAME_S or not self._numbers.are_certain:
            return None
        # Those that were not decoded count as whole, and those before the keyframe among them.
        self.coded += group.before
        self._decoded, self.damaged = self.number + 1, 0
        return chain([first], pictures)

    def _decoded_of(self, packets: Iterator[Packet]) -> Iterator[tuple[DecodedPicture, float]]:
        for packet in packets:
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
                if self._is_in_order(frames[-1]):
                    yield self._picture(frames.pop())
                else:
                    frames.pop()

    def _picture(self, frame: av.VideoFrame) -> tuple[DecodedPicture, float]:
        return DecodedPicture(frame, self._turns.of(frame)), self._time_s(frame)

    def _is_in_order(self, frame: av.VideoFrame) -> bool:
        self._is_interlaced |= frame.interlaced_frame
        number = self._numbers.number(frame)
        if number is None:
            return False
        self.number = number
        self._decoded += 1
        return True

    @property
    def missing(self) -> int:
        """How many coded pictures none came of; at the end: damaged, or made from one that was."""
        # A packet may be half a picture, one of its two fields.
        return self.damaged if self._is_interlaced else self.coded - self._decoded

    def _note(self, packet: Packet) -> None:
        if not packet.size:
            return  # marks the end, carries nothing
        is_video = packet.stream is self._stream
        if is_video:
            self._numbers.code(packet)
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
