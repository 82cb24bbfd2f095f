"""Makes pictures into a video for the page."""

import logging
import threading
import time
from typing import TYPE_CHECKING

from livesegment.errors import LiveSegmentError
from livesegment.frame import Image
from livesegment.web.fragments import (
    TICKS_PER_S,
    access_unit,
    codec_name,
    fragment,
    init_segment,
)
from livesegment.web.video import Fragment, Head, VideoBroadcast

if TYPE_CHECKING:  # it loads PyAV, for which only those wait who watch
    from livesegment.sinks.live_track import LiveTrack

logger = logging.getLogger(__name__)

LASTS_S = 1.0
"""How long a picture is shown that nothing follows: a player waits there for the next one."""

_KEYFRAME_S = 2.0
# The quickest that is not much larger: on 720p of people 10 ms of CPU and 7.5 kB a picture, where
# "veryfast" takes 17 and 6.3, and "ultrafast" 9 and 8.0. A JPEG file takes 4, and 54.
_SPEED = "superfast"
_QUALITY = 60


class _Collected:
    """A file that is taken out in pieces."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> bytes:
        whole = b"".join(self._pieces)
        self._pieces.clear()
        return whole


class VideoEncoder:
    """Makes pictures into fragments. A picture of another size begins another video."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._track: LiveTrack | None = None
        self._collected = _Collected()
        self._frame_size = (0, 0)
        self._head: Head | None = None
        self._number = 0
        self._time_s = self._shown_at_s = 0.0

    def encode(self, image: Image, shown_at_s: float, *, keyframe: bool = False) -> Fragment:
        """Return a picture, BGR uint8 (H, W, 3), as it is sent.

        Times go on without gaps, over which a player would not get: a picture that comes after a
        longer wait is put where the last one ends.

        Args:
            image: The picture.
            shown_at_s: When it is shown, in seconds of any clock.
            keyframe: Make it one with which a viewer may begin.

        Raises:
            OptionsError: If the installed PyAV cannot encode H.264.
            SinkError: If the encoder fails.
        """
        with self._lock:
            size = image.shape[1], image.shape[0]
            if self._track is None or size != self._frame_size:
                self._begin(size)
                self._time_s, self._shown_at_s = 0.0, shown_at_s
            assert self._track is not None
            self._time_s += min(shown_at_s - self._shown_at_s, LASTS_S)
            self._shown_at_s = shown_at_s
            self._track.write(image, self._time_s, keyframe=keyframe)
            unit = access_unit(self._collected.taken())
            if self._head is None:
                coded_size = self._track.coded_size
                segment = init_segment(unit.sequence, unit.picture, coded_size)
                self._head = Head(segment, codec_name(unit.sequence))
            self._number += 1
            begins, lasts = (round(each * TICKS_PER_S) for each in (self._time_s, LASTS_S))
            media = fragment(unit, self._number, begins, lasts)
            return Fragment(media, self._time_s, unit.is_keyframe, self._head)

    def rest(self) -> None:
        """Give back what an encoder holds; the next picture begins another video."""
        if self._track is not None and self._lock.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._lock.release()

    def close(self) -> None:
        """End the video. May be called twice."""
        with self._lock:
            self._end()

    def _begin(self, frame_size: tuple[int, int]) -> None:
        from livesegment.sinks.live_track import LiveTrack

        self._end()
        self._track = LiveTrack(
            self._collected,  # type: ignore[arg-type]  # PyAV needs no more of a file
            "h264",
            frame_size,
            name="the page",
            quality=_QUALITY,
            keyframe_s=_KEYFRAME_S,
            speed=_SPEED,
        )
        self._frame_size, self._head = frame_size, None

    def _end(self) -> None:
        if self._track is not None:
            self._track.close()
            self._track = None
            self._collected.taken()


def encode_for(video: VideoBroadcast, encoder: VideoEncoder, image: Image) -> None:
    """Give a picture, BGR uint8 (H, W, 3), to everybody who watches a video."""
    try:
        video.publish(encoder.encode(image, time.monotonic(), keyframe=video.is_waiting))
    except LiveSegmentError as error:
        logger.warning("the page shows no video but single pictures: %s", error)
        video.fail()
