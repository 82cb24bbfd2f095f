"""Replies, read and written."""

import base64
import io
import json
import struct
import textwrap
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory import memory_at_most
from PIL import Image

from livesegment.class_name import clean_class_name
from livesegment.errors import BadReply
from livesegment.mask import Mask
from livesegment.protocol.mask_png import encode_mask_png
from livesegment.protocol.reply import decode_reply, flat_reply, nested_reply

IDS = np.array([[0, 1, 2], [3, 200, 255]], np.uint8)


def png(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


def raw_png(
    depth: int, width: int, rows: list[bytes], colour_type: int = 0, behind: bytes = b""
) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour_type, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\0" + row for row in rows) + behind)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def reply(mask_file: bytes, class_map: Any = None, **more: Any) -> bytes:
    encoded = base64.b64encode(mask_file).decode()
    names = {"0": "background"} if class_map is None else class_map
    return json.dumps({"segmentation_mask": encoded, "class_map": names, **more}).encode()


def decoded(body: bytes, size: tuple[int, int] = (3, 2)) -> Mask:
    return decode_reply(body, frame_size=size, frame_index=5)


def test_the_flat_reply_is_read() -> None:
    body = reply(
        png(Image.fromarray(IDS)),
        {"0": " background", "1": " object "},
        image={"width": 4, "height": 1},  # off by one, as rounding servers send it
    )
    mask = decoded(body)
    assert mask.class_ids.tolist() == IDS.tolist()
    assert mask.class_map == {0: "background", 1: "object"}
    assert mask.frame_index == 5


def test_the_nested_reply_is_read() -> None:
    flat = json.loads(reply(png(Image.fromarray(IDS)), {"0": "background"}))
    body = json.dumps(
        {"inference_id": "x", "time": 0.1, "image": {"width": 3, "height": 2}, "predictions": flat}
    )
    assert decoded(body.encode()).class_ids.tolist() == IDS.tolist()


def test_palette_indices_are_the_ids() -> None:
    indexed = Image.frombytes("P", (3, 2), IDS.tobytes())
    indexed.putpalette([value for i in range(256) for value in (255 - i, i, 7)])
    assert decoded(reply(png(indexed, bits=8))).class_ids.tolist() == IDS.tolist()


@pytest.mark.parametrize(
    ("depth", "rows", "expected"),
    [
        (1, [b"\x40", b"\xa0"], [[0, 1, 0], [1, 0, 1]]),
        (2, [b"\x1c", b"\xe4"], [[0, 1, 3], [3, 2, 1]]),
        (4, [b"\x01\xf0", b"\x98\x70"], [[0, 1, 15], [9, 8, 7]]),
        (16, [b"\0\0\0\1\0\2", b"\0\3\0\4\0\xff"], [[0, 1, 2], [3, 4, 255]]),
    ],
)
def test_grey_of_other_depths_counts_by_its_stored_numbers(
    depth: int, rows: list[bytes], expected: list[list[int]]
) -> None:
    assert decoded(reply(raw_png(depth, 3, rows))).class_ids.tolist() == expected


def test_a_mask_of_another_size_is_resized_without_new_ids() -> None:
    small = np.zeros((512, 512), np.uint8)
    small[:, 256:] = 200
    mask = decoded(reply(png(Image.fromarray(small))), size=(1232, 821))
    assert mask.frame_size == (1232, 821)
    assert set(np.unique(mask.class_ids).tolist()) == {0, 200}
    assert mask.class_ids[400, 615] == 0
    assert mask.class_ids[400, 616] == 200


def test_ids_outside_the_class_map_are_kept_and_have_a_name() -> None:
    mask = decoded(reply(png(Image.fromarray(IDS)), {"0": "background"}))
    assert mask.class_ids[1, 2] == 255
    assert mask.class_name(255) == "class 255"


def test_the_names_of_every_id_that_a_pixel_can_have_are_kept_and_no_others() -> None:
    names = {str(class_id): f"name {class_id}" for class_id in range(-3, 5000)}
    mask = decoded(reply(png(Image.fromarray(IDS)), names))
    assert mask.class_map == {class_id: f"name {class_id}" for class_id in range(256)}


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (" person\n", "person"),
        ("traffic\nlight\x00", "traffic light"),
        ("\ud800", "\ufffd"),
        ("a\u2028b", "a b"),
        ("x" * 5_000_000, "x" * 100),
        (" " * 5_000_000 + "y", "y"),
        ("x" * 99 + " " + "y" * 9, "x" * 99),
        ("猫\u200d", "猫\u200d"),
    ],
)
def test_a_name_is_one_short_line(said: str, name: str) -> None:
    mask = decoded(reply(png(Image.fromarray(IDS)), {"1": said}))
    assert mask.class_name(1) == name
    assert clean_class_name(name) == name


def test_a_name_of_nothing_is_none() -> None:
    mask = decoded(reply(png(Image.fromarray(IDS)), {"1": " \x00\n "}))
    assert mask.class_name(1) == "class 1"


@pytest.mark.parametrize("entry", ['"{}": "a"', '"{}": [[], []]', '"{}": {{"a": {{}}}}'])
def test_a_reply_of_very_many_parts_is_not_taken_apart(entry: str) -> None:
    entries = ", ".join(entry.format(number) for number in range(300_000)).encode()
    body = reply(GOOD).replace(b'"class_map": {', b'"class_map": {' + entries + b", ")
    with memory_at_most(16 * 2**20), pytest.raises(BadReply, match="more parts than"):
        decoded(body)


