"""A video file with the masks drawn."""

import logging
import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from livesegment.errors import OptionsError, SinkError
from livesegment.frame import Image
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.letterbox import even_size, letterbox
from livesegment.sinks.output_file import OutputFile
from livesegment.sinks.video_track import Coding, VideoTrack

_log = logging.getLogger(__name__)

_CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
VIDEO_SUFFIXES = tuple(_CONTAINERS)
"""Suffixes of the video files that can be written."""

# BT.709 in studio range, what players assume for video of this kind (ITU-T H.273).
_BT709 = {"colorspace": 1, "color_primaries": 1, "color_trc": 1, "color_range": 1}

# Matroska counts in milliseconds; 90 kHz is exact for 24, 25, 30, 50, 60 and 30000/1001 frames/s.
_TICKS_PER_S = {"mp4": 90_000, "mov": 90_000, "matroska": 1000}

# avoid_negative_ts would move the first picture to 0; frag_discont puts it at its own time.
_FRAGMENTED = {
    "movflags": "+frag_keyframe+empty_moov+default_base_moof+frag_discont",
    "avoid_negative_ts": "disabled",
    "flush_packets": "1",
}
_CLUSTERED = {"cluster_time_limit": "1000", "flush_packets": "1"}


def _coding(container: str, *, fragmented: bool, crf: int, preset: str) -> Coding:
    if container == "matroska":
        container_options = _CLUSTERED
    else:
        container_options = _FRAGMENTED if fragmented else {"movflags": "+faststart"}
    return Coding(
        container=container,
        codec="libx264",
        pixel_format="yuv420p",
        ticks_per_s=_TICKS_PER_S[container],
        # Without B-frames decoding order is display order: no player needs an edit list to put
        # the first picture at its time, and variable frame rates keep their last duration.
        codec_options={"preset": preset, "crf": str(crf), "bf": "0", "forced-idr": "1"},
        container_options=container_options,
        keyframe_s=1.0 if fragmented else 2.0,
    )


class VideoFileSink(Sink):
    """Writes an H.264 video that browsers play.

    Every picture is shown at its `Frame.pts_s`: variable frame rates and a start after 0 are kept,
    within 1/90000 s (Matroska: 1/1000 s). Odd widths and heights grow by one repeated column or
    row, since H.264 in browsers has none; a picture is never scaled, unless the size changes on
    the way: then later pictures are fitted into the first one's size, with black bars.

    Args:
        path: A name that ends in .mp4, .m4v, .mov or .mkv.
        fps: Nominal frame rate for the header, and how long the last picture is shown.
        overwrite: Replace an existing file.
        fragmented: For live recording: written under its final name from the start, a keyframe
            each second, and what came before it handed to the disk, so that the file plays after
            a crash or power cut. Otherwise the file is called `NAME.part.SUFFIX` until `commit`,
            and its index comes first, so that a browser starts without reading all of it.
        crf: Quality, 0 (lossless) to 51 (worst).
        preset: Speed of libx264; None: ultrafast when fragmented, else veryfast.

    Attributes:
        path: The file as it is called now.

    Raises:
        OptionsError: If the suffix is none of a video, or crf is out of range.
        OutputExists: If the file exists and `overwrite` is False.
        OutputNotWritable: If it cannot be created.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        fps: Fraction | float | None = None,
        overwrite: bool = False,
        fragmented: bool = False,
        crf: int = 20,
        preset: str | None = None,
    ) -> None:
        container = _CONTAINERS.get(Path(path).suffix.lower())
        if container is None:
            suffixes = ", ".join(VIDEO_SUFFIXES)
            raise OptionsError(f"{path} cannot be written: a video's name ends in {suffixes}")
        if not 0 <= crf <= 51:
            raise OptionsError(f"crf is a number from 0 to 51, not {crf}")
        preset = preset or ("ultrafast" if fragmented else "veryfast")
        self._coding = _coding(container, fragmented=fragmented, crf=crf, preset=preset)
        self._fps = fps
        self._fragmented = fragmented
        self._file = OutputFile(path, overwrite=overwrite, in_place=fragmented)
        self._reformatter = VideoReformatter()
        self._track: VideoTrack | None = None
        self._frame_size = (0, 0)
        self._closed = False

    @property
    def path(self) -> Path:
        """The file as it is called now."""
        return self._file.path

    def write(self, picture: Annotated) -> None:
        """Encode one picture; returns when its pixels are no longer needed.

        Raises:
            SinkError: If the sink is closed.
            OutputNotWritable: If the disk is full, or the picture's size cannot be coded.
        """
        if self._closed:
            raise SinkError(f"{self._file.final_path} is closed")
        if self._track is None:
            self._track = self._open(picture.frame.frame_size)
        is_keyframe = self._track.write(self._coded(picture.image), picture.frame.pts_s)
        if is_keyframe and self._fragmented:
            self._file.sync()

    def commit(self) -> None:
        """Finish the file and give it its final name; without a picture there is no file.

        Raises:
            OutputExists: If another file has taken the name meanwhile.
            OutputNotWritable: If the disk is full.
        """
        if self._closed or self._track is None:
            return
        self._track.close()
        self._file.commit()
        self._closed = True

    def close(self) -> None:
        """Finish the file; without `commit` it plays as far as it goes and keeps its partial name.

        May be called twice. A full disk is logged, not raised.
        """
        if self._closed:
            return
        self._closed = True
        try:
            if self._track is not None:
                self._track.close()
        except SinkError as error:
            _log.warning("%s", error)
        self._file.leave(written=self._track is not None and not self._track.is_empty)

    def _open(self, frame_size: tuple[int, int]) -> VideoTrack:
        self._frame_size = frame_size
        width, height = frame_size
        return VideoTrack(
            self._file.path,
            self._coding,
            (width + width % 2, height + height % 2),
            fps=self._fps,
            colour=_BT709,
        )

    def _coded(self, image: Image) -> av.VideoFrame:
        image = even_size(letterbox(image, self._frame_size, smooth=True))
        # Wrapping the buffer saves a copy of 4 ms at 720p; the conversion right after it ends the
        # need for the picture's pixels.
        wrapped = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(image), format="bgr24")
        coded = self._reformatter.reformat(
            wrapped,
            format="yuv420p",
            # By name, which every version of PyAV takes, whatever its stubs say.
            dst_colorspace="ITU709",  # type: ignore[arg-type]
            dst_color_range="MPEG",
        )
        assert coded is not None
        return coded
