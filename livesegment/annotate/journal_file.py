"""An append-only file for one process at a time: records, each with its checksum."""

import struct
import sys
import zlib
from collections.abc import Iterator
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
