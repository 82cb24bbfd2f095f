"""Records in an append-only file, each with its checksum."""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

# Length of the packed content, checksum of number and packed content, number.
_HEAD = struct.Struct("<IIq")
_NUMBER = struct.Struct("<q")
# Replies are mostly base64 of what is packed already: more effort would gain nothing.
_EFFORT = 1


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

    A record that the end of the file cuts short is what a crash leaves, and ends the reading.
    """
    begin = file.tell()
    while True:
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return
        length, checksum, number = _HEAD.unpack(head)
        packed = file.read(length)
        if len(packed) < length:
            return
        end = begin + _HEAD.size + length
        if _checksum(number, packed) == checksum:
            yield Record(number, zlib.decompress(packed), begin, end)
        begin = end
        file.seek(begin)


def _checksum(number: int, packed: bytes) -> int:
    return zlib.crc32(packed, zlib.crc32(_NUMBER.pack(number)))
