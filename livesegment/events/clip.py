"""A video and a picture of every event."""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import cv2

from livesegment.errors import OutputNotWritable
from livesegment.events.clip_folder import CLIP_SUFFIX, SNAPSHOT_SUFFIX, ClipFolder
from livesegment.events.clip_writer import ClipWriter
from livesegment.events.event import Event
from livesegment.frame import Frame, Image
from livesegment.settings import Retention
from livesegment.sinks.base import Annotated
from livesegment.sinks.output_file import partial_path
from livesegment.sinks.packet import Packet, PacketEncoder, PacketSink
from livesegment.sinks.packet_file import TimedPacket

logger = logging.getLogger(__name__)

_MOST_KEPT_BYTES = 128 * 2**20
_TOLERANCE_S = 1e-6  # times of pictures are sums of fractions
_LONGEST_S = 120.0
_SNAPSHOT_QUALITY = 85  # of JPEG


@dataclass(slots=True)
class _Clip:
    stem: str
    zero_s: float  # when its first picture is shown
    began_s: float
    ends_s: float  # grows while an event goes on
    first: Packet
    encoder: PacketEncoder | None = None  # of pictures that are not of its first one's stream


class ClipRecorder(PacketSink):
    """Keeps the annotated pictures of the last seconds, encoded, and writes those around an event.

    A clip goes from `pre_s` before an event's begin to `post_s` after its end, but is no longer
    than `longest_s`; what its first picture refers to, of a second at the most, is in the file and
    not shown. Events that overlap share one, which bears the name of the first. The picture
    at the begin is its snapshot; an event is told on once that is there.

    Args:
        folder: Where clips and snapshots go; made if it is missing.
        camera: What the camera is called.
        tell: Gets each event, with the names of its files.
        pre_s: Seconds before an event's begin.
        post_s: Seconds after its end.
        longest_s: Seconds after which a clip ends while its events go on.
        keep: How many clips stay.
        fps: Nominal frame rate.
        on_unwritten: Told how many pictures of clips could not be written.

    Raises:
        OutputNotWritable: If the folder cannot be made or written to.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        camera: str,
        tell: Callable[[Event], object],
        *,
        pre_s: float = 5.0,
        post_s: float = 5.0,
        longest_s: float = _LONGEST_S,
        keep: Retention | None = None,
        fps: float | None = None,
        on_unwritten: Callable[[int], object] = lambda _: None,
    ) -> None:
        super().__init__(fps)
        self._fps = fps
        self._folder = ClipFolder(folder, camera, keep or Retention())
        self._tell = tell
        self._post_s = post_s
        self._longest_s = longest_s + pre_s + post_s
        self._pre_s = pre_s
        # The pictures before an event, in groups that each begin with a keyframe.
        self._kept: deque[list[TimedPacket]] = deque()
        self._kept_bytes = 0
        self._writer = ClipWriter(self._folder, fps, on_unwritten)
        self._on_unwritten = on_unwritten
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Event, int]] = deque()
        self._going_on: dict[str, str] = {}  # stem of each event that has begun, by its id
        self._clip: _Clip | None = None
        self._is_encoded = True
        self._closed = False

    def needs_keyframe(self, frame: Frame) -> bool:  # noqa: ARG002 - any frame may be the first
        """Tell that none has to be: what comes before a clip's first picture is not shown."""
        return False

    def note(self, event: Event, frame_index: int) -> None:
        """Take an event of the picture with this index, which comes later; from any thread."""
        with self._lock:
            self._waiting.append((event, frame_index))

    def write(self, picture: Annotated) -> None:
        """Keep a picture, and write it if it belongs to a clip."""
        frame = picture.frame
        packet = self._packet_or_none(picture)
        if packet is not None:
            self._keep(TimedPacket(packet, frame.pts_s))
        is_new = self._clip is None
        for event in self._due(frame.index):
            self._take(event, picture)
        clip = self._clip
        if clip is None:
            return
        if not is_new:
            self._add(clip, picture, packet)
        goes_on = clip.stem in self._going_on.values() or frame.pts_s < clip.ends_s - _TOLERANCE_S
        if not goes_on or frame.pts_s - clip.began_s >= self._longest_s - _TOLERANCE_S:
            self._end_clip()

    def close(self) -> None:
        """Finish the clip that is being written. May be called twice."""
        if self._closed:
            return
        self._closed = True
        for event, _ in self._waiting:
            stem = self._going_on.get(event.id)
            self._tell(event if stem is None else _named(event, stem))
        self._end_clip()
        self._writer.close()

    def _packet_or_none(self, picture: Annotated) -> Packet | None:
        """Return a picture as it is kept; None if it cannot be encoded, which is said once."""
        try:
            packet = self.packet(picture)
        except OutputNotWritable as error:
            if self._is_encoded:
                logger.warning("there are no clips: %s", error)
            self._is_encoded = False
            return None
        self._is_encoded = True
        return packet

    def _add(self, clip: _Clip, picture: Annotated, packet: Packet | None) -> None:
        """Write a picture into a clip, fitted into it where it is of another size."""
        if packet is None or packet.stream is not clip.first.stream:
            clip.encoder = clip.encoder or PacketEncoder(self._fps, clip.first.frame_size)
            try:
                packet = clip.encoder.encode(picture.image, picture.frame.pts_s)
            except OutputNotWritable:
                self._on_unwritten(1)
                return
        self._writer.write(clip.stem, TimedPacket(packet, picture.frame.pts_s - clip.zero_s))

    def _keep(self, timed: TimedPacket) -> None:
        """Keep a picture for an event to come, and let those go that are too old or too many."""
        kept = self._kept
        if kept and kept[0][0].packet.stream is not timed.packet.stream:
            kept.clear()
            self._kept_bytes = 0
        if timed.packet.is_keyframe:
            kept.append([])
        elif not kept:
            return
        kept[-1].append(timed)
        self._kept_bytes += len(timed.packet.data)
        since_s = self._since_s(timed.pts_s)
        while len(kept) > 1 and (
            kept[1][0].pts_s <= since_s or self._kept_bytes > _MOST_KEPT_BYTES
        ):
            self._kept_bytes -= sum(len(each.packet.data) for each in kept.popleft())

    def _since_s(self, begin_s: float) -> float:
        """Return from when on pictures belong to the clip of an event that begins."""
        return begin_s - self._pre_s - _TOLERANCE_S

    def _due(self, frame_index: int) -> list[Event]:
        due = []
        with self._lock:
            # The picture itself may have found no room.
            while self._waiting and self._waiting[0][1] <= frame_index:
                due.append(self._waiting.popleft()[0])
        return due

    def _take(self, event: Event, picture: Annotated) -> None:
        if event.kind == "begin":
            event = self._begin(event, picture)
        else:
            stem = self._going_on.pop(event.id, None)
            if self._clip is not None and self._clip.stem == stem:
                ends_s = picture.frame.pts_s + self._post_s
                self._clip.ends_s = max(self._clip.ends_s, ends_s)
            if stem is not None:
                event = _named(event, stem)
        self._tell(event)

    def _begin(self, event: Event, picture: Annotated) -> Event:
        began_s = datetime.fromisoformat(event.time).timestamp()
        stem = self._folder.new_stem(began_s, event.rule)
        snapshot = f"{stem}{SNAPSHOT_SUFFIX}"
        has_snapshot = self._save(self._folder.path / snapshot, picture.image)
        if self._clip is None:
            self._clip = self._new_clip(stem, picture.frame.pts_s)
        if self._clip is not None:
            self._going_on[event.id] = self._clip.stem
            event = _named(event, self._clip.stem)
        return replace(event, snapshot=snapshot if has_snapshot else None)

    def _new_clip(self, stem: str, begin_s: float) -> _Clip | None:
        """Begin a clip with the pictures that are kept; None: there are none."""
        since_s = self._since_s(begin_s)
        kept = [each for group in self._kept if group[-1].pts_s >= since_s for each in group]
        if not kept:
            return None
        zero_s = next(each.pts_s for each in kept if each.pts_s >= since_s)
        for each in kept:
            self._writer.write(stem, TimedPacket(each.packet, each.pts_s - zero_s))
        return _Clip(stem, zero_s, begin_s, begin_s + self._post_s, kept[0].packet)

    def _save(self, path: Path, image: Image) -> bool:
        part = partial_path(path)
        _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _SNAPSHOT_QUALITY])
        try:
            part.write_bytes(jpeg.tobytes())
            part.replace(path)
        except OSError as error:
            logger.warning("cannot write %s: %s", path, (error.strerror or "").lower())
            part.unlink(missing_ok=True)
            return False
        return True

    def _end_clip(self) -> None:
        if self._clip is not None:
            self._writer.finish(self._clip.stem)
        self._clip = None


def _named(event: Event, stem: str) -> Event:
    return replace(event, clip=f"{stem}{CLIP_SUFFIX}")
