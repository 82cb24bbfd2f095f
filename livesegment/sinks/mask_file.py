"""The masks of a run as a lossless grey video."""

import json
import logging
import os
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from livesegment.errors import OptionsError, OutputNotWritable, SinkError
from livesegment.mask import ClassIds
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.letterbox import letterbox
from livesegment.sinks.output_file import OutputFile, refused
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
_FULL_RANGE = {"color_range": 2}


class MaskFileSink(Sink):
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
        self._file = OutputFile(path, overwrite=overwrite, in_place=in_place)
        self._track: VideoTrack | None = None
        self._frame_size = (0, 0)
        self._tag_at_open = self._tag_now = b""
        self._closed = False

    @property
    def path(self) -> Path:
        """The file as it is called now."""
        return self._file.path

    def write(self, picture: Annotated) -> None:
        """Encode the mask of one picture, all 0 where it has none.

        Raises:
            SinkError: If the sink is closed.
            OutputNotWritable: If the disk is full, or the mask's size cannot be coded.
        """
        if self._closed:
            raise SinkError(f"{self._file.final_path} is closed")
        mask = picture.mask
        if self._track is None:
            self._class_map.update(mask.class_map if mask else {})
            self._track = self._open(picture.frame.frame_size)
        width, height = picture.frame.frame_size
        ids = np.zeros((height, width), np.uint8) if mask is None else mask.class_ids
        self._track.write(self._coded(ids), picture.frame.pts_s)
        if mask is not None and not mask.class_map.items() <= self._class_map.items():
            self._class_map.update(mask.class_map)
            self._note_class_map()

    def commit(self) -> None:
        """Finish the file and give it its final name; without a picture there is no file.

        Raises:
            OutputExists: If another file has taken the name meanwhile.
            OutputNotWritable: If the disk is full.
        """
        if self._closed or self._track is None:
            return
        self._finish(self._track)
        self._file.commit()
        self._closed = True

    def close(self) -> None:
        """Finish the file; without `commit` it is readable and keeps its partial name.

        May be called twice. A full disk is logged, not raised.
        """
        if self._closed:
            return
        self._closed = True
        try:
            if self._track is not None:
                self._finish(self._track)
        except SinkError as error:
            _log.warning("%s", error)
        self._file.leave(written=self._track is not None and not self._track.is_empty)

    def _finish(self, track: VideoTrack) -> None:
        track.close()
        if self._tag_now != self._tag_at_open:
            # The muxer has just written the head once more, as it was at first.
            self._note_class_map()

    def _open(self, frame_size: tuple[int, int]) -> VideoTrack:
        self._frame_size = frame_size
        # JSON ends where it ends: blanks after it keep the place for a longer one.
        spare = " " * (_SPARE_IF_KNOWN if self._class_map else _SPARE_IF_UNKNOWN)
        tag = json.dumps(self._class_map) + spare
        self._tag_at_open = self._tag_now = tag.encode()
        return VideoTrack(
            self._file.path,
            _CODING,
            frame_size,
            fps=self._fps,
            colour=_FULL_RANGE,
            metadata={CLASS_MAP_TAG: tag},
        )

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
