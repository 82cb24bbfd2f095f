"""From an opened container to pictures: what files and networks have in common."""

import logging
from collections.abc import Iterator
from fractions import Fraction

import av
import av.error
import cv2
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from livesegment.frame import Image
from livesegment.telemetry import DropLog

logger = logging.getLogger(__name__)

_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}


class Decoder:
    """Decodes the first video stream of a container, upright and with rising times.

    Args:
        container: Stays the caller's to close.
        stream: Its video stream.
        name: What to call it in the log.
    """

    def __init__(self, container: InputContainer, stream: VideoStream, name: str) -> None:
        stream.thread_type = "AUTO"
        self._container = container
        self._stream = stream
        self._frame_s = float(1 / (stream.average_rate or Fraction(25)))
        self._last_s: float | None = None
        self._damaged = DropLog(logger, f"damaged packets skipped in {name}")

    def pictures(self) -> Iterator[tuple[Image, float]]:
        """Yield each picture, BGR uint8 (H, W, 3), with its media time in seconds.

        A damaged packet is skipped and logged.

        Raises:
            av.error.FFmpegError: If the container cannot be read any further.
        """
        for packet in self._container.demux(self._stream):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                self._damaged.add()
                continue
            for frame in frames:
                yield self._upright(frame), self._time_s(frame)

    def _upright(self, frame: av.VideoFrame) -> Image:
        image: Image = frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
        # FFmpeg says by how much to turn it counter-clockwise; OpenCV turns by itself, PyAV not.
        turn = _TURNS.get(round(frame.rotation) % 360)
        if turn is None:
            return image
        return cv2.rotate(image, turn).astype(np.uint8, copy=False)

    def _time_s(self, frame: av.VideoFrame) -> float:
        time_s = frame.time
        if self._last_s is None:
            time_s = 0.0 if time_s is None else max(0.0, time_s)
        elif time_s is None or time_s <= self._last_s:
            # No time, or one that does not rise: broken muxers and restarted streams do that.
            time_s = self._last_s + self._frame_s
        self._last_s = time_s
        return time_s
