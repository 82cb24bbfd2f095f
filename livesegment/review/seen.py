"""Which events somebody has seen: a file beside that of the events, which says nothing else."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from livesegment.state import write_whole

_MOST_BYTES = 8 * 2**20  # more than a hundred thousand marks
_LONGEST_ID = 200


def read_seen(path: Path) -> list[str]:
    """Return the events that were marked as seen, the oldest mark first.

    Of a file that is very long only its newest part is looked at; what is no mark is left out.

    Raises:
        OSError: If the file cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _MOST_BYTES))
        lines = file.read(_MOST_BYTES).split(b"\n")
    marked: dict[str, None] = {}
    for line in lines:
        event, is_seen = _mark(line)
        if event is not None:
            marked.pop(event, None)
            if is_seen:
                marked[event] = None
    return list(marked)


def write_seen(path: Path, events: Iterable[str], *, is_seen: bool) -> None:
    """Mark events as seen, or as not seen; a file that has become long is written anew, shorter.

    Raises:
        OSError: If the file cannot be written.
    """
    text = "".join(_line(each, is_seen=is_seen) for each in events)
    if path.exists() and path.stat().st_size > _MOST_BYTES // 2:
        write_whole(path, "".join(_line(each, is_seen=True) for each in read_seen(path)))
    with path.open("ab") as file:
        # A line that was torn off must not spoil this one.
        file.write(b"\n" * (file.tell() > 0) + text.encode())
        file.flush()
        os.fsync(file.fileno())


def _line(event: str, *, is_seen: bool) -> str:
    return json.dumps({"id": event, "seen": is_seen}) + "\n"


def _mark(line: bytes) -> tuple[str | None, bool]:
    try:
        said: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None, False
    event, is_seen = (said.get("id"), said.get("seen")) if isinstance(said, dict) else (None, None)
    if not isinstance(event, str) or len(event) > _LONGEST_ID or not isinstance(is_seen, bool):
        return None, False
    return event, is_seen
