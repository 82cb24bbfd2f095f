"""Writes every picture, with its sound, to standard output, as fast as another program reads."""

import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, cast

from livesegment.errors import OutputNotWritable, ReaderGone, SinkError
from livesegment.settings import PartOptions
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.codecs import live_coding
from livesegment.sinks.letterbox import even_size, letterbox
from livesegment.sinks.original import Original, read_original
from livesegment.sinks.planes import Planes
from livesegment.sinks.sound import SoundCopier
from livesegment.sinks.standard_output import STANDARD_OUTPUT_NAME, StandardOutput
from livesegment.sinks.video_track import VideoTrack

_KEYFRAME_S = 2.0


class VideoToStdout(Sink):
    """Writes H.264 in MPEG-TS to standard output, with the sound of the original.

    Args:
        fps: Nominal frame rate.
        quality: As of :class:`~livesegment.sinks.video_file.VideoFileSink`, like the rest.
        like: The video file that the pictures come from.
        part: Which part of it they are.

    Raises:
        OptionsError: If standard output is a terminal.
        OutputNotWritable: If it is closed.
        SourceNotFound: If `like` is no video file.
    """

    def __init__(
        self,
        *,
        fps: Fraction | float | None,
        quality: int,
        like: str | os.PathLike[str] | None = None,
        part: PartOptions | None = None,
    ) -> None:
        self._coding = live_coding("mpegts", quality=quality, keyframe_s=_KEYFRAME_S)
        self._fps = fps
        self._begins_s = 0.0 if part is None else part.begins_s
        self._like = Original() if like is None else read_original(like, part)
        self._planes = Planes(self._like.colour)
        self._frame_size = (0, 0)
        self._track: VideoTrack | None = None
        self._sound = None
        if like is not None:
            self._sound = SoundCopier(like, STANDARD_OUTPUT_NAME, "mpegts", part)
        self._stdout = StandardOutput("-o -")

    def write(self, picture: Annotated) -> None:
        """Write one picture, waiting for whoever reads.

        Raises:
            ReaderGone: If nobody does any more.
            OutputNotWritable: If it cannot be written.
        """
        try:
            track = self._track or self._open(picture)
            image = even_size(letterbox(picture.image, self._frame_size, smooth=True))
            track.write(self._planes.of(image), picture.frame.pts_s - self._begins_s)
        except OutputNotWritable as error:
            raise self._refused(error) from error

    def stop(self) -> None:
        """Let a write that waits for whoever reads end soon."""
        self._stdout.stop()

    def commit(self) -> None:
        """End the video.

        Raises:
            ReaderGone: If nobody reads it any more.
            OutputNotWritable: If it cannot be written.
        """
        try:
            if self._track is not None:
                self._track.close()
        except OutputNotWritable as error:
            raise self._refused(error) from error

    def close(self) -> None:
        """End the video as far as it goes, and give standard output back. May be called twice."""
        with suppress(SinkError):
            if self._track is not None:
                self._track.close()
        if self._sound is not None:
            self._sound.close()
        self._stdout.close()

    def _open(self, picture: Annotated) -> VideoTrack:
        self._frame_size = width, height = picture.frame.frame_size
        self._track = VideoTrack(
            Path(STANDARD_OUTPUT_NAME),
            self._coding,
            (width + width % 2, height + height % 2),
            fps=self._fps,
            like=self._like,
            sound=self._sound,
            to=cast(BinaryIO, self._stdout),
        )
        return self._track

    def _refused(self, error: OutputNotWritable) -> OutputNotWritable:
        if self._stdout.is_unread:
            return ReaderGone(f"nobody reads {STANDARD_OUTPUT_NAME} any more")
        return error
