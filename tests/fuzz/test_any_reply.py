"""Whatever a reply holds: a mask of the frame's size, or one error, and no memory beyond that."""

import base64
import copy
import functools
import io
import struct
import warnings
from typing import Any

import numpy as np
import pytest
from anything import BOMB, any_json, any_png, any_text, as_json, chunk, damaged, is_sentence
from hypothesis import example, given
from hypothesis import strategies as st
from memory import resident_at_most
from PIL import Image
from recorded_replies import RECORDED

from livesegment.errors import BadReply
from livesegment.mask import Mask
from livesegment.protocol.base64_text import decode_base64
from livesegment.protocol.certainty import in_whole_percents
from livesegment.protocol.mask_png import encode_mask_png
from livesegment.protocol.received import Refusal, decode_image
from livesegment.protocol.reply import (
    both_reply,
    decode_reply,
    flat_reply,
    nested_reply,
    packed_reply,
)

FRAME = (64, 48)
MEGABYTE = 2**20


def read(body: bytes, frame_size: tuple[int, int] = FRAME) -> Mask | None:
    """Return the mask of a reply, checked; None where it is refused."""
    kept = packed_reply(body, frame_size)
    try:
        mask = decode_reply(body, frame_size=frame_size, frame_index=7, url="http://x/any/1")
    except BadReply as error:
        is_sentence(error)
        with pytest.raises(BadReply):
            decode_reply(kept, frame_size=frame_size, frame_index=7)
        return None
    again = decode_reply(kept, frame_size=frame_size, frame_index=7)
    assert (again.class_ids == mask.class_ids).all()
    assert again.class_map == mask.class_map
    assert (again.certainty is None) == (mask.certainty is None)
    if mask.certainty is not None and again.certainty is not None:
        assert (again.certainty == in_whole_percents(mask.certainty)).all()
    assert mask.frame_size == frame_size
    assert mask.class_ids.dtype == np.uint8
    assert mask.frame_index == 7
    for class_id, name in mask.class_map.items():
        assert 0 <= class_id <= 255
        assert len(name) <= 100
        name.encode()
    return mask


def with_png(png: bytes) -> bytes:
    return as_json({"segmentation_mask": base64.b64encode(png).decode()})


def pillow_png(mode: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new(mode, (20, 10), 1).save(file, "PNG", **options)
    return file.getvalue()


IDS = np.arange(600, dtype=np.uint8).reshape(20, 30) % 7
MASK = Mask(IDS, {0: "background", 1: "thing"}, certainty=IDS * 40)
REAL_PNGS = [
    encode_mask_png(MASK.class_ids),
    pillow_png("P"),
    pillow_png("P", bits=4),
    pillow_png("1"),
    pillow_png("I;16"),
    pillow_png("L", optimize=True),
]
LISTING = [each.reply for each in RECORDED.values() if each.instances is not None]
REAL_REPLIES = [
    as_json(flat_reply(MASK)),
    as_json(nested_reply(MASK, inference_id="x", time_s=0.1)),
    *map(as_json, LISTING),
]


@given(any_json)
def test_any_json(value: Any) -> None:
    read(as_json(value))


@given(
    st.sampled_from(
        [shape(MASK, inference_id="x", time_s=0.1) for shape in (nested_reply, both_reply)]
        + [flat_reply(MASK)]
    ),
    st.sampled_from(
        [
            *("segmentation_mask", "class_map", "image", "predictions"),
            *("confidence_mask", "confidence_percent"),
        ]
    ),
    any_json | any_png().map(lambda png: base64.b64encode(png).decode()),
)
def test_any_json_in_place_of_a_part(reply: dict[str, Any], part: str, value: Any) -> None:
    changed = {**reply, part: value}
    if "predictions" in reply:
        changed = {**reply, "predictions": {**reply["predictions"], part: value}}
    read(as_json(changed))


def places(value: Any) -> list[list[Any]]:
    """Return the way to every value within a JSON, by its keys."""
    if not isinstance(value, dict | list):
        return []
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [[key, *rest] for key, each in inner for rest in ([], *places(each))]


any_number = st.integers() | st.floats() | st.sampled_from((10**12, -1, 2**31, 2**63, 10**400, 0.5))


@given(st.data())
def test_anything_in_any_place_of_a_list_of_instances(data: st.DataObject) -> None:
    reply = copy.deepcopy(data.draw(st.sampled_from(LISTING)))
    for _ in range(data.draw(st.integers(1, 3))):
        ways = places(reply)
        if not ways:
            break
        *way, key = data.draw(st.sampled_from(ways))
        holder = functools.reduce(lambda value, each: value[each], way, reply)
        holder[key] = data.draw(any_number | any_json | st.lists(any_number, max_size=6))
    with resident_at_most(120 * MEGABYTE):
        read(as_json(reply))


@given(st.text(st.characters(min_codepoint=47, max_codepoint=112), max_size=40) | any_json)
def test_any_run_lengths(counts: Any) -> None:
    rle = {"size": [3, 5], "counts": counts}
    one = {"class": "a", "class_id": 0, "confidence": 0.5, "rle": rle}
    read(as_json({"predictions": [one]}))


@given(st.dictionaries(st.integers().map(str) | any_text, any_text | any_json, max_size=8))
def test_any_class_map(class_map: dict[str, Any]) -> None:
    read(as_json({**flat_reply(MASK), "class_map": class_map}))


@given(st.binary(max_size=200) | damaged(st.sampled_from(REAL_REPLIES)))
@example(b"\xff\xfe[\0]\0")
@example(b"[" * 100_000)
@example(b'{"a":' * 40_000)
@example(b"9" * 10_000)
@example(b"1e999999999")
def test_any_bytes(body: bytes) -> None:
    read(body)


@given(any_text.map(lambda text: text.encode(errors="surrogatepass")) | st.binary(max_size=100))
@example(b"data:,")
@example(b"%")
def test_any_base64_is_bytes_or_a_value_error(text: bytes) -> None:
    try:
        assert len(decode_base64(text)) <= len(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - either is right


@given(any_png() | damaged(st.sampled_from(REAL_PNGS)))
def test_any_png(png: bytes) -> None:
    with resident_at_most(120 * MEGABYTE):
        read(with_png(png))


def grey_head(width: int, height: int, depth: int = 8, colour: int = 0) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))


