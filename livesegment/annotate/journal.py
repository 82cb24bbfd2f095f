"""What was paid for, kept near the output: an append-only file of replies."""

import json
import logging
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from livesegment.address import shown_text
from livesegment.annotate.journal_beside import RepliesBeside, forget
from livesegment.annotate.journal_file import (
    IDENTITY,
    NOTE,
    SIGNATURE,
    Record,
    ReplyPlaces,
    lock,
    pack_record,
    read_identity,
    read_note,
    read_records,
)
from livesegment.annotate.threshold import Raised, raised_threshold
from livesegment.errors import JournalInUse, JournalMismatch, OutputNotWritable, system_words
from livesegment.resource import Resource
from livesegment.settings.option import quoted
from livesegment.sinks.output_file import refused

logger = logging.getLogger(__name__)

Identity = Mapping[str, str]
"""What a journal's replies depend on: what to call each thing, and its value."""

_LONGEST_SAID = 300
_SYNC_EVERY_S = 0.05  # each costs CPU, and holds up what else the disk has to do
_HIDDEN = ".livesegment"


def journal_path(output: Path) -> Path:
    """Return where the journal of an output is.

    `clip.mp4` has `.livesegment/clip.mp4.journal` beside it; or `clip.mp4.journal`, where an
    earlier version made it.
    """
    earlier = output.with_name(f"{output.name}.journal")
    with suppress(OSError):  # a name that is longer than any file's
        if earlier.exists():
            return earlier
    return output.parent / _HIDDEN / earlier.name


def has_journal(output: Path) -> bool:
    """Tell whether an output has a journal.

    Raises:
        OutputNotWritable: If that cannot be known: its name would be longer than any file's, say.
    """
    path = journal_path(output)
    try:
        return path.exists()
    except OSError as error:
        raise refused(path, error) from error


