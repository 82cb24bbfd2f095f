"""Network cameras and streams."""

import threading
import time
import zlib
from collections import deque

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from livesegment.address import shown_url
from livesegment.errors import SourceLost, SourceNotFound
from livesegment.frame import Frame, Image
from livesegment.media_file import BOUNDED, find_video
from livesegment.pacer import Pacer
from livesegment.sources.base import LATE_S, Source
from livesegment.sources.decoded import DecodedPicture
from livesegment.sources.decoding import Decoder

_MOST = 600  # twenty seconds at 30 frames/s, more than the newest part of a stream lasts
_STEP = 8  # every eighth row and column tells pictures apart


class Replays:
    """Remembers the pictures of a stream, and knows them when they come again in the same order.

    An HLS server keeps the last parts of a stream. Connected to anew, it gives the newest one from
    its beginning, which may have been seen already: those pictures are not live.
    """

    def __init__(self) -> None:
        self._seen: deque[int] = deque(maxlen=_MOST)
        self._expected: list[int] = []
        self._is_first = True

    def reconnect(self) -> None:
        """Begin a new connection."""
        self._is_first = True

    def contain(self, image: Image) -> bool:
        """Tell whether the next picture of this connection was seen in an earlier one."""
        mark = zlib.crc32(image[::_STEP, ::_STEP].tobytes())
        if self._is_first:
            self._is_first = False
            self._expected = self._from(mark)
        if self._expected and self._expected[0] == mark:
            del self._expected[0]
            return True
        self._expected = []
        self._seen.append(mark)
        return False

    def _from(self, mark: int) -> list[int]:
        """Return what was seen from the last such picture on: a still scene repeats itself."""
        seen = list(self._seen)
        return seen[len(seen) - 1 - seen[::-1].index(mark) :] if mark in seen else []


OPEN_TIMEOUT_S, READ_TIMEOUT_S = 5.0, 2.0
# The next part of an HLS stream is there after some seconds only.
HLS_READ_TIMEOUT_S = 15.0

_WEB = frozenset(("http", "https"))
# These carry no times, and FFmpeg makes them up as if 25 pictures came a second.
_WITHOUT_TIMES = frozenset(("mpjpeg", "mjpeg", "jpeg_pipe", "h264", "hevc"))
_SMALLEST_STEP_S = 0.001
_MOST_LEFT_OVER = 4  # pictures in demuxer and decoder
_TOO_LATE = "no answer in time"
# Little probing and no buffer for analysis: a camera opens in under half a second and is shown
# within a frame or two.
_LOW_DELAY = {
    "fflags": "nobuffer",
    "flags": "low_delay",
    "analyzeduration": "200000",
    "probesize": "100000",
}
# TCP, because packets that UDP loses smear the picture for seconds.
_RTSP = {"rtsp_transport": "tcp", **_LOW_DELAY}
# The newest part first. A server that does not answer a single request is noticed.
# Connections that are kept would each be tried twice. More analysis would wait for a further part.
# FFmpeg keeps all that it may probe, by itself 5 MB; a quiet camera takes many minutes to fill it.
_HLS = {
    "live_start_index": "-1",
    "analyzeduration": "500000",
    "probesize": "1000000",
    "rw_timeout": str(round(READ_TIMEOUT_S * 1e6)),
    "http_persistent": "0",
}