BEFORE_PIXELS = {
    "a larger picture's head": grey_head(11_000, 11_000, 16),
    "a larger one's, of colours": grey_head(11_000, 11_000, 8, 2),
    "a profile": chunk(b"iCCP", b"name\0\0" + BOMB),
    "a text": chunk(b"zTXt", b"name\0\0" + BOMB),
    "another text": chunk(b"iTXt", b"name\0\1\0\0\0" + BOMB),
    "a film of many": chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)),
    "a film of none": chunk(b"acTL", struct.pack(">II", 0, 0)),
    "a film's part": chunk(b"fcTL", bytes(range(26))),
}


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("behind", BEFORE_PIXELS)
def test_what_follows_a_small_head_takes_no_memory(behind: str, depth: int) -> None:
    head = b"\x89PNG\r\n\x1a\n" + grey_head(20, 10, depth)
    png = head + BEFORE_PIXELS[behind] + chunk(b"IDAT", BOMB) + chunk(b"IEND", b"")
    with resident_at_most(60 * MEGABYTE):
        read(with_png(png))


def received(picture: bytes) -> None:
    """Have a picture decoded as a server does: an image, or a refusal."""
    # The program says nothing of what Pillow finds odd.
    with resident_at_most(120 * MEGABYTE), warnings.catch_warnings(action="ignore"):
        try:
            image = decode_image(picture)
        except Refusal as refusal:
            is_sentence(refusal)
            assert refusal.status in {400, 413}  # noqa: PT017 - either is right
        else:
            assert image.ndim == 3


@given(any_png() | damaged(st.sampled_from(REAL_PNGS)))
def test_any_picture_that_a_server_is_sent(picture: bytes) -> None:
    received(picture)


@pytest.mark.parametrize("size", [(20, 10), (30_000, 30_000)])
@pytest.mark.parametrize("behind", BEFORE_PIXELS)
def test_a_bomb_that_a_server_is_sent(behind: str, size: tuple[int, int]) -> None:
    head = b"\x89PNG\r\n\x1a\n" + grey_head(*size)
    small = grey_head(20, 10) if size[0] > 20 else b""
    received(head + BEFORE_PIXELS[behind] + small + chunk(b"IDAT", BOMB) + chunk(b"IEND", b""))
