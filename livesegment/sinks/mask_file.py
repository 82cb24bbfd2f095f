"""The masks of a run as a lossless grey video."""

import json
import logging
import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from livesegment.errors import OptionsError, OutputNotWritable
from livesegment.mask import ClassIds
from livesegment.media_file import UNSPECIFIED, Colour
from livesegment.sinks.base import Annotated
from livesegment.sinks.letterbox import letterbox
from livesegment.sinks.original import Original
from livesegment.sinks.output_file import OutputFile, refused
from livesegment.sinks.track_sink import TrackSink
from livesegment.sinks.video_track import Coding, VideoTrack

_log = logging.getLogger(__name__)

CLASS_MAP_TAG = "CLASS_MAP"
"""The container's metadata key of the class map; Matroska knows upper-case keys only."""

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
    container's metadata under `CLASS_MAP`: `{"0": "background", "1": "person"}`.

    To read it: :class:`~livesegment.sinks.mask_reader.MaskFileReader`; or
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
    ) -> None:
        if Path(path).suffix.lower() != ".mkv":
            raise OptionsError(f"{path} cannot keep masks: its name ends in .mkv")
        self._class_map = dict(class_map or {})
        self._fps = fps
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
            like=Original(colour=_IDS, words={CLASS_MAP_TAG: tag}),
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
