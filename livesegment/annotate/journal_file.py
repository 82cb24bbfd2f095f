"""An append-only file for one process at a time: records, each with its checksum."""

import json
import struct
import sys
import zlib
from array import array
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from livesegment.protocol.reply import MAX_REPLY_BYTES

if sys.platform == "win32":
    import msvcrt

    # Windows locks bytes, and nobody else may read these: so one far beyond any content.
    _FAR = 2**40

    def lock(file: BinaryIO) -> bool:
        """Lock an open file until it is closed, also by a crash; False if it is locked already."""
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(0)
        return True

else:
    import fcntl

    def lock(file: BinaryIO) -> bool:
        """Lock an open file until it is closed, also by a crash; False if it is locked already."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            # A file system without locks: better without one than not at all.
            return True
        return True


SIGNATURE = b"livesegment journal 1\n"
NOTE = -1
"""The number of a record that is about the run: a name and a text."""

IDENTITY = "identity"
"""Name of the note that says what the replies depend on; the first record of a journal."""

# Length of the packed content, checksum of number and packed content, number.
_HEAD = struct.Struct("<IIq")
_NUMBER = struct.Struct("<q")
# Replies are mostly base64 of what is packed already: more effort would gain nothing.
_EFFORT = 1
_MOST_PACKED = MAX_REPLY_BYTES + 2**20  # what cannot be packed becomes a little longer


class Record(NamedTuple):
    """One record.

    Attributes:
        number: What it is about, chosen by the writer.
        content: What was written.
        begin: Where it begins in the file.
        end: Where the next one begins.
    """

    number: int
    content: bytes
    begin: int
    end: int


def pack_record(number: int, content: bytes) -> bytes:
    """Return a record as it is in the file."""
    packed = zlib.compress(content, _EFFORT)
    return _HEAD.pack(len(packed), _checksum(number, packed), number) + packed


def read_records(file: BinaryIO) -> Iterator[Record]:
    """Yield the records from here to the end, without those that are damaged.

    A record that the end of the file cuts short is what a crash leaves, and ends the reading. So
    does one longer than any: where it ends cannot be known.
    """
    begin = file.tell()
    while True:
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return
        length, checksum, number = _HEAD.unpack(head)
        packed = file.read(length) if length <= _MOST_PACKED else b""
        if len(packed) < length:
            return
        end = begin + _HEAD.size + length
        content = _unpacked(packed) if _checksum(number, packed) == checksum else None
        if content is not None:
            yield Record(number, content, begin, end)
        begin = end
        file.seek(begin)


_NOWHERE = -1
_MOST_FRAMES = 10_000_000  # days of film; a place is kept for each up to the last that has a reply


class ReplyPlaces:
    """Where in a journal's file the replies for frames begin."""

    def __init__(self) -> None:
        self._places = array("q")
        self._count = 0

    def __len__(self) -> int:
        """Return how many frames have a reply."""
        return self._count

    def __contains__(self, frame_index: int) -> bool:
        """Tell whether a frame has a reply."""
        return frame_index < len(self._places) and self._places[frame_index] != _NOWHERE

    def __iter__(self) -> Iterator[int]:
        """Yield the frames that have one."""
        return (frame for frame, place in enumerate(self._places) if place != _NOWHERE)

    def remember(self, frame_index: int, place: int) -> None:
        """Note where a frame's reply is; one of an impossible number is left out."""
        if not 0 <= frame_index < _MOST_FRAMES:
            return
        missing = frame_index + 1 - len(self._places)
        if missing > 0:
            self._places.extend(array("q", [_NOWHERE]) * missing)
        self._count += self._places[frame_index] == _NOWHERE
        self._places[frame_index] = place

    def content(self, file: BinaryIO, frame_index: int) -> bytes | None:
        """Return the reply for a frame from the file; None where there is none.

        Raises:
            OSError: If the file cannot be read.
        """
        if frame_index not in self:
            return None
        file.seek(self._places[frame_index])
        record = next(read_records(file), None)
        return record.content if record and record.number == frame_index else None


def read_note(record: Record) -> dict[str, str]:
    """Return what a note says, by its name; nothing where it is none."""
    with suppress(ValueError, RecursionError, TypeError):  # no two texts
        name, text = json.loads(record.content)
        return {str(name): str(text)}
    return {}


def read_identity(notes: Mapping[str, str]) -> dict[str, str] | None:
    """Return what replies depend on, as a journal's notes say it; None where they do not."""
    with suppress(KeyError, ValueError, RecursionError, AttributeError):
        identity: dict[str, str] = json.loads(notes[IDENTITY])
        return {str(name): str(value) for name, value in identity.items()}
    return None


def _unpacked(packed: bytes) -> bytes | None:
    """Return what was packed; None if it is damaged, or more than a reply has."""
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(packed, MAX_REPLY_BYTES)
    except zlib.error:
        return None
    return content if unpacking.eof else None


def _checksum(number: int, packed: bytes) -> int:
    return zlib.crc32(packed, zlib.crc32(_NUMBER.pack(number)))
