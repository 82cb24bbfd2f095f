"""The masks of a run as a lossless grey video."""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from livesegment.errors import OptionsError, OutputNotWritable, SourceLost, SourceNotFound
from livesegment.mask import ClassIds
from livesegment.media_file import BOUNDED, UNSPECIFIED, Colour, find_video
from livesegment.protocol.semantic import read_class_map
from livesegment.resource import Resource
from livesegment.sinks.base import Annotated
from livesegment.sinks.codecs import Coding
from livesegment.sinks.letterbox import letterbox
from livesegment.sinks.original import Original
from livesegment.sinks.output_file import OutputFile, refused
from livesegment.sinks.source_mark import SourceMark
from livesegment.sinks.track_sink import TrackSink
from livesegment.sinks.video_track import VideoTrack

_log = logging.getLogger(__name__)

CLASS_MAP_TAG = "CLASS_MAP"
"""The container's metadata key of the class map; Matroska knows upper-case keys only."""

_SOURCE_TAG = "SOURCE"

# Bytes kept in the file's head for a class map that grows, or only comes, after the first picture.
_SPARE_IF_KNOWN = 1024
_SPARE_IF_UNKNOWN = 8192
_HEAD = 65_536

_CODING = Coding(
    container="matroska",
    codec="ffv1",
    pixel_format="gray",
    ticks_per_s=1000,
    # Version 3 of FFV1 has a checksum in every slice: damage is noticed, not shown.
    codec_options={"level": "3", "slicecrc": "1", "g": "1"},
    # Without checksums of its own the head may be filled in later; flushed clusters of a second
    # are what a crash leaves readable.
    container_options={"write_crc32": "0", "cluster_time_limit": "1000", "flush_packets": "1"},
)

# Full range: the numbers are ids, and a reader must not stretch them.
_IDS = Colour(UNSPECIFIED, UNSPECIFIED, UNSPECIFIED, is_full_range=True)


class MaskFileSink(TrackSink):
    """Writes the class ids of every picture's mask: FFV1, 8-bit grey, in Matroska.

    There is one mask for every picture, of the picture's size, all 0 before the first mask. Times
    are those of the pictures, rounded to 1 ms, as Matroska counts. The class map is JSON in the
    container's metadata under `CLASS_MAP`: `{"0": "background", "1": "person"}`. Of instances it
    keeps the classes only.

    To read it: :class:`~livesegment.sinks.mask_file.MaskFileReader`; or
    `ffmpeg -i masks.mkv -fps_mode passthrough -f rawvideo -pix_fmt gray ids.raw` (without
    `-fps_mode` ffmpeg repeats pictures to even the rate out); or `cv2.VideoCapture`, whose pictures
    have the id in each of their three channels. If the size changes on the way, later masks are
    fitted into the first one's size.

    Args:
        path: A name that ends in .mkv.
        class_map: Names of the classes, if known beforehand; those of the masks are added.
        fps: Nominal frame rate for the header.
        overwrite: Replace an existing file.
        in_place: Write under the final name from the start (live); else `NAME.part.mkv` until
            `commit`. Either file is readable after a crash, up to its last second.
        source: Which pictures the masks are of, kept in the file; None: it does not say.

    Attributes:
        path: The file as it is called now.

    Raises:
        OptionsError: If the suffix is not .mkv.
        OutputExists: If the file exists and `overwrite` is False.
        OutputNotWritable: If it cannot be created.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        class_map: Mapping[int, str] | None = None,
        fps: Fraction | float | None = None,
        overwrite: bool = False,
        in_place: bool = False,
        source: SourceMark | None = None,
    ) -> None:
        if Path(path).suffix.lower() != ".mkv":
            raise OptionsError(f"{path} cannot keep masks: its name ends in .mkv")
        self._class_map = dict(class_map or {})
        self._fps = fps
        self._words = {} if source is None else {_SOURCE_TAG: source.written()}
        super().__init__(OutputFile(path, overwrite=overwrite, in_place=in_place))
        self._frame_size = (0, 0)
        self._tag_at_open = self._tag_now = b""

    def _finish(self, track: VideoTrack) -> None:
        track.close()
        if self._tag_now != self._tag_at_open:
            # The muxer has just written the head once more, as it was at first.
            self._note_class_map()

    def _open(self, picture: Annotated) -> VideoTrack:
        self._frame_size = picture.frame.frame_size
        self._class_map.update(picture.mask.class_map if picture.mask else {})
        # JSON ends where it ends: blanks after it keep the place for a longer one.
        spare = " " * (_SPARE_IF_KNOWN if self._class_map else _SPARE_IF_UNKNOWN)
        tag = json.dumps(self._class_map) + spare
        self._tag_at_open = self._tag_now = tag.encode()
        return VideoTrack(
            self._file.path,
            _CODING,
            self._frame_size,
            fps=self._fps,
            like=Original(colour=_IDS, words={CLASS_MAP_TAG: tag, **self._words}),
        )

    def _add(self, track: VideoTrack, picture: Annotated) -> None:
        mask = picture.mask
        width, height = picture.frame.frame_size
        ids = np.zeros((height, width), np.uint8) if mask is None else mask.class_ids
        track.write(self._coded(ids), picture.frame.pts_s)
        if mask is not None and not mask.class_map.items() <= self._class_map.items():
            self._class_map.update(mask.class_map)
            self._note_class_map()

    def _coded(self, ids: ClassIds) -> av.VideoFrame:
        return av.VideoFrame.from_ndarray(
            np.ascontiguousarray(letterbox(ids, self._frame_size, smooth=False)), format="gray"
        )

    def _note_class_map(self) -> None:
        """Write the class map over the one in the file's head: muxers write metadata only once."""
        tag = json.dumps(self._class_map).encode().ljust(len(self._tag_at_open))
        if len(tag) > len(self._tag_at_open):
            _log.warning("%s has no room for all class names", self.path)
            return
        try:
            with self.path.open("r+b") as file:
                head = file.read(_HEAD)
                place = max(head.find(self._tag_now), head.find(self._tag_at_open))
                if place < 0:
                    raise OutputNotWritable(f"{self.path} was changed by another program")
                file.seek(place)
                file.write(tag)
        except OSError as error:
            raise refused(self.path, error) from error
        self._tag_now = tag


