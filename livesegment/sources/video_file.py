"""Video files, with their true times."""

import logging
import time
from pathlib import Path

import av
import av.error
from av.container import InputContainer

from livesegment.address import shown_text
from livesegment.errors import SourceLost, SourceNotFound
from livesegment.frame import Frame
from livesegment.media_file import BOUNDED, find_video
from livesegment.settings.part import timecode
from livesegment.sources.base import Source
from livesegment.sources.decoding import Decoder

logger = logging.getLogger(__name__)

# These write into their head how long they are. Of other formats FFmpeg guesses it from what is
# there, which cannot show that something is missing.
_LENGTH_IN_HEAD = frozenset(("mov", "matroska", "webm", "flv"))
# What may be missing at the end of a whole file: rounding, and a last picture of no set length.
_SLACK_S, _SLACK_FRAMES = 0.25, 2
# The share of its frames up to which a damaged file counts as whole: one place, not the film.
_MOST_DAMAGED = 0.25


class VideoFileSource(Source):
    """Reads every frame of a video file, upright, at its time in the file.

    A damaged place is skipped with a warning, as in a camera's footage. A file that breaks off, or
    of whose frames more than a quarter cannot be decoded, is read as far as it goes, and then is
    lost rather than at its end.

    Args:
        path: The file.

    Raises:
        SourceNotFound: If there is no such file or it is no video.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self.name = self._path.name
        self._container, stream = self._open()
        self._video_length_s, self._length_s = _lengths_s(self._container, stream)
        if stream.average_rate:
            self.fps = float(stream.average_rate)
        if stream.frames:
            self.frame_count = stream.frames
        elif self._container.duration and self.fps:
            self.frame_count = round(self._container.duration / av.time_base * self.fps)
            self.is_count_guessed = True
        if stream.frames and self._video_length_s and self.fps:
            # An edit list leaves some out that are coded; what rounding does is no edit.
            shown = round(self._video_length_s * self.fps)
            if shown < stream.frames - 1:
                self.frame_count, self.is_count_guessed = shown, True
        self._decoder = Decoder(self._container, stream, self.name)
        self._pictures = self._decoder.pictures()
        self._skip_to_s: float | None = None
        self._ended = self._is_stopped = False

    def _open(self) -> tuple[InputContainer, av.VideoStream]:
        if not self._path.exists():
            raise SourceNotFound(f"there is no file {shown_text(str(self._path))}")
        if not self._path.is_file():
            raise SourceNotFound(f"{self._path} is not a file")
        if not self._path.stat().st_size:
            raise SourceNotFound(f"{self._path} is empty")
        try:
            # The prefix keeps a name such as "http:x.mp4" from being taken for an address.
            container = av.open(f"file:{self._path}", options=BOUNDED, metadata_errors="replace")
        except (av.error.FFmpegError, OSError) as error:
            raise SourceNotFound(
                f"{self._path} cannot be read as a video: {error.strerror}"
            ) from error
        stream = find_video(container)
        # FFmpeg draws text files as pictures of text, which nobody means here.
        if stream is None or container.format.name == "tty":
            container.close()
            raise SourceNotFound(f"{self._path} holds no video")
        return container, stream

    def read(self) -> Frame | None:
        """Return the next frame; None at the end.

        Raises:
            SourceLost: After the last readable frame of a file that breaks off or is damaged.
        """
        if self._ended:
            return None
        try:
            if self._skip_to_s is not None:
                self._skip(self._skip_to_s)
            picture = next(self._pictures, None)
        except av.error.FFmpegError as error:
            self._ended = True
            raise self._lost() from error
        if picture is None:
            self._ended = True
            if self._is_stopped:
                return None
            missing, coded = self._decoder.missing, self._decoder.coded
            if missing > _MOST_DAMAGED * coded:
                raise SourceLost(
                    f"{self._path} is damaged: {missing} of {coded} frames cannot be decoded"
                )
            if self._breaks_off():
                raise self._lost()
            if self._decoder.damaged:
                logger.warning(
                    "%s: %d damaged packets were skipped", self.name, self._decoder.damaged
                )
            return None
        decoded, pts_s = picture
        return decoded.frame(self._decoder.number, pts_s, time.monotonic(), is_lazy=self.is_lazy)

    def skip_to(self, pts_s: float) -> None:
        """Say that frames before a media time are not wanted: few of them are decoded."""
        self._skip_to_s = pts_s

    def stop(self) -> None:
        """Let the search for where to begin end soon."""
        self._is_stopped = True

    def _skip(self, pts_s: float) -> None:
        self._skip_to_s = None
        pictures = self._decoder.pictures_from(pts_s, lambda: self._is_stopped)
        if pictures is None and not self._is_stopped:
            logger.info(
                "%s: which frames come at %s is not known without decoding all before them",
                self.name,
                timecode(max(0.0, pts_s)),
            )
            self._container.close()
            self._container, stream = self._open()
            self._decoder = Decoder(self._container, stream, self.name)
            pictures = self._decoder.pictures()
        self._pictures = pictures or iter(())

    def close(self) -> None:
        """Close the file."""
        self._ended = True
        self._container.close()

    def _breaks_off(self) -> bool:
        if self._decoder.number < 0 or self._decoder.breaks_off:
            return True
        slack_s = max(_SLACK_S, _SLACK_FRAMES / (self.fps or 25))
        if self._video_length_s is not None:
            return self._decoder.video_end_s < self._video_length_s - slack_s
        return self._length_s is not None and self._decoder.end_s < self._length_s - slack_s

    def _lost(self) -> SourceLost:
        return SourceLost(f"{self._path} breaks off after {self._decoder.number + 1} frames")


def _lengths_s(
    container: InputContainer, stream: av.VideoStream
) -> tuple[float | None, float | None]:
    """Return when the video and when everything ends, in the file's own times.

    None where the file does not say. Matroska says only when everything ends, which may be the
    sound; so the video's own end is better evidence.
    """
    formats = set(container.format.name.split(","))
    if "avi" in formats and stream.frames and stream.average_rate:
        return float(stream.frames / stream.average_rate), None
    if not formats & _LENGTH_IN_HEAD:
        return None, None
    video_s = whole_s = None
    if stream.duration is not None and stream.time_base is not None:
        video_s = float((stream.duration + (stream.start_time or 0)) * stream.time_base)
    if container.duration is not None:
        whole_s = (container.duration + (container.start_time or 0)) / av.time_base
    return video_s, whole_s
