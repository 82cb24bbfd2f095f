"""One list of all cameras' events and recordings, and the files that it leads to."""

import json
import logging
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from livesegment.child import own_environment, own_program
from livesegment.errors import OutputNotWritable, SourceNotFound
from livesegment.resource import Resource
from livesegment.review.index import Index, Recording
from livesegment.review.reading import Places, read_events
from livesegment.review.recordings import RecordingFiles
from livesegment.review.seen import read_seen, write_seen
from livesegment.sinks.output_file import partial_path

logger = logging.getLogger(__name__)

_MOST_RECORDINGS = 5000  # of a day: segments of a minute are 1440
_MOST_ROUNDS = 3
_LAG_S = 15.0
_LONGEST_COPY_S = 300.0
_GROWS_S = 15.0  # after it was last written to
_COPIER = "livesegment.review.stretch"


def grows(path: Path) -> bool:
    """Tell whether a file is being written."""
    try:
        return time.time() - path.stat().st_mtime < _GROWS_S
    except OSError:
        return False


class Review(Resource):
    """Reads what is new in the files of all cameras, and finds in them what is asked for.

    All methods may be called from any thread; those that read files may wait for a disk.

    Args:
        path: Where the index is; None: in memory.

    Attributes:
        index: What the files say.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.index = Index(path)
        self.index.forget_untold()
        self._places: Mapping[str, Places] = {}
        self._reading = threading.Lock()
        self._generation = self.index.generation
        self._recordings: dict[str, RecordingFiles] = {}
        self._seen: dict[str, tuple[int, int]] = {}
        self._copiers: set[subprocess.Popen[str]] = set()

    def close(self) -> None:
        """Close the index. May be called twice."""
        self.index.close()

    def stop(self) -> None:
        """Read and copy no further files; from any thread."""
        self.index.stop()
        for each in tuple(self._copiers):
            each.kill()

    def keep_to(self, places: Iterable[Places]) -> None:
        """Take in which cameras there are, and where their files are."""
        self._places = {each.camera: each for each in places}
        self.index.keep_to({name: each.in_words for name, each in self._places.items()})
        self._look_anew()

    def refresh(self) -> None:
        """Read what is new; if somebody else does already, wait for that."""
        with self._reading:
            for _ in range(_MOST_ROUNDS):
                if self._generation != self.index.generation:
                    self._look_anew()
                self._read()
                # Else it was begun anew meanwhile, and what was read before is not in it.
                if self._generation == self.index.generation:
                    return

    def _read(self) -> None:
        for recording in list(self._recordings.values()):
            recording.read()
        for places in list(self._places.values()):
            if self.index.is_stopping:
                return
            read_events(self.index, places)
            self._refresh_seen(places)

    def shown(self, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return entries with what there is to see of each.

        `snapshot` and `clip` are None where there is no such file, or not yet; `partial` is the
        clip's name where there is a part of it, else None. `recording` is the file in which the
        entry begins and how far into it, in seconds, or None.
        """
        return [self._shown(each) for each in entries]

    def recording_file(self, camera: str, name: str) -> Path | None:
        """Return a file of a camera's recording; None if there is none of that name."""
        folder = self.recording_folder(camera)
        if folder is None or self.index.recording(camera, name) is None:
            return None
        return folder / name

    def recording_folder(self, camera: str) -> Path | None:
        """Return where a camera's recording is; None if it has none."""
        places = self._places.get(camera)
        return None if places is None or places.recording is None else places.recording.parent

    def event_file(self, camera: str, name: str, *, is_partial: bool = False) -> Path | None:
        """Return a snapshot or clip that an event names; None if none does, or it is not there.

        Args:
            camera: Whose event.
            name: What the event calls it.
            is_partial: Return what there is of one that is not complete: it is being written, or
                its writing was broken off.
        """
        places = self._places.get(camera)
        if places is None or places.clips is None or not self.index.names_file(camera, name):
            return None
        path = places.clips / name
        path = partial_path(path) if is_partial else path
        return path if path.is_file() else None

    def recordings(self, camera: str, from_s: float, to_s: float) -> list[Recording]:
        """Return what was recorded in a time, oldest first."""
        return self.index.recordings(camera, from_s, to_s, _MOST_RECORDINGS)

    def recording_at(self, camera: str, time_s: float) -> Recording | None:
        """Return the recording of a moment, or what was recorded last before it.

        Of a camera that was lost that is what led to it, and of one that is being written the
        moment is about to come.
        """
        found = self.index.newest_recording(camera, time_s)
        return found if found is not None and found.ended_s > time_s - _LAG_S else None

    def grows(self, camera: str, name: str) -> bool:
        """Tell whether a file of a camera's recording is being written."""
        newest, path = self.index.newest_recording(camera), self.recording_file(camera, name)
        return newest is not None and newest.name == name and path is not None and grows(path)

    def write_stretch(self, camera: str, from_s: float, to_s: float, output: Path) -> None:
        """Write what a camera recorded from one time to another, as `review.stretch` does.

        Raises:
            SourceNotFound: If nothing was recorded then, or it cannot be read.
            OutputNotWritable: If there is no room for it.
        """
        folder, found = self.recording_folder(camera), self.recordings(camera, from_s, to_s)
        if folder is None or not found:
            raise SourceNotFound("nothing was recorded then, or it is kept no more")
        order = {
            "folder": str(folder.absolute()),
            "recordings": [asdict(each) for each in found],
            "from_s": from_s,
            "to_s": to_s,
            "output": str(output),
        }
        try:
            said = self._copied(order)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            is_late = isinstance(error, subprocess.TimeoutExpired)
            why = "that took too long" if is_late else "it failed"
            raise OutputNotWritable(f"the stretch cannot be written: {why}") from error
        if "missing" in said:
            raise SourceNotFound(said["missing"])
        if "failed" in said:
            raise OutputNotWritable(said["failed"])

    def _copied(self, order: Mapping[str, Any]) -> dict[str, str]:
        """Have a stretch copied by a process of its own, and return what that says of it.

        Raises:
            OSError: If there is no process for it.
            ValueError: If it was ended.
            subprocess.TimeoutExpired: If it took too long.
        """
        with subprocess.Popen(
            own_program(_COPIER),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=own_environment(),
            start_new_session=True,  # Ctrl-C is for the run, which ends it
        ) as process:
            self._copiers.add(process)
            try:
                if self.index.is_stopping:
                    process.kill()
                said, _ = process.communicate(json.dumps(order), _LONGEST_COPY_S)
            finally:
                self._copiers.discard(process)
                process.kill()
        if process.returncode:
            raise ValueError(f"it ended with {process.returncode}")
        return dict(json.loads(said or "{}"))

    def mark(self, camera: str, events: Sequence[str], *, is_seen: bool) -> None:
        """Mark events of a camera as seen, or as not seen.

        Where they are in no file, that is known until the program ends.

        Raises:
            OSError: If it cannot be written down.
        """
        places = self._places.get(camera)
        if places is not None and places.seen is not None:
            write_seen(places.seen, events, is_seen=is_seen)
        self.index.mark(camera, events, is_seen=is_seen)

    def _shown(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        camera, began_s = entry["camera"], entry["began_s"]
        shown = dict(entry)
        for column in ("snapshot", "clip"):
            name = entry[column]
            is_there = name is not None and self.event_file(camera, name) is not None
            shown[column] = name if is_there else None
        name = entry["clip"] if shown["clip"] is None else None
        is_begun = name is not None and self.event_file(camera, name, is_partial=True) is not None
        shown["partial"] = name if is_begun else None
        found: Recording | None
        if entry["kind"] == "recording":
            size, mtime_s = entry["size"], entry["mtime_s"]
            found = Recording(entry["id"], began_s, entry["ended_s"], size, mtime_s)
            shown["goes_on"] = self.grows(camera, found.name)
        else:
            found = self.recording_at(camera, began_s)
        shown["recording"] = None
        if found is not None:
            shown["recording"] = {"file": found.name, "at_s": began_s - found.began_s}
        return shown

    def _look_anew(self) -> None:
        """Forget what was looked at already: the index is another one, or the places are."""
        self._generation = self.index.generation
        self._recordings = {
            name: RecordingFiles(self.index, each) for name, each in self._places.items()
        }
        self._seen = {}

    def _refresh_seen(self, places: Places) -> None:
        if places.seen is None:
            return
        try:
            status = places.seen.stat()
            state = (status.st_size, status.st_mtime_ns)
            if state == self._seen.get(places.camera):
                return
            marked = read_seen(places.seen)
        except FileNotFoundError:
            state, marked = (0, 0), []
            if state == self._seen.get(places.camera):
                return
        except OSError:
            return
        self.index.set_seen(places.camera, marked)
        self._seen[places.camera] = state
