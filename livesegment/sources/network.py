"""Network cameras and streams."""

import threading
import time

import av
import av.error
from av.container import InputContainer

from livesegment.address import shown_url
from livesegment.errors import SourceLost, SourceNotFound
from livesegment.frame import Frame
from livesegment.sources.base import Source
from livesegment.sources.decoding import Decoder

OPEN_TIMEOUT_S, READ_TIMEOUT_S = 5.0, 2.0

# Little probing and no reordering buffer: a camera opens in under half a second and is shown
# within a frame or two. TCP, because lost packets smear the picture for seconds.
_LOW_DELAY = {
    "rtsp_transport": "tcp",
    "fflags": "nobuffer",
    "flags": "low_delay",
    "analyzeduration": "200000",
    "probesize": "100000",
}


class NetworkSource(Source):
    """Reads a stream by its address: RTSP, MJPEG over HTTP, HLS, or a video file over HTTP.

    A stream that tells its length is read like a file, any other one as a camera.

    Args:
        url: The address; user and password in it are never shown.

    Raises:
        SourceNotFound: If it cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self.name = shown_url(url)
        self._container = self._open(url)
        stream = self._container.streams.video[0]
        length = self._container.duration
        self.is_live = url.startswith("rtsp") or length is None or length <= 0
        if stream.average_rate:
            self.fps = float(stream.average_rate)
        if not self.is_live:
            self.frame_count = stream.frames or None
        self._pictures = Decoder(self._container, stream, self.name).pictures()
        self._index = 0
        self._first_s: float | None = None
        self._stopped = threading.Event()

    def _open(self, url: str) -> InputContainer:
        low_delay = _LOW_DELAY if url.startswith("rtsp") else {}
        try:
            container = av.open(
                url,
                options=low_delay,
                timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S),
                metadata_errors="replace",
            )
        except (av.error.FFmpegError, OSError, ValueError) as error:
            # Not the error's own text: it holds the whole address.
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise SourceNotFound(f"{self.name} cannot be opened: {reason}") from None
        if not container.streams.video:
            container.close()
            raise SourceNotFound(f"{self.name} holds no video")
        return container

    def read(self) -> Frame | None:
        """Return the next frame; None at the end of a stream that has one.

        Raises:
            SourceLost: If the stream breaks or is silent for two seconds.
        """
        if self._stopped.is_set():
            return None
        try:
            picture = next(self._pictures, None)
        except (av.error.FFmpegError, OSError) as error:
            if self._stopped.is_set():
                return None
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise SourceLost(f"{self.name} is lost: {reason}") from None
        if picture is None:
            if self.is_live:
                raise SourceLost(f"{self.name} has ended")
            return None
        image, time_s = picture
        if self._first_s is None:
            self._first_s = time_s if self.is_live else 0.0
        frame = Frame(image, self._index, time_s - self._first_s, time.monotonic())
        self._index += 1
        return frame

    def stop(self) -> None:
        """Let a waiting read return within the read timeout."""
        self._stopped.set()

    def close(self) -> None:
        """Close the connection."""
        self._stopped.set()
        self._container.close()
