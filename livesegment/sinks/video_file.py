"""A video file with the masks drawn."""

import logging
import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from livesegment.errors import OptionsError
from livesegment.frame import Frame
from livesegment.profile import stage
from livesegment.settings import Codec, PartOptions
from livesegment.sinks.base import Annotated, with_alpha
from livesegment.sinks.codecs import (
    DEFAULT_QUALITY,
    coding_for,
    in_fragments,
    keeps_pixel_aspect,
    usual_codec,
    video_keeps_alpha,
)
from livesegment.sinks.letterbox import clear_letterbox, even_size, letterbox
from livesegment.sinks.original import Original, read_original
from livesegment.sinks.output_file import OutputFile
from livesegment.sinks.planes import Planes
from livesegment.sinks.sound import SoundCopier
from livesegment.sinks.track_sink import TrackSink
from livesegment.sinks.video_track import VideoTrack

_log = logging.getLogger(__name__)

# Without exact rounding greys come out up to 5 of 255 darker; it costs no time worth speaking of.
_EXACT = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP


class VideoFileSink(TrackSink):
    """Writes a video that browsers play: H.264, VP9 or AV1; or ProRes, for editing programs.

    Every picture is shown at its `Frame.pts_s`: variable frame rates and a start after 0 are kept,
    within 1/90000 s (Matroska and WebM: 1/1000 s). Odd widths and heights grow by one repeated
    column or row, since video in browsers has none; a picture is never scaled, unless the size
    changes on the way: then later pictures are fitted into the first one's size, with black bars.

    With `like`, the rest is that of the original too: all its sound, copied and not coded again;
    its colours and their range; the shape of its pixels (MP4, or H.264); how long the last picture
    is shown; title and date. Sound that the container cannot carry is left out, which is logged at
    once. Where the pictures end before the original does, the sound ends with them. Of HDR, which
    :class:`~livesegment.sources.video_file.VideoFileSource` brings down to what a page shows,
    standard colours are written. Subtitles and chapters are not kept.

    Args:
        path: A name that ends in .mp4, .m4v, .mov (H.264 and ProRes), .mkv or .webm (VP9 and AV1).
        fps: Nominal frame rate for the header, and how long the last picture is shown.
        overwrite: Replace an existing file.
        fragmented: For live recording: written under its final name from the start, a keyframe
            each second, and what came before it handed to the disk, so that the file plays after
            a crash or power cut. Otherwise the file is called `NAME.part.SUFFIX` until `commit`,
            and its index comes first, so that a browser starts without reading all of it.
        plays_early: That partial file is fragmented, so that it plays while it is written and
            after a crash; `commit` copies its pictures into the final one, which is as any other.
        codec: h264 plays everywhere; vp9 and av1 make smaller files; prores large ones that lose
            next to nothing. None: as the name says (`usual_codec`).
        quality: 1 (small) to 100 (hardly to be told from the original), the same for all codecs.
        preset: Speed in the encoder's own words; None: one that keeps up with annotating.
        like: The video file that the pictures come from.
        part: Which part of `like` the pictures are, and how they are turned: the file's time 0 is
            where it begins. None: all of it, as it is.
        alpha: Keep `Annotated.alpha` where name and codec can: .webm or .mkv with vp9, .mov or .mkv
            with prores. Colours are not multiplied by it (straight alpha); a player that knows
            nothing of it shows black where nothing is there.

    Attributes:
        path: The file as it is called now.

    Raises:
        OptionsError: If name and codec do not fit, the codec is not at hand, or a value is out of
            range.
        OutputExists: If the file exists and `overwrite` is False.
        OutputNotWritable: If it cannot be created.
        SourceNotFound: If `like` is no video file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        fps: Fraction | float | None = None,
        overwrite: bool = False,
        fragmented: bool = False,
        plays_early: bool = False,
        codec: Codec | None = None,
        quality: int = DEFAULT_QUALITY,
        preset: str | None = None,
        like: str | os.PathLike[str] | None = None,
        part: PartOptions | None = None,
        alpha: bool = False,
    ) -> None:
        if (fragmented or plays_early) and like is not None:
            raise OptionsError("a live recording has no original whose sound it could keep")
        codec = codec or usual_codec(Path(path), alpha=alpha)
        self._coding = coding_for(
            Path(path), codec, quality=quality, speed=preset, fragmented=fragmented, alpha=alpha
        )
        whole = self._coding if plays_early and not fragmented else None
        if whole is not None:
            self._coding = in_fragments(whole)
        self._keeps_alpha = alpha and video_keeps_alpha(Path(path), codec)
        self._fps = fps
        self._fragmented = fragmented
        self._begins_s = 0.0 if part is None else part.begins_s
        self._like = Original() if like is None else read_original(like, part)
        if self._like.pixel_aspect is not None and not keeps_pixel_aspect(self._coding):
            _log.warning(
                "%s cannot say that the pixels of %s are not square, and is shown in another "
                "shape: give a name that ends in .mp4",
                path,
                like,
            )
        super().__init__(OutputFile(path, overwrite=overwrite, in_place=fragmented), whole)
        self._sound = None
        if like is not None:
            self._sound = SoundCopier(like, path, self._coding.container, part)
        self._planes = Planes(self._like.colour)
        self._reformatter = VideoReformatter()
        self._frame_size = (0, 0)

    def takes_alpha(self, frame: Frame) -> bool:  # noqa: ARG002 - the same for all pictures
        """Tell whether pictures may come with their alpha: whether it is kept."""
        return self._keeps_alpha

    def close(self) -> None:
        """Finish the file; without `commit` it plays as far as it goes and keeps its partial name.

        May be called twice. A full disk is logged, not raised.
        """
        super().close()
        if self._sound is not None:
            self._sound.close()

    def _open(self, picture: Annotated) -> VideoTrack:
        self._frame_size = width, height = picture.frame.frame_size
        return VideoTrack(
            self._file.path,
            self._coding,
            (width + width % 2, height + height % 2),
            fps=self._fps,
            like=self._like,
            sound=self._sound,
        )

    def _add(self, track: VideoTrack, picture: Annotated) -> None:
        with stage("to YUV"):
            coded = self._coded(picture)
        is_keyframe = track.write(coded, picture.frame.pts_s - self._begins_s)
        if is_keyframe and self._fragmented:
            self._file.sync()

    def _coded(self, picture: Annotated) -> av.VideoFrame:
        if self._keeps_alpha:
            bgra = with_alpha(picture.image, picture.alpha)
            image, layout = clear_letterbox(bgra, self._frame_size), "bgra"
        else:
            image, layout = letterbox(picture.image, self._frame_size, smooth=True), "bgr24"
        image = even_size(image)
        if self._coding.pixel_format == "yuv420p":
            return self._planes.of(image)
        # Wrapping the buffer saves a copy of 4 ms at 720p; the conversion right after it ends the
        # need for the picture's pixels.
        wrapped = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(image), format=layout)
        colour = self._like.colour
        return self._reformatter.reformat(
            wrapped,
            format=self._coding.pixel_format,
            interpolation=_EXACT,
            dst_colorspace=colour.swscale_matrix,
            dst_color_range="JPEG" if colour.is_full_range else "MPEG",
        )
