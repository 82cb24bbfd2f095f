"""Video files, with their true times."""

import time
from pathlib import Path

import av
import av.error
from av.container import InputContainer

from livesegment.errors import SourceLost, SourceNotFound
from livesegment.frame import Frame
from livesegment.sources.base import Source
from livesegment.sources.decoding import Decoder

# A file may end a little before the time that its container promises: rounding, a last frame of
# unknown length, sound that is longer than the picture.
_SHORT_SHARE, _SHORT_S = 0.02, 1.0


class VideoFileSource(Source):
    """Reads every frame of a video file, upright, at its time in the file.

    Args:
        path: The file.

    Raises:
        SourceNotFound: If there is no such file or it is no video.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self.name = self._path.name
        self._container = self._open()
        stream = self._container.streams.video[0]
        self._duration_s = _duration_s(self._container, stream)
        if stream.average_rate:
            self.fps = float(stream.average_rate)
        if stream.frames:
            self.frame_count = stream.frames
        elif self._duration_s and self.fps:
            self.frame_count = round(self._duration_s * self.fps)
        self._pictures = Decoder(self._container, stream, self.name).pictures()
        self._index = 0
        self._last_s = 0.0
        self._ended = False

    def _open(self) -> InputContainer:
        if not self._path.exists():
            raise SourceNotFound(f"there is no file {self._path}")
        try:
            container = av.open(str(self._path), metadata_errors="replace")
        except (av.error.FFmpegError, OSError) as error:
            raise SourceNotFound(
                f"{self._path} cannot be read as a video: {error.strerror}"
            ) from error
        # FFmpeg draws text files as pictures of text, which nobody means here.
        if not container.streams.video or container.format.name == "tty":
            container.close()
            raise SourceNotFound(f"{self._path} holds no video")
        return container

    def read(self) -> Frame | None:
        """Return the next frame; None at the end.

        Raises:
            SourceLost: After the last readable frame of a file that is damaged or cut off.
        """
        if self._ended:
            return None
        try:
            picture = next(self._pictures, None)
        except av.error.FFmpegError as error:
            self._ended = True
            raise self._lost() from error
        if picture is None:
            self._ended = True
            if self._is_short():
                raise self._lost()
            return None
        image, self._last_s = picture
        frame = Frame(image, self._index, self._last_s, time.monotonic())
        self._index += 1
        return frame

    def close(self) -> None:
        """Close the file."""
        self._ended = True
        self._container.close()

    def _is_short(self) -> bool:
        if self._index == 0:
            return True
        if self._duration_s is None:
            return False
        ended_s = self._last_s + 1 / (self.fps or 25)
        return ended_s < self._duration_s - max(_SHORT_S, _SHORT_SHARE * self._duration_s)

    def _lost(self) -> SourceLost:
        return SourceLost(f"{self._path} breaks off after {self._index} frames")


def _duration_s(container: InputContainer, stream: av.VideoStream) -> float | None:
    """Return when the picture ends, in the file's own times; None where the file does not say."""
    if stream.duration is not None and stream.time_base is not None:
        return float((stream.duration + (stream.start_time or 0)) * stream.time_base)
    # The container's duration counts the sound as well, which may go on after the picture.
    if container.duration is not None and not container.streams.audio:
        return (container.duration + (container.start_time or 0)) / av.time_base
    return None
