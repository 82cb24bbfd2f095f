"""Cameras that have a past: files of events, clips and recordings, as runs leave them."""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

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
    time = datetime.fromtimestamp(BEGAN_S + after_s, UTC).isoformat(timespec="milliseconds")
    names = dict.fromkeys(("coverage", "count", "counted", "snapshot", "clip", "circuit"))
    known = {"rule": "porch", "subject": "coverage", "class": "person", "media_s": after_s}
    event = {"id": f"{number:032x}", "kind": kind, "camera": "gate", "time": time}
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