def test_a_reply_without_class_names_is_a_segmentation_still() -> None:
    body = json.dumps({"segmentation_mask": base64.b64encode(png(Image.fromarray(IDS))).decode()})
    assert decoded(body.encode()).class_map == {}


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
@pytest.mark.parametrize("columns", [60, 76, 100_000])
def test_prefixed_and_wrapped_base64_is_read(prefix: str, columns: int) -> None:
    encoded = base64.b64encode(png(Image.fromarray(np.repeat(IDS, 90, 0)))).decode()
    wrapped = prefix + "\r\n".join(textwrap.wrap(encoded, columns))
    body = json.dumps({"segmentation_mask": wrapped, "class_map": {}}).encode()
    assert decoded(body, (3, 180)).class_ids.shape == (180, 3)


def flat_png(width: int, height: int) -> bytes:
    return encode_mask_png(np.zeros((height, width), np.uint8))


def test_a_mask_far_larger_than_what_was_sent_is_not_unpacked() -> None:
    body = reply(flat_png(8000, 8000))
    with (
        memory_at_most(2 * 2**20),
        pytest.raises(BadReply, match="said to be 8000x8000, too large for a picture of 640x360"),
    ):
        decode_reply(body, frame_size=(3840, 2160), sent_size=(640, 360), frame_index=0)


@pytest.mark.parametrize(
    ("sent", "size"),
    [((64, 48), (2048, 2048)), ((640, 360), (1280, 720)), ((3000, 2000), (6000, 4000))],
)
def test_a_mask_may_be_larger_than_what_was_sent(
    sent: tuple[int, int], size: tuple[int, int]
) -> None:
    mask = decode_reply(reply(flat_png(*size)), frame_size=(3, 2), sent_size=sent, frame_index=0)
    assert mask.frame_size == (3, 2)


def huge_png() -> bytes:
    file = bytearray(png(Image.fromarray(IDS)))
    file[16:24] = struct.pack(">II", 60_000, 60_000)
    return bytes(file)


GOOD = png(Image.fromarray(IDS))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>hello</html>", "HTML"),
        (b"hello", "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[" * 40_000, "no JSON"),
        (b"[" * 600_000, "more parts"),
        (b"<html>" + b"," * 100_000, "HTML"),
        (b"[1, 2]", "no segmentation_mask"),
        (b'{"predictions": [{"x": 1}]}', "detection model"),
        (b'{"segmentation_mask": null, "class_map": {}}', "not a text"),
        (b'{"segmentation_mask": "", "class_map": {}}', "empty"),
        (b'{"segmentation_mask": "%%%", "class_map": {}}', "base64"),
        (b'{"segmentation_mask": "iVBORw0K", "class_map": {}}', "not a PNG"),
        (b'{"segmentation_mask": "\xc3\xa4\xc3\xb6", "class_map": {}}', "base64"),
        (reply(GOOD, {"zero": "background"}), "class_map"),
        (reply(GOOD, {"1.5": "background"}), "class_map"),
        (reply(GOOD, {"0": 7}), "class_map"),
        (reply(GOOD, ["background"]), "class_map"),
        (reply(GOOD[: len(GOOD) // 2]), "damaged"),
        (reply(GOOD[:40]), "damaged"),
        (reply(raw_png(2, 3, [b"\x1c", b"\xe4"])[:45]), "damaged"),
        (reply(huge_png()), "too large"),
        (reply(png(Image.new("RGB", (3, 2)))), "not of one channel"),
        (reply(png(Image.new("RGBA", (3, 2)))), "not of one channel"),
        (reply(raw_png(16, 3, [b"\1\0\0\1\0\2"])), "above 255"),
    ],
)
def test_what_is_no_segmentation_is_refused_in_one_sentence(body: bytes, reason: str) -> None:
    with pytest.raises(BadReply, match=reason) as caught:
        decode_reply(body, frame_size=(3, 2), frame_index=0, url="http://host/a/1")
    assert "http://host/a/1" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.url == "http://host/a/1"
    assert not caught.value.retryable


@pytest.mark.parametrize("shape", ["flat", "nested"])
def test_what_is_written_is_read_back(shape: str) -> None:
    mask = Mask(IDS, {0: "background", 7: "猫"})
    if shape == "flat":
        document = flat_reply(mask)
    else:
        document = nested_reply(mask, inference_id="abc", time_s=0.25)
    assert document["image"] == {"width": 3, "height": 2}
    read = decoded(json.dumps(document).encode())
    assert read.class_ids.tolist() == IDS.tolist()
    assert read.class_map == {0: "background", 7: "猫"}


def test_the_flat_reply_is_what_the_documentation_says() -> None:
    document = flat_reply(Mask(IDS, {0: "background"}))
    assert set(document) == {"segmentation_mask", "class_map", "image"}
    assert document["class_map"] == {"0": "background"}
    with Image.open(io.BytesIO(base64.b64decode(document["segmentation_mask"]))) as image:
        assert (image.format, image.mode, image.size) == ("PNG", "L", (3, 2))


def test_the_nested_reply_says_which_ids_occur() -> None:
    document = nested_reply(Mask(IDS, {}), inference_id="abc", time_s=0.25)
    assert document["predictions"]["present_class_ids"] == [0, 1, 2, 3, 200, 255]
    assert (document["inference_id"], document["time"]) == ("abc", 0.25)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_anywhere_gives_a_mask_or_bad_reply_and_nothing_else(data: st.DataObject) -> None:
    file = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert decoded(reply(bytes(file))).frame_size == (3, 2)
    except BadReply as error:
        assert "no segmentation" in str(error)  # noqa: PT017


def test_what_stands_behind_a_masks_pixels_is_not_unpacked(
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = raw_png(8, 4, [b"\1\2\3\4"] * 3, behind=bytes(64 * 2**20))
    assert decoded(reply(file), (4, 3)).class_ids.tolist() == [[1, 2, 3, 4]] * 3
    assert capfd.readouterr().err == ""  # libpng says what it has met
