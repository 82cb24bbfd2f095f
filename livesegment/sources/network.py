"""Network cameras and streams."""

import threading
import time

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from livesegment.address import shown_url
from livesegment.errors import SourceLost, SourceNotFound
from livesegment.frame import Frame
from livesegment.media_file import find_video
from livesegment.sources.base import Source
from livesegment.sources.decoding import Decoder

OPEN_TIMEOUT_S, READ_TIMEOUT_S = 5.0, 2.0

_WEB = frozenset(("http", "https"))
# These carry no times, and FFmpeg makes them up as if 25 pictures came a second.
_WITHOUT_TIMES = frozenset(("mpjpeg", "mjpeg", "jpeg_pipe", "h264", "hevc"))
_SMALLEST_STEP_S = 0.001
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


class NetworkSource(Source):
    """Reads a stream by its address: RTSP, MJPEG over HTTP, HLS, or a video file over HTTP.

    What comes over http(s) and says how long it is, is a file: it has an end and is not live.
    Everything else is read as a camera, which is lost when it ends.

    Args:
        url: The address; user, password and query in it are never shown.

    Raises:
        SourceNotFound: If it cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self.name = shown_url(url)
        scheme = url.partition("://")[0].lower()
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
        self._first_s = 0.0
        self._last_s = -_SMALLEST_STEP_S
        self._stopping = threading.Event()

    def _open(self, url: str, scheme: str) -> tuple[InputContainer, VideoStream]:
        options = {} if scheme in _WEB else _RTSP if scheme.startswith("rtsp") else _LOW_DELAY
        refusal = None
        try:
            container = av.open(
                url,
                options=options,
                timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S),
                metadata_errors="replace",
            )
        except (av.error.FFmpegError, OSError, ValueError) as error:
            refusal = _reason(error)
        if refusal is not None:
            # Not while that error is handled: it would be ours' context, with the whole address.
            raise SourceNotFound(f"{self.name} cannot be opened: {refusal}")
        stream = find_video(container)
        if stream is None:
            container.close()
            raise SourceNotFound(f"{self.name} holds no video")
        return container, stream

    def read(self) -> Frame | None:
        """Return the next frame; None at the end of a stream that has one.

        Raises:
            SourceLost: If the stream breaks or is silent for longer than the read timeout (RTSP:
                twice that).
        """
        if self._stopping.is_set():
            return None
        loss = None
        try:
            picture = next(self._pictures, None)
        except (av.error.FFmpegError, OSError) as error:
            loss = _reason(error)
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
        image, time_s = picture
        now_s = time.monotonic()
        frame = Frame(image, self._index, self._pts_s(time_s, now_s), now_s)
        self._index += 1
        return frame

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
        return "no answer in time"
    return getattr(error, "strerror", None) or type(error).__name__
