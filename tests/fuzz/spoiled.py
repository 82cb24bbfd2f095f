"""Files that were whole once: the same number spoils the same file in the same way, for ever."""

import random
import re
import struct
from collections.abc import Callable

_SIZES = (0, 1, 7, 8, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
# Boxes of MP4, elements of AVI, chunks of PNG and WebP: a size stands beside each name.
_NAMES = re.compile(
    rb"ftyp|moov|mvhd|trak|tkhd|mdia|mdhd|stbl|stsd|stts|ctts|stsc|stsz|stco|elst|avc1|avcC|mdat"
    rb"|RIFF|LIST|hdrl|avih|strh|strf|movi|idx1|IHDR|PLTE|IDAT|IEND|VP8X|VP8L|VP8 |ANIM|ANMF"
)
_TIMES = re.compile(rb"mvhd|tkhd|mdhd|stts|ctts|elst|ANMF|avih|strh|\x2a\xd7\xb1|\x44\x89|\xe7")


def _flip(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 3, 30))):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def _flip_in_head(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 4, 12))):
        content[chance.randrange(min(len(content), 400))] ^= 1 << chance.randrange(8)


def _cut(content: bytearray, chance: random.Random) -> None:
    del content[chance.randrange(len(content)) :]


def _splice(content: bytearray, chance: random.Random) -> None:
    begin, to = chance.randrange(len(content)), chance.randrange(len(content))
    piece = bytes(content[begin : begin + chance.choice((16, 300, 4000))])
    if chance.random() < 0.5:
        content[to:to] = piece
    else:
        content[to : to + len(piece)] = piece


def _drop(content: bytearray, chance: random.Random) -> None:
    begin = chance.randrange(len(content))
    del content[begin : begin + chance.choice((1, 8, 500))]


def _noise(content: bytearray, chance: random.Random) -> None:
    begin = chance.randrange(len(content))
    length = min(chance.choice((8, 200, 3000)), len(content) - begin)
    content[begin : begin + length] = chance.randbytes(length)


def _size_beside_a_name(content: bytearray, chance: random.Random) -> None:
    places = [match.start() for match in _NAMES.finditer(bytes(content))]
    if not places:
        return _number_in_head(content, chance)
    at, order = chance.choice(places), chance.choice((">I", "<I"))
    before = chance.random() < 0.7 and at >= 4
    place = at - 4 if before else at + 4
    if place + 4 <= len(content):
        struct.pack_into(order, content, place, chance.choice(_SIZES))
    return None


def _time(content: bytearray, chance: random.Random) -> None:
    places = [match.end() for match in _TIMES.finditer(bytes(content))]
    if not places:
        return _number_in_head(content, chance)
    at = chance.choice(places) + 4 * chance.randrange(8)
    if at + 4 <= len(content):
        struct.pack_into(">I", content, at, chance.choice(_SIZES))
    return None


def _number_in_head(content: bytearray, chance: random.Random) -> None:
    if len(content) >= 8:
        at = chance.randrange(min(len(content) - 4, 64))
        struct.pack_into(chance.choice((">I", "<I", ">I")), content, at, chance.choice(_SIZES))


_WAYS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _flip_in_head,
    _cut,
    _splice,
    _drop,
    _noise,
    _size_beside_a_name,
    _size_beside_a_name,
    _time,
    _number_in_head,
)


def spoiled(content: bytes, number: int) -> bytes:
    """Return a file that is no longer whole."""
    chance = random.Random(number)
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 4))):
        if changed:
            chance.choice(_WAYS)(changed, chance)
    return bytes(changed)