class NetworkSource(Source):
    """Reads a stream by its address, once: RTSP, MJPEG over HTTP, HLS, or a video file over HTTP.

    What comes over http(s) and says how long it is, is a file: it has an end and is not live.
    Everything else is read as a camera, which is lost when it ends.

    Args:
        url: The address; user, password and query in it are never shown.
        replays: What earlier connections to this address showed: HLS leaves it out.

    Raises:
        SourceNotFound: If it cannot be opened.
    """

    def __init__(self, url: str, *, replays: Replays | None = None) -> None:
        self.name = shown_url(url)
        scheme = url.partition("://")[0].lower()
        self._stopping = threading.Event()
        self._container, stream = self._open(url, scheme)
        self.is_live = scheme not in _WEB or not self._container.duration
        self.is_endless = self.is_live
        self._has_times = self._container.format.name not in _WITHOUT_TIMES
        if stream.average_rate and (self._has_times or not self.is_live):
            self.fps = float(stream.average_rate)
        if not self.is_live:
            self.frame_count = stream.frames or None
        decoder = Decoder(self._container, stream, self.name, low_delay=self.is_live)
        self._pictures = decoder.pictures()
        self._index = 0
        self._left_over = 0
        self._first_s = 0.0
        self._last_s = -_SMALLEST_STEP_S
        # The parts of an HLS stream come at once, each.
        is_hls = self._container.format.name == "hls"
        self._pace = Pacer(self._stopping, LATE_S) if is_hls and self.is_live else None
        self._replays = replays if self._pace is not None else None
        if self._replays is not None:
            self._replays.reconnect()

    def _open(self, url: str, scheme: str) -> tuple[InputContainer, VideoStream]:
        if scheme in _WEB:
            is_hls = url.partition("?")[0].endswith(".m3u8")
            container = self._connect(url, _HLS if is_hls else {}, is_hls=is_hls)
            if container.format.name == "hls" and not is_hls:
                container.close()
                container = self._connect(url, _HLS, is_hls=True)
        else:
            container = self._connect(url, _RTSP if scheme.startswith("rtsp") else _LOW_DELAY)
        stream = find_video(container)
        if stream is None:
            container.close()
            raise SourceNotFound(f"{self.name} holds no video")
        return container, stream

    def _connect(
        self, url: str, options: dict[str, str], *, is_hls: bool = False
    ) -> InputContainer:
        refusal = None
        asked_at_s = time.monotonic()
        try:
            return av.open(
                url,
                options={**options, **BOUNDED},
                timeout=(OPEN_TIMEOUT_S, HLS_READ_TIMEOUT_S if is_hls else READ_TIMEOUT_S),
                metadata_errors="replace",
            )
        except (av.error.FFmpegError, OSError, ValueError) as error:
            # RTSP that was given up reads as bad data.
            is_late = time.monotonic() - asked_at_s >= OPEN_TIMEOUT_S
            refusal = _TOO_LATE if is_late else _reason(error)
        # Not while that error is handled: it would be ours' context, with the whole address.
        raise SourceNotFound(f"{self.name} cannot be opened: {refusal}")

    def read(self) -> Frame | None:
        """Return the next frame; None at the end of a stream that has one.

        Raises:
            SourceLost: If the stream breaks or is silent for longer than the read timeout.
        """
        if self._stopping.is_set():
            return None
        picture, loss = self._next()
        if loss is not None:
            if self._stopping.is_set():
                return None
            self._stopping.set()
            raise SourceLost(f"{self.name} is lost: {loss}")
        if picture is None:
            if self.is_live and not self._stopping.is_set():
                self._stopping.set()
                raise SourceLost(f"{self.name} has ended")
            return None
        decoded, time_s = picture
        now_s = time.monotonic()
        pts_s = self._pts_s(time_s, now_s)
        if self._pace is not None:
            self._pace.hold(pts_s)
            now_s = time.monotonic()
        frame = decoded.frame(self._index, pts_s, now_s, is_lazy=self.is_lazy)
        self._index += 1
        return frame

    def _next(self) -> tuple[tuple[DecodedPicture, float] | None, str | None]:
        """Return the next picture with its time, None at the end; or why the stream is lost.

        What a camera gives after it has been silent for the timeout is what was left in the
        demuxer from before. An HLS stream may have stalled and go on: there a few are dropped.
        """
        while True:
            asked_at_s = time.monotonic()
            try:
                picture = next(self._pictures, None)
            except (av.error.FFmpegError, OSError) as error:
                return None, _reason(error)
            # The first picture may have to wait for the next keyframe.
            was_silent = time.monotonic() - asked_at_s >= READ_TIMEOUT_S and self._index > 0
            if was_silent and self.is_live:
                if self._pace is None:
                    return None, _TOO_LATE
                self._left_over = _MOST_LEFT_OVER
            if picture is None:
                return None, None
            if self._left_over:
                self._left_over -= 1
            elif self._replays is None or not self._replays.contain(picture[0].image()):
                return picture, None

    def _pts_s(self, time_s: float, now_s: float) -> float:
        """Return the media time of a picture: from 0 where the stream began before us."""
        if not self.is_live:
            return time_s
        if not self._has_times:
            time_s = now_s
        if self._index == 0:
            self._first_s = time_s
        self._last_s = max(time_s - self._first_s, self._last_s + _SMALLEST_STEP_S)
        return self._last_s

    def stop(self) -> None:
        """Let a waiting read return within the read timeout."""
        self._stopping.set()

    def close(self) -> None:
        """Close the connection."""
        self._stopping.set()
        self._container.close()


def _reason(error: Exception) -> str:
    """Return what went wrong without the address, which FFmpeg adds to its text."""
    if isinstance(error, av.error.ExitError):
        return _TOO_LATE
    return getattr(error, "strerror", None) or type(error).__name__
