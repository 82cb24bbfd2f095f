"""Where the fragments of a recording lie in its file, also while it is written.

Source: ISO/IEC 14496-12, the boxes `moof`, `tfdt`, `trun` and `mdhd`; 14496-15, `avcC`.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

_MOST_HEAD = 2**20  # bytes of what stands before the fragments, and of the head of each
_MOST_FRAGMENTS = 200_000  # more than two days of one a second

_DEFAULT_DURATION, _DEFAULT_SIZE, _DEFAULT_FLAGS = 0x8, 0x10, 0x20
_DATA_OFFSET, _FIRST_FLAGS, _DURATIONS = 0x1, 0x4, 0x100


@dataclass(frozen=True, slots=True)
class Fragments:
    """A fragmented MP4 as far as it has been written.

    Attributes:
        head: Bytes that have to be read before any fragment.
        codec: How it is coded, as RFC 6381 has it, such as `avc1.64001f`; None: not known.
        places: Of each fragment, where it begins, in bytes, and when it is shown, in seconds.
        end: Bytes up to the end of the last whole fragment.
        end_s: When that ends, in seconds.
    """

    head: int
    codec: str | None
    places: tuple[tuple[int, float], ...]
    end: int
    end_s: float

    @classmethod
    def read(cls, path: Path, after: int = 0) -> "Fragments | None":
        """Look through a file; None if it is no fragmented MP4.

        Args:
            path: The file; it may be anything.
            after: Fragments that begin before this are left out: an end that was returned before.

        Raises:
            OSError: If it cannot be read.
        """
        with path.open("rb") as file:
            try:
                return _read(file, after)
            except (struct.error, ZeroDivisionError, IndexError):
                return None


def _read(file: BinaryIO, after: int) -> Fragments | None:
    size = file.seek(0, 2)
    found = _head(file, size)
    if found is None:
        return None
    head, timescale, codec = found
    places, end, end_s = [], max(head, after), 0.0
    moof, first, lasts = -1, 0, 0
    for kind, begin, after_it in _boxes(file, end, size):
        if kind == b"moof" and after_it - begin <= _MOST_HEAD:
            first, lasts = _times(_bytes(file, begin, after_it))
            moof = begin
        elif kind == b"mdat" and moof >= 0:
            places.append((moof, first / timescale))
            end, end_s, moof = after_it, (first + lasts) / timescale, -1
        if len(places) >= _MOST_FRAGMENTS:
            break
    return Fragments(head, codec, tuple(places), end, end_s)


def _head(file: BinaryIO, size: int) -> tuple[int, int, str | None] | None:
    """Return where the fragments begin, ticks a second, and how it is coded; None if none do."""
    end, timescale, codec = 0, 0, None
    for kind, begin, after_it in _boxes(file, 0, size):
        if kind == b"moof":
            break
        if kind == b"moov" and after_it - begin <= _MOST_HEAD:
            moov = _bytes(file, begin, after_it)
            if _inside(moov, b"moov", b"mvex"):  # else all is in one piece
                timescale, codec = _timescale(moov), _codec(moov)
        end = after_it
    return (end, timescale, codec) if timescale else None


def _boxes(file: BinaryIO, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, begin and end of each whole box."""
    while begin + 8 <= end:
        file.seek(begin)
        header = file.read(16)
        size, kind = struct.unpack_from(">I4s", header)
        least = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", header, 8)
            least = 16
        if size < least or begin + size > end:
            return
        yield kind, begin, begin + size
        begin += size


def _bytes(file: BinaryIO, begin: int, end: int) -> bytes:
    file.seek(begin)
    return file.read(end - begin)


def _inside(data: bytes, *path: bytes) -> bytes:
    """Return the content of the first box of a path of boxes; empty if there is none."""
    for wanted in path:
        at, found = 0, b""
        while at + 8 <= len(data):
            size, kind = struct.unpack_from(">I4s", data, at)
            if size < 8:
                break
            if kind == wanted:
                found = data[at + 8 : at + size]
                break
            at += size
        data = found
    return data


def _timescale(moov: bytes) -> int:
    mdhd = _inside(moov, b"moov", b"trak", b"mdia", b"mdhd")
    (timescale,) = struct.unpack_from(">I", mdhd, 20 if mdhd[0] == 1 else 12)
    return int(timescale)


def _codec(moov: bytes) -> str | None:
    at = moov.find(b"avcC")
    if at < 0 or len(moov) < at + 8:
        return None
    return f"avc1.{moov[at + 5 : at + 8].hex()}"


def _times(moof: bytes) -> tuple[int, int]:
    """Return when a fragment begins and how long it lasts, in ticks."""
    traf = _inside(moof, b"moof", b"traf")
    tfdt, tfhd, trun = (_inside(traf, name) for name in (b"tfdt", b"tfhd", b"trun"))
    (begin,) = struct.unpack_from(">Q" if tfdt[0] == 1 else ">I", tfdt, 4)
    flags = int.from_bytes(tfhd[1:4], "big")
    at = 8 + 8 * bool(flags & 0x1) + 4 * bool(flags & 0x2)
    (usual,) = struct.unpack_from(">I", tfhd, at) if flags & _DEFAULT_DURATION else (0,)
    flags = int.from_bytes(trun[1:4], "big")
    (count,) = struct.unpack_from(">I", trun, 4)
    at = 8 + 4 * bool(flags & _DATA_OFFSET) + 4 * bool(flags & _FIRST_FLAGS)
    if not flags & _DURATIONS:
        return int(begin), int(usual * count)
    each = 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    steps = range(at, min(at + each * count, len(trun) - 3), each)
    return int(begin), sum(struct.unpack_from(">I", trun, step)[0] for step in steps)
