"""The picture as video: encoded once, and given to everybody who watches."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from livesegment.errors import LiveSegmentError
from livesegment.frame import Image
from livesegment.web.broadcast import Wake, Watched
from livesegment.web.fragments import (
    TICKS_PER_S,
    access_unit,
    codec_name,
    fragment,
    init_segment,
)

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
_MOST_BEHIND_S = 0.5
_BEGINNING = -2  # and less: has seen so many fewer, none of which it can go on from


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """What is to be read before the first picture of an encoder.

    Attributes:
        segment: The init segment.
        codec: What browsers call the coding.
    """

    segment: bytes
    codec: str


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """A picture of a video as it is sent.

    Attributes:
        media: It, as a fragment of an MP4.
        time_s: When it is shown, in seconds since the encoder began.
        is_keyframe: Whether a viewer may begin with it.
        head: Of its encoder.
        number: Rises from one to the next.
    """

    media: bytes
    time_s: float
    is_keyframe: bool
    head: Head
    number: int = 0


class VideoBroadcast(Watched[Fragment]):
    """Holds what is newest of a video; everybody who watches takes it in order.

    A viewer begins with a keyframe, for which the encoder is asked, and one that is behind by more
    than half a second goes on with the next keyframe: nothing else is kept.

    Args:
        on_watched: Called with True when a viewer comes and with False when the last one has gone,
            one call after the other.
    """

    def __init__(self, on_watched: Callable[[bool], None] | None = None) -> None:
        super().__init__(on_watched)
        self._kept: deque[Fragment] = deque()
        self._is_keyframe_wanted = self._has_failed = False

    @property
    def is_waiting(self) -> bool:
        """Whether somebody watches who needs a keyframe to begin with."""
        return self.is_watched and self._is_keyframe_wanted and not self._is_closed

    @property
    def has_failed(self) -> bool:
        """Whether this cannot be encoded on this machine."""
        return self._has_failed

    def publish(self, coded: Fragment) -> None:
        """Give everybody another picture; without viewers it is dropped."""
        with self._lock:
            if not self._wakes or self._is_closed:
                return
            self._numbers += 1
            if coded.is_keyframe:
                self._is_keyframe_wanted = False
            if self._kept and coded.head is not self._kept[-1].head:
                self._kept.clear()
            self._kept.append(replace(coded, number=self._numbers))
            while coded.time_s - self._kept[0].time_s > _MOST_BEHIND_S:
                self._kept.popleft()
            self._wake_all()

    def ask_for_keyframe(self) -> None:
        """Have the next picture be one that a viewer may begin with."""
        self._is_keyframe_wanted = True

    def fail(self) -> None:
        """Let every viewer know that there is no encoder."""
        self._has_failed = True
        self.close()

    def take(self, after: int) -> Fragment | None:
        """Return the fragment after one, or else the newest keyframe that has come since."""
        seen = after if after >= 0 else _BEGINNING - after
        with self._lock:
            fresh = [each for each in self._kept if each.number > seen]
            if fresh and fresh[0].number == after + 1:
                return fresh[0]
            return next((each for each in reversed(fresh) if each.is_keyframe), None)

    def _first_after(self) -> int:
        self._is_keyframe_wanted = True
        return _BEGINNING - self._numbers

    def _joined(self, wake: Wake) -> None:  # noqa: ARG002 - it is woken by the keyframe
        self._tell(is_watched=True)

    def _forget(self) -> None:
        self._kept.clear()


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
                even = size[0] + size[0] % 2, size[1] + size[1] % 2
                segment = init_segment(unit.sequence, unit.picture, even)
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
