"""What somebody outside may send: JSON, PNG files, texts; mostly wrong, and almost right."""

import json
import struct
import zlib
from typing import Any

from hypothesis import strategies as st

from livesegment.errors import LiveSegmentError

any_text = st.text(st.characters(exclude_categories=()), max_size=40)
"""Texts of all that Python calls a character: halves of one and control characters, too."""

any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**4000), 10**4000)
    | st.floats()
    | any_text,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(any_text, inner, max_size=5),
    max_leaves=20,
)


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Draw bytes of which some are changed, left out, doubled or put elsewhere."""
    content = bytearray(draw(whole))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(content)))
        end = draw(st.integers(begin, min(len(content), begin + 40)))
        piece = bytes(content[begin:end])
        change = draw(st.sampled_from(("flip", "drop", "insert", "double", "cut", "move")))
        if change == "flip" and begin < len(content):
            content[begin] ^= 1 << draw(st.integers(0, 7))
        elif change == "drop":
            del content[begin:end]
        elif change == "insert":
            content[begin:begin] = draw(st.binary(max_size=12))
        elif change == "double":
            content[begin:begin] = piece
        elif change == "cut":
            del content[begin:]
        elif change == "move":
            del content[begin:end]
            at = draw(st.integers(0, len(content)))
            content[at:at] = piece
    return bytes(content)


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG, its checksum right."""
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
    )


_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_sizes = st.integers(0, 70) | st.sampled_from(
    (2**31 - 1, 2**31, 2**32 - 1, 2047, 2048, 2049, 8000, 13_000, 65_535)
)


@st.composite
def png_head(draw: st.DrawFn) -> bytes:
    """Draw the chunk that says what a PNG is: any size, any kind."""
    depth = draw(st.sampled_from((1, 2, 4, 8, 8, 8, 16)) | st.integers(0, 255))
    colour = draw(st.sampled_from((0, 0, 3, 3, 2, 4, 6)) | st.integers(0, 255))
    rest = draw(st.sampled_from((b"\0\0\0", b"\0\0\1")) | st.binary(min_size=3, max_size=3))
    size = struct.pack(">II", draw(_sizes), draw(_sizes))
    return chunk(b"IHDR", size + bytes((depth, colour)) + rest)


BOMB = zlib.compress(bytes(300 * 2**20), 1)
_pixels = st.binary(max_size=300) | st.integers(0, 20_000).map(bytes)
_packed = _pixels.map(zlib.compress) | st.binary(max_size=60) | st.just(BOMB)
_named = st.sampled_from((b"name\0\0", b"name\0\1", b"\0\0\0", b"")) | st.binary(max_size=5)
_chunks = st.one_of(
    png_head(),
    _packed.map(lambda content: chunk(b"IDAT", content)),
    st.binary(max_size=780).map(lambda content: chunk(b"PLTE", content)),
    st.builds(
        lambda kind, name, content: chunk(kind, name + content),
        st.sampled_from((b"zTXt", b"iTXt", b"iCCP", b"tEXt", b"eXIf")),
        _named,
        _packed,
    ),
    st.builds(
        chunk,
        st.sampled_from(
            (b"acTL", b"fcTL", b"fdAT", b"tRNS", b"gAMA", b"cHRM", b"sBIT", b"pHYs", b"IEND")
        )
        | st.binary(min_size=4, max_size=4),
        st.binary(max_size=40),
    ),
)


@st.composite
def any_png(draw: st.DrawFn) -> bytes:
    """Draw what begins as a PNG does, and is one at times."""
    head = draw(png_head())
    chunks = draw(st.lists(_chunks, max_size=6))
    end = draw(st.sampled_from((chunk(b"IEND", b""), b"")))
    return _SIGNATURE + head + b"".join(chunks) + end


def as_json(value: Any) -> bytes:
    """Return JSON as a server without scruples writes it: NaN, halves of characters."""
    return json.dumps(value).encode()


def is_sentence(error: LiveSegmentError, without: str = "") -> None:
    """Check that what is said fits on a screen, does nothing to it, and holds no secret."""
    lines = str(error).split("\n")
    assert all(lines)
    assert all(line.isprintable() for line in lines), lines
    assert max(map(len, lines)) < 600
    str(error).encode()
    assert not without or without not in f"{error!r} {error.__cause__!r}"
