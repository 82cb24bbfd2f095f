"""From an opened container to pictures: what files and networks have in common."""

import logging
import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import av
import av.error
import cv2
import numpy as np
from av.codec.context import Flags
from av.container import InputContainer
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from livesegment.errors import SHORTAGES, OutOfMemory
from livesegment.frame import Image, Packed
from livesegment.media_file import BOUNDED, BT709, colour_of, origin_s
from livesegment.metrics import DropLog
from livesegment.profile import stage

logger = logging.getLogger(__name__)

_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}


# Each thread decodes a picture of its own: so many pixels are in work at once.
_MOST_PIXELS = 16_600_000
_MOST_THREADS = 16


def _threads(stream: VideoStream) -> int:
    """Return how many threads decode: one a processor and one more, of large pictures fewer.

    Two of them keep up with 4K.
    """
    fitting = _MOST_PIXELS // max(1, stream.width * stream.height)
    return max(2, min(_MOST_THREADS, (os.cpu_count() or 1) + 1, fitting))


class DecodedPicture:
    """A picture as the codec gave it: of H.264 half as large as its pixels.

    Args:
        frame: The picture.
        unpack: Makes the pixels of it.
    """

    def __init__(self, frame: av.VideoFrame, unpack: Callable[[av.VideoFrame], Image]) -> None:
        self._frame = frame
        self._unpack = unpack
        self.nbytes = sum(plane.buffer_size for plane in frame.planes)

    def image(self) -> Image:
        """Return the picture, the same as when it was read."""
        return self._unpack(self._frame)


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
        packs: Whether `packed` is wanted.
        packed: The picture that was given last, as the codec gave it.
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
        # One context for all pictures: making one takes seven times as long as using it. Nor may
        # two threads use one.
        self._reformatter, self._packed_reformatter = VideoReformatter(), VideoReformatter()
        self.packs = False
        self.packed: Packed | None = None
        self._last_s: float | None = None
        self._damage_log = DropLog(logger, f"damaged packets skipped in {name}")
        self.damaged = 0
        self.coded = 0
        self._decoded = 0
        self._is_interlaced = False
        self.video_end_s = 0.0
        self.end_s = 0.0
        self.breaks_off = False

    def pictures(self) -> Iterator[tuple[Image, float]]:
        """Yield each picture, BGR uint8 (H, W, 3), with its media time in seconds.

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

    def _picture(self, frame: av.VideoFrame) -> tuple[Image, float]:
        self._decoded += 1
        self._is_interlaced |= frame.interlaced_frame
        if self.packs:
            unpack = partial(_upright, reformatter=self._packed_reformatter)
            self.packed = DecodedPicture(frame, unpack)
        with stage("to BGR"):
            image = _upright(frame, self._reformatter)
        return image, self._time_s(frame)

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


def _upright(frame: av.VideoFrame, reformatter: VideoReformatter) -> Image:
    image = _bgr(frame, reformatter).to_ndarray().astype(np.uint8, copy=False)
    # FFmpeg says by how much to turn it counter-clockwise; OpenCV turns by itself, PyAV not.
    turn = _TURNS.get(round(frame.rotation) % 360)
    if turn is not None:
        image = cv2.rotate(image, turn).astype(np.uint8, copy=False)
    return image


def _bgr(frame: av.VideoFrame, reformatter: VideoReformatter) -> av.VideoFrame:
    colour = colour_of(frame)
    to_page_white = {}
    if colour.is_hdr:
        # Unconverted, models and viewers would see a grey haze. What is brighter than a white
        # page turns white.
        to_page_white = {"dst_color_trc": BT709, "dst_color_primaries": BT709}
    try:
        return reformatter.reformat(
            frame,
            format="bgr24",
            src_colorspace=colour.swscale_matrix,
            dst_colorspace=BT709,
            threads=1,
            **to_page_white,
        )
    except av.error.FFmpegError as error:
        if error.errno in SHORTAGES:
            raise OutOfMemory from error
        raise
