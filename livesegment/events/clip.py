"""A video and a picture of every event."""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from livesegment.events.clip_folder import CLIP_SUFFIX, SNAPSHOT_SUFFIX, ClipFolder
from livesegment.events.clip_writer import ClipWriter, StoredPicture
from livesegment.events.event import Event
from livesegment.settings import Retention
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.output_file import partial_path

logger = logging.getLogger(__name__)

_MOST_KEPT_BYTES = 128 * 2**20
_TOLERANCE_S = 1e-6  # times of pictures are sums of fractions
_LONGEST_S = 120.0


@dataclass(slots=True)
class _Clip:
    stem: str
    began_s: float
    ends_s: float  # grows while an event goes on


class ClipRecorder(Sink):
    """Keeps the annotated pictures of the last seconds, and writes those around an event.

    A clip goes from `pre_s` before an event's begin to `post_s` after its end, but is no longer
    than `longest_s`. Events that overlap share one, which bears the name of the first. The picture
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
        self._folder = ClipFolder(folder, camera, keep or Retention())
        self._tell = tell
        self._post_s = post_s
        self._longest_s = longest_s + pre_s + post_s
        self._pre_s = pre_s
        self._kept: deque[StoredPicture] = deque()  # the pictures before an event
        self._kept_bytes = 0
        self._writer = ClipWriter(self._folder, fps, on_unwritten)
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Event, int]] = deque()
        self._going_on: dict[str, str] = {}  # stem of each event that has begun, by its id
        self._clip: _Clip | None = None
        self._closed = False

    def note(self, event: Event, frame_index: int) -> None:
        """Take an event of the picture with this index, which comes later; from any thread."""
        with self._lock:
            self._waiting.append((event, frame_index))

    def write(self, picture: Annotated) -> None:
        """Keep a picture, and write it if it belongs to a clip."""
        frame = picture.frame
        stored = StoredPicture.encode(picture.image, frame.index, frame.pts_s)
        self._keep(stored)
        is_new = self._clip is None
        for event in self._due(frame.index):
            self._take(event, stored)
        clip = self._clip
        if clip is None:
            return
        if not is_new:
            self._writer.write(clip.stem, stored)
        goes_on = clip.stem in self._going_on.values() or stored.pts_s < clip.ends_s - _TOLERANCE_S
        if not goes_on or stored.pts_s - clip.began_s >= self._longest_s - _TOLERANCE_S:
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

    def _keep(self, stored: StoredPicture) -> None:
        """Keep a picture for an event to come, and let those go that are too old or too many."""
        kept = self._kept
        kept.append(stored)
        self._kept_bytes += len(stored.jpeg)
        while len(kept) > 1 and (
            stored.pts_s - kept[0].pts_s > self._pre_s + _TOLERANCE_S
            or self._kept_bytes > _MOST_KEPT_BYTES
        ):
            self._kept_bytes -= len(kept.popleft().jpeg)

    def _due(self, frame_index: int) -> list[Event]:
        due = []
        with self._lock:
            # The picture itself may have found no room.
            while self._waiting and self._waiting[0][1] <= frame_index:
                due.append(self._waiting.popleft()[0])
        return due

    def _take(self, event: Event, stored: StoredPicture) -> None:
        if event.kind == "begin":
            event = self._begin(event, stored)
        else:
            stem = self._going_on.pop(event.id, None)
            if self._clip is not None and self._clip.stem == stem:
                self._clip.ends_s = max(self._clip.ends_s, stored.pts_s + self._post_s)
            if stem is not None:
                event = _named(event, stem)
        self._tell(event)

    def _begin(self, event: Event, stored: StoredPicture) -> Event:
        began_s = datetime.fromisoformat(event.time).timestamp()
        stem = self._folder.new_stem(began_s, event.rule)
        has_snapshot = self._save(self._folder.path / f"{stem}{SNAPSHOT_SUFFIX}", stored)
        if self._clip is None:
            self._clip = _Clip(stem, stored.pts_s, stored.pts_s + self._post_s)
            for each in self._kept:
                self._writer.write(stem, each)
        self._going_on[event.id] = self._clip.stem
        named = _named(event, self._clip.stem)
        return replace(named, snapshot=f"{stem}{SNAPSHOT_SUFFIX}" if has_snapshot else None)

    def _save(self, path: Path, stored: StoredPicture) -> bool:
        part = partial_path(path)
        try:
            part.write_bytes(stored.jpeg)
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