class Journal(Resource):
    """Keeps replies on disk from the moment they come, so that no call is made twice.

    Every record is handed to the system at once, so that it survives the end of the process, and
    to the disk soon, with those that come within 50 ms, so that a power cut loses no more than its
    last moment.
    A record that either cut short is dropped on opening. What the journal of another output in the
    same folder has, of the same identity, was paid for as well: it is taken from there, and kept
    here too.

    `add` and `reply` may be called from any thread.

    Args:
        path: The file; made if it is missing.
        identity: What the replies depend on.
        replace: Begin anew where the journal that is there has another identity, and its replies
            do not serve this one. Where it has none, that is done in any case.

    Attributes:
        raised: How the replies serve, where they were asked with a lower confidence; None: as they
            are.

    Raises:
        JournalMismatch: If it belongs to another identity, and its replies do not serve this one,
            or another run has it open.
        OutputNotWritable: If it cannot be written.
    """

    def __init__(self, path: Path, identity: Identity, *, replace: bool = False) -> None:
        self._path = path
        self._changed = threading.Condition()
        self._places = ReplyPlaces()
        self._beside: RepliesBeside | None = None
        self._notes: dict[str, str] = {}
        self.raised: Raised | None = None
        self._unsynced = False
        self._closing = threading.Event()
        self._failure: OutputNotWritable | None = None
        try:
            if path.parent.name == _HIDDEN:
                path.parent.mkdir(exist_ok=True)
            path.touch()
            self._file: BinaryIO = path.open("r+b", buffering=0)
        except OSError as error:
            raise self._refused(error) from error
        try:
            self._begin(dict(identity), replace=replace)
        except BaseException:
            self._file.close()
            raise
        self._syncing = threading.Thread(target=self._sync, name="journal", daemon=True)
        self._syncing.start()

    def __len__(self) -> int:
        """Return how many frames have a reply."""
        return len(self._places)

    def __contains__(self, frame_index: int) -> bool:
        """Tell whether a frame has a reply, here or in the journal of another output."""
        return frame_index in self._places or frame_index in self._others()

    def reply(self, frame_index: int) -> bytes | None:
        """Return the reply kept for a frame; None where there is none.

        Raises:
            OutputNotWritable: If the journal cannot be read.
        """
        with self._changed:
            try:
                content = self._places.content(self._file, frame_index)
            except OSError as error:
                raise self._refused(error) from error
            if content is None and (content := self._others().reply(frame_index)) is not None:
                self._places.remember(frame_index, self._append(frame_index, content))
        return content

    def check(self) -> None:
        """Check that replies can still be kept.

        Raises:
            OutputNotWritable: If the disk did not take an earlier one.
        """
        if self._failure is not None:
            raise OutputNotWritable(str(self._failure)) from self._failure

    def add(self, frame_index: int, reply: bytes) -> None:
        """Keep the reply for a frame.

        Raises:
            OutputNotWritable: If the disk does not take it.
        """
        with self._changed:
            self._places.remember(frame_index, self._append(frame_index, reply))

    def note(self, name: str, text: str) -> None:
        """Keep a word about the run; it is on the disk when this returns.

        Raises:
            OutputNotWritable: If the disk does not take it.
        """
        with self._changed:
            self._append(NOTE, json.dumps([name, text]).encode())
            self._notes[name] = text
        self._hand_to_disk()

    def noted(self, name: str) -> str | None:
        """Return what was noted last under a name."""
        return self._notes.get(name)

    def close(self) -> None:
        """Hand everything to the disk and let the file go; an empty one is removed.

        May be called twice.
        """
        with self._changed:
            if self._closing.is_set():
                return
            self._closing.set()
            self._changed.notify_all()
        self._syncing.join()
        if not len(self) and self._notes.keys() == {IDENTITY}:
            self._path.unlink(missing_ok=True)
            if self._path.parent.name == _HIDDEN:
                with suppress(OSError):  # other journals are in it
                    self._path.parent.rmdir()
        self._file.close()

    def _begin(self, identity: dict[str, str], *, replace: bool) -> None:
        """Learn what is kept; or begin anew where nothing is, or something else."""
        if not lock(self._file):
            raise JournalInUse(f"another run is writing {self._path}: wait for it, or stop it")
        kept = self._read_all()
        if kept == identity:
            return
        # One without replies belongs to nobody: an attempt that failed does not block the next.
        if kept is not None and len(self):
            self.raised, reason = raised_threshold(kept, identity, self._any_reply())
            if self.raised is not None:
                return
            if not replace:
                why = f" ({reason})" if reason else ""
                raise JournalMismatch(
                    f"{self._path} belongs to {_difference(kept, identity)}{why}: give the output"
                    " another name, or begin anew with --overwrite, which drops the replies kept"
                    " there"
                )
        self._places = ReplyPlaces()
        self._notes.clear()
        forget(self._path)
        self._cut_off(0)
        self._write(SIGNATURE)
        self.note(IDENTITY, json.dumps(identity))

    def _any_reply(self) -> bytes | None:
        found = (self._places.content(self._file, frame) for frame in self._places)
        return next(filter(None, found), None)

    def _others(self) -> RepliesBeside:
        if self._beside is None:
            # Those that this one's replies belong with: its own identity, not the one wanted now.
            identity = read_identity(self._notes) or {}
            self._beside = RepliesBeside(self._path, identity)
        return self._beside

    def _read_all(self) -> dict[str, str] | None:
        """Read the file and return whose it is; None if it has not been begun."""
        end = len(SIGNATURE)
        try:
            # Buffered: a file of many small records is read in large pieces.
            with self._path.open("rb") as file:
                signature = file.read(end)
                if not SIGNATURE.startswith(signature):
                    raise JournalMismatch(f"{self._path} is no journal: move it away")
                for record in read_records(file):
                    self._learn(record)
                    end = record.end
                size = file.seek(0, os.SEEK_END)
        except OSError as error:
            raise self._refused(error) from error
        if IDENTITY not in self._notes:
            return None
        if end < size:
            logger.info("%s ends in the middle of a reply, which is dropped", self._path)
            self._cut_off(end)
        identity = read_identity(self._notes)
        if identity is None:
            raise JournalMismatch(f"{self._path} is no journal: move it away")
        return identity

    def _learn(self, record: Record) -> None:
        if record.number == NOTE:
            self._notes.update(read_note(record))
        else:
            self._places.remember(record.number, record.begin)

    def _append(self, number: int, content: bytes) -> int:
        place = self._write(pack_record(number, content))
        self._unsynced = True
        self._changed.notify_all()
        return place

    def _write(self, data: bytes) -> int:
        """Write at the end and return where that was."""
        place = self._file.seek(0, os.SEEK_END)
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            # Half a record would hide those that come after it.
            self._cut_off(place)
            self._failure = self._refused(error)
            raise self._failure from error
        return place

    def _cut_off(self, size: int) -> None:
        try:
            self._file.truncate(size)
        except OSError as error:
            raise self._refused(error) from error

    def _sync(self) -> None:
        """Hand what was written to the disk, again and again; what came meanwhile goes together.

        What comes after a pause goes at once.
        """
        while True:
            with self._changed:
                # No `Buffer`: nothing is handed over, one word is enough for all that was written.
                self._changed.wait_for(lambda: self._unsynced or self._closing.is_set())
                if not self._unsynced:
                    return
                self._unsynced = False
            try:
                self._hand_to_disk()
            except OutputNotWritable as error:
                logger.warning("%s", error)
                return
            self._closing.wait(_SYNC_EVERY_S)

    def _hand_to_disk(self) -> None:
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> OutputNotWritable:
        reason = system_words(error)
        return OutputNotWritable(f"cannot write {self._path}: {reason}")


def _difference(kept: Identity, wanted: Identity) -> str:
    """Return the first thing that differs, in words."""
    name = next(name for name in {**wanted, **kept} if kept.get(name) != wanted.get(name))
    return f"another {_line(name)}, {_line(kept.get(name))}, not {_line(wanted.get(name))}"


def _line(text: str | None) -> str:
    """Return a text of a file, which may be anybody's, as it may stand in a sentence."""
    said = "none" if text is None else shown_text(text)
    return said if said.isprintable() and len(said) <= _LONGEST_SAID else quoted(said)
