"""The life that files of one video track share: from the first picture to the final name."""

import logging
from abc import abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

import av
import av.error

from livesegment.errors import OutputNotWritable, SinkError
from livesegment.resource import Resource
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.codecs import Coding
from livesegment.sinks.output_file import OutputFile, partial_path, refused
from livesegment.sinks.video_track import VideoTrack

_log = logging.getLogger(__name__)


Picture = TypeVar("Picture")
Track = TypeVar("Track", bound=VideoTrack)


class TrackFile(Resource, Generic[Picture, Track]):
    """Writes one track into one file, which is opened with the first picture.

    A subclass gives `_open` and `_add`.

    Args:
        file: Where it goes.
        whole: How the file is packed in the end; None: as while it is written.

    Attributes:
        path: The file as it is called now.
    """

    def __init__(self, file: OutputFile, whole: Coding | None = None) -> None:
        self._file = file
        self._whole = whole
        self._track: Track | None = None
        self._taken = 0
        self._closed = False

    @property
    def path(self) -> Path:
        """The file as it is called now."""
        return self._file.path

    def write(self, picture: Picture) -> None:
        """Write one picture; returns when its pixels are no longer needed.

        Raises:
            SinkError: If the sink is closed.
            OutputNotWritable: If the disk is full, or the picture's size cannot be coded.
        """
        if self._closed:
            raise SinkError(f"{self._file.final_path} is closed")
        if self._track is None:
            self._track = self._open(picture)
        self._add(self._track, picture)
        self._taken += 1

    def commit(self) -> None:
        """Finish the file and give it its final name; without a picture there is no file.

        Raises:
            OutputExists: If another file has taken the name meanwhile.
            OutputNotWritable: If the disk is full.
        """
        if self._closed or self._track is None:
            return
        self._finish(self._track)
        if self._whole is None:
            self._file.commit()
        else:
            self._commit_whole(self._whole, self._track.lead)
        self._closed = True

    def give_up(self) -> int:
        """Finish the file as far as it goes; one that holds no picture is removed.

        Returns:
            How many pictures were taken and cannot be read from it: those of its last second.
        """
        self.close()
        readable = _readable(self.path)
        if not readable:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
        return max(0, self._taken - readable)

    def close(self) -> None:
        """Finish the file; without `commit` it plays as far as it goes and keeps its partial name.

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

    @abstractmethod
    def _open(self, picture: Picture) -> Track:
        """Open the track, for pictures like this first one."""

    @abstractmethod
    def _add(self, track: Track, picture: Picture) -> None:
        """Write a picture."""

    def _commit_whole(self, coding: Coding, lead: int) -> None:
        whole = partial_path(self._file.path)
        try:
            _copy(self._file.path, whole, coding, lead)
            self._file.commit(whole)
        except SinkError:
            with suppress(OSError):
                whole.unlink(missing_ok=True)
            raise

    def _finish(self, track: Track) -> None:
        """Write what is left."""
        track.close()


class TrackSink(TrackFile[Annotated, VideoTrack], Sink):
    """A sink whose pictures are one track of one file, each encoded as it comes."""


def _readable(path: Path) -> int:
    """Return how many pictures a file holds that was broken off."""
    try:
        with av.open(f"file:{path}") as container:
            return sum(
                packet.size > 0 and not packet.is_corrupt for packet in container.demux(video=0)
            )
    except (av.FFmpegError, OSError, IndexError):
        return 0


def _copy(path: Path, output: Path, coding: Coding, lead: int) -> None:
    """Copy the pictures of a file into one that is packed in another way, not coded again.

    They are shown so many ticks earlier in it.
    """
    options = {"fflags": "+bitexact", **coding.container_options}
    try:
        with (
            av.open(f"file:{path}") as source,
            av.open(
                f"file:{output}", "w", format=coding.container, container_options=options
            ) as copy,
        ):
            stream = source.streams.video[0]
            copied = copy.add_stream_from_template(stream)
            copied.time_base = stream.time_base
            for packet in source.demux(stream):
                if packet.dts is not None:  # else the end
                    packet.stream = copied
                    packet.pts, packet.dts = (packet.pts or 0) - lead, packet.dts - lead
                    copy.mux(packet)
    except OSError as error:
        raise refused(output, error) from error
    except av.FFmpegError as error:  # as of a part that somebody else has spoiled
        raise OutputNotWritable(f"cannot write {output}: {error.strerror}") from error
