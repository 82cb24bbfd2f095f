"""H.264 as fragments of an MP4, one a picture, which a browser plays as they come.

libavformat writes a fragment when the next picture comes: a viewer would be one picture late, and
never see the last one before a source stands still. Boxes: ISO/IEC 14496-12 and, of H.264, -15.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

TICKS_PER_S = 90_000
"""Of the times in fragments."""

_SLICE_OF_KEYFRAME, _SEQUENCE, _PICTURE, _DELIMITER = 5, 7, 8, 9  # kinds of unit, ITU-T H.264, 7.4
_SQUARE = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)  # shown as it is
_HIGH = 100  # profiles from which on the record of the decoder says how colours are coded
_DEPENDS, _IS_KEYFRAME = 0x01010000, 0x02000000  # flags of a sample


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """A coded picture.

    Attributes:
        sequence: The parameters of the stream that stand before it (SPS); empty: none do.
        picture: Likewise those of pictures (PPS).
        sample: The rest of it, each unit after its length, as an MP4 has it.
        is_keyframe: Whether it refers to no other picture.
    """

    sequence: bytes
    picture: bytes
    sample: bytes
    is_keyframe: bool


def access_unit(coded: bytes) -> AccessUnit:
    """Return a picture that stands in a byte stream (ITU-T H.264, annex B)."""
    sequence = picture = b""
    is_keyframe = False
    sample = []
    for unit in _units(coded):
        kind = unit[0] & 31
        if kind == _SEQUENCE:
            sequence = unit
        elif kind == _PICTURE:
            picture = unit
        elif kind != _DELIMITER:
            is_keyframe |= kind == _SLICE_OF_KEYFRAME
            sample += [struct.pack(">I", len(unit)), unit]
    return AccessUnit(sequence, picture, b"".join(sample), is_keyframe)


def _units(coded: bytes) -> Iterator[bytes]:
    # Three or four bytes begin a unit, and no unit ends with a zero.
    for unit in coded.split(b"\0\0\1"):
        stripped = unit.rstrip(b"\0")
        if stripped:
            yield stripped


def codec_name(sequence: bytes) -> str:
    """Return what browsers call a stream with these parameters (RFC 6381)."""
    return f"avc1.{sequence[1:4].hex()}"


def init_segment(sequence: bytes, picture: bytes, frame_size: tuple[int, int]) -> bytes:
    """Return what is to be read before any fragment.

    Args:
        sequence: The parameters of the stream.
        picture: The parameters of its pictures.
        frame_size: (width, height) in pixels.
    """
    width, height = frame_size
    # Without a duration: a browser takes what has none as live, and holds no picture back.
    movie = struct.pack(">4IIHH8x", 0, 0, TICKS_PER_S, 0, 0x10000, 0, 0) + _SQUARE
    movie += bytes(24) + struct.pack(">I", 2)
    track = struct.pack(">2I I4xI8x4H", 0, 0, 1, 0, 0, 0, 0, 0) + _SQUARE
    track += struct.pack(">2I", width << 16, height << 16)
    media = struct.pack(">4IHH", 0, 0, TICKS_PER_S, 0, 0x55C4, 0)  # of no language
    handler = struct.pack(">4x4s12x", b"vide") + b"\0"
    return _box(b"ftyp", b"iso5", struct.pack(">I", 512), b"iso5iso6mp41") + _box(
        b"moov",
        _full(b"mvhd", 0, movie),
        _box(
            b"trak",
            _full(b"tkhd", 3, track),
            _box(
                b"mdia",
                _full(b"mdhd", 0, media),
                _full(b"hdlr", 0, handler),
                _box(
                    b"minf",
                    _full(b"vmhd", 1, bytes(8)),
                    _box(b"dinf", _full(b"dref", 0, struct.pack(">I", 1), _full(b"url ", 1))),
                    _samples(sequence, picture, frame_size),
                ),
            ),
        ),
        _box(b"mvex", _full(b"trex", 0, struct.pack(">5I", 1, 1, 0, 0, 0))),
    )


def fragment(unit: AccessUnit, number: int, begins: int, lasts: int) -> bytes:
    """Return a picture as it follows the init segment.

    Args:
        unit: The picture.
        number: Rises from one to the next.
        begins: When it is shown, in ticks.
        lasts: How long, in ticks, if no other comes.
    """
    flags = _IS_KEYFRAME if unit.is_keyframe else _DEPENDS
    run = struct.pack(">IiIII", 1, 0, lasts, len(unit.sample), flags)
    # Where its bytes are, counted from the beginning: known once all of this has its length.
    for data_at in (0, len(_moof(number, begins, run)) + 8):
        run = struct.pack(">IiIII", 1, data_at, lasts, len(unit.sample), flags)
    return _moof(number, begins, run) + _box(b"mdat", unit.sample)


def _moof(number: int, begins: int, run: bytes) -> bytes:
    return _box(
        b"moof",
        _full(b"mfhd", 0, struct.pack(">I", number & 0xFFFFFFFF)),
        _box(
            b"traf",
            _full(b"tfhd", 0x020000, struct.pack(">I", 1)),
            _full(b"tfdt", 1 << 24, struct.pack(">Q", begins)),
            _full(b"trun", 0x000701, run),
        ),
    )


def _samples(sequence: bytes, picture: bytes, frame_size: tuple[int, int]) -> bytes:
    """Return the box that says how samples are coded, and that all are in fragments."""
    record = b"\1" + sequence[1:4] + b"\xff\xe1" + struct.pack(">H", len(sequence)) + sequence
    record += b"\1" + struct.pack(">H", len(picture)) + picture
    if sequence[1] >= _HIGH:
        record += b"\xfd\xf8\xf8\0"  # 4:2:0, eight bits
    entry = struct.pack(">6xH16x2H2I4xH32xHh", 1, *frame_size, 72 << 16, 72 << 16, 1, 24, -1)
    coded = _box(b"avc1", entry, _box(b"avcC", record))
    return _box(
        b"stbl",
        _full(b"stsd", 0, struct.pack(">I", 1), coded),
        _full(b"stts", 0, bytes(4)),
        _full(b"stsc", 0, bytes(4)),
        _full(b"stsz", 0, bytes(8)),
        _full(b"stco", 0, bytes(4)),
    )


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _full(kind: bytes, version_and_flags: int, *parts: bytes) -> bytes:
    return _box(kind, struct.pack(">I", version_and_flags), *parts)
