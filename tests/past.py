"""Cameras that have a past: files of events, clips and recordings, as runs leave them."""

import json
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from livesegment.events.clip import ClipRecorder
from livesegment.events.event import Event
from livesegment.frame import Frame
from livesegment.review.reading import Places
from livesegment.review.review import Review
from livesegment.sinks.base import Annotated
from livesegment.sinks.segment_folder import SegmentFolder
from livesegment.sinks.video_file import VideoFileSink

BEGAN_S = 1_764_000_000.0
FPS = 10


def places(folder: Path, camera: str = "gate") -> Places:
    """Return where a camera has its files in a folder."""
    return Places(
        camera, folder / f"{camera}.jsonl", folder / camera, folder / "recorded" / f"{camera}.mp4"
    )


def opened(folder: Path, *cameras: str, path: Path | None = None) -> Review:
    """Return the list of all that some cameras have in a folder, read for the first time."""
    review = Review(path)
    review.keep_to([places(folder, each) for each in cameras or ("gate",)])
    review.refresh()
    return review


def told(number: int, kind: str = "begin", after_s: float = 0.0, **fields: Any) -> dict[str, Any]:
    """Return an event as it is written; it begins so many seconds after `BEGAN_S`."""
    moment = datetime.fromtimestamp(BEGAN_S + after_s, UTC).isoformat(timespec="milliseconds")
    names = dict.fromkeys(("coverage", "count", "counted", "snapshot", "clip", "circuit"))
    known = {"rule": "porch", "subject": "coverage", "class": "person", "media_s": after_s}
    event = {"id": f"{number:032x}", "kind": kind, "camera": "gate", "time": moment}
    return {**event, **known, **names, **fields}


def write_events(path: Path, events: Sequence[dict[str, Any]]) -> None:
    """Append events to a file."""
    with path.open("a") as file:
        file.writelines(json.dumps(each) + "\n" for each in events)


def write_recording(
    path: Path, seconds: int, began_s: float = BEGAN_S, size: tuple[int, int] = (96, 64)
) -> Path:
    """Write a segment of a recording, in which each second is brighter than the last."""
    path.parent.mkdir(exist_ok=True)
    segment = SegmentFolder(path).new_path(began_s)
    with VideoFileSink(segment, fps=FPS, fragmented=True) as sink:
        for index in range(seconds * FPS):
            level = 20 + 10 * (index // FPS)
            image = np.full((size[1], size[0], 3), level, np.uint8)
            sink.write(Annotated(Frame(image, index, index / FPS, 0.0), None, image))
        sink.commit()
    os.utime(segment, (began_s + seconds, began_s + seconds))
    return segment


class HappeningNow:
    """An event of the camera `gate` that has just begun, and whose clip grows by hand.

    Args:
        folder: Where the camera has its files.
        tell: Gets its begin and its end, after the file of events.
    """

    def __init__(
        self, folder: Path, tell: Callable[[dict[str, Any]], object] = lambda _: None
    ) -> None:
        self._tell_on = tell
        self._events = folder / "gate.jsonl"
        options = {"pre_s": 1.0, "post_s": 0.5, "fps": FPS}
        self._recorder = ClipRecorder(folder / "gate", "gate", self._tell, **options)
        self._began_s = time.time()
        self._shown = 0
        self.show(1)
        self._note("begin")
        self.show(1)

    @property
    def clip(self) -> Path:
        """The clip, which is there when the event is over."""
        (snapshot,) = self._events.with_name("gate").glob("*.jpg")
        return snapshot.with_suffix(".mp4")

    def show(self, seconds: float) -> None:
        """Take pictures for so long, each second brighter than the last."""
        for _ in range(round(seconds * FPS)):
            index = self._shown
            image = np.full((64, 96, 3), 20 + 10 * (index // FPS % 20), np.uint8)
            self._recorder.write(Annotated(Frame(image, index, index / FPS, 0.0), None, image))
            self._shown += 1

    def end(self) -> float:
        """End the event, and return how long its clip is, in seconds."""
        self._note("end")
        begun = self._shown
        self.show(1)
        self._recorder.close()
        return begun / FPS + 0.5 + 1 / FPS

    def close(self) -> None:
        """Write what waits. May be called twice."""
        self._recorder.close()

    def _note(self, kind: str) -> None:
        moment = datetime.fromtimestamp(self._began_s + self._shown / FPS, UTC).isoformat()
        event = Event(f"{1:032x}", "porch", "coverage", kind, "gate", moment)
        self._recorder.note(event, self._shown)

    def _tell(self, event: Event) -> None:
        write_events(self._events, [event.fields()])
        self._tell_on(event.fields())