class MaskFileReader(Resource):
    """Reads what :class:`~livesegment.sinks.mask_file.MaskFileSink` wrote; iterate over it.

    Each item is `(pts_s, class_ids)`: seconds, rounded to 1 ms, and uint8 of shape (H, W).

    Args:
        path: The mask file.

    Attributes:
        class_map: Name of each class id, clean as those of a reply.
        source: Which pictures the masks are of; None: the file does not say.

    Raises:
        SourceNotFound: If the file is not there or is no mask file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        try:
            self._container = av.open(
                f"file:{self._path}", options=BOUNDED, metadata_errors="replace"
            )
        except (av.FFmpegError, OSError) as error:
            raise SourceNotFound(f"cannot read the masks in {self._path}") from error
        try:
            self.class_map: Mapping[int, str] = self._read_class_map()
            self.source = SourceMark.read(self._tags().get(_SOURCE_TAG, ""))
        except BaseException:
            self.close()
            raise

    def _tags(self) -> dict[str, str]:
        return {name.upper(): value for name, value in self._container.metadata.items()}

    def _read_class_map(self) -> Mapping[int, str]:
        tags = self._tags()
        video = find_video(self._container)
        what = f"{self._path} is no mask file"
        if CLASS_MAP_TAG not in tags:
            raise SourceNotFound(f"{what}: it has no class map")
        if video is None:
            raise SourceNotFound(f"{what}: it has no video")
        video.codec_context.options = BOUNDED
        try:
            return read_class_map(json.loads(tags[CLASS_MAP_TAG]))
        except (ValueError, RecursionError) as error:
            raise SourceNotFound(f"{what}: its class map cannot be read") from error

    def __iter__(self) -> Iterator[tuple[float, ClassIds]]:
        """Yield the masks from here to the end.

        Raises:
            SourceLost: If the file is damaged.
            SourceNotFound: If its pictures are no masks.
        """
        try:
            for picture in self._container.decode(find_video(self._container)):
                assert isinstance(picture, av.VideoFrame)  # the stream is one of them
                if picture.format.name != _CODING.pixel_format:
                    raise SourceNotFound(
                        f"{self._path} is no mask file: its pictures are not 8-bit grey"
                    )
                if picture.pts is not None and picture.time_base is not None:
                    pts_s = float(picture.pts * picture.time_base)
                    yield pts_s, picture.to_ndarray().astype(np.uint8, copy=False)
        except (av.FFmpegError, OSError) as error:
            raise SourceLost(f"the mask file {self._path} is damaged") from error

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._container.close()


def read_masks(path: str | os.PathLike[str]) -> Iterator[tuple[float, ClassIds]]:
    """Yield every mask of a mask file as `(pts_s, class_ids)`.

    Args:
        path: The mask file.

    Raises:
        SourceNotFound: If the file is not there or is no mask file.
        SourceLost: If it is damaged.
    """
    with MaskFileReader(path) as reader:
        yield from reader
