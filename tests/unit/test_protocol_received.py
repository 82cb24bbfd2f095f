"""What a server makes of a request."""

import base64
import json
import subprocess
import sys
import textwrap
import zlib

import cv2
import numpy as np
import pytest

from livesegment.protocol.received import (
    Refusal,
    decode_image,
    image_file,
    offered_keys,
    read_confidence,
)

# Noise, so that its base64 holds every digit: + and / are those that clients trip over.
PICTURE = np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)
JPEG = cv2.imencode(".jpg", PICTURE)[1].tobytes()
TEXT = base64.b64encode(JPEG).decode()
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=edge"


def multipart(name: str = "file", content: bytes = JPEG, extra: bytes = b"") -> bytes:
    head = (
        f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    return extra + head.encode() + content + b"\r\n--edge--\r\n"


def test_the_sample_is_a_hard_one() -> None:
    assert "+" in TEXT
    assert "/" in TEXT


@pytest.mark.parametrize("content_type", [FORM, "application/json", "text/plain", "image/jpeg", ""])
@pytest.mark.parametrize("columns", [60, 76, 10**9])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_base64_is_read_wrapped_or_not_under_any_type(
    content_type: str, columns: int, line_end: str
) -> None:
    body = line_end.join(textwrap.wrap(TEXT, columns)) + line_end
    assert image_file(body.encode(), content_type) == JPEG


@pytest.mark.parametrize(
    "body",
    [
        f"data:image/jpeg;base64,{TEXT}",
        f"DATA:image/jpeg;name=a.jpg;base64,{TEXT}",
        TEXT.rstrip("="),
        TEXT.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
        TEXT.replace("+", "%2b").replace("/", "%2f").replace("=", "%3d"),
        "%0D%0A".join(textwrap.wrap(TEXT, 76)),
        json.dumps(TEXT),
        json.dumps(f"data:image/jpeg;base64,{TEXT}"),
        json.dumps({"image": TEXT}),
        json.dumps({"image": {"type": "base64", "value": TEXT}}),
    ],
)
def test_relatives_of_base64_are_read(body: str) -> None:
    assert image_file(body.encode(), "application/json") == JPEG


def test_the_bare_file_is_read() -> None:
    assert image_file(JPEG, "application/octet-stream") == JPEG


def test_the_form_part_file_is_read_among_others() -> None:
    other = b'--edge\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
    assert image_file(multipart(extra=other), MULTIPART) == JPEG


def test_a_form_part_may_hold_base64() -> None:
    assert image_file(multipart(content=TEXT.encode()), MULTIPART) == JPEG


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        (b"", "", "no image"),
        (b" \r\n", FORM, "no image"),
        (b"https://example.com/?api_key=1&image=x", FORM, "not an image"),
        (b"data:text/plain,hello", FORM, "not an image"),
        (TEXT[:101].encode(), FORM, "not an image"),
        (b"{", "application/json", "broken JSON"),
        (b'{"picture": 1}', "application/json", "under 'image'"),
        (b'{"image": 7}', "application/json", "under 'image'"),
        (multipart(name="photo"), MULTIPART, "no part named 'file'"),
        (multipart(content=b""), MULTIPART, "no image"),
        (b"no form", MULTIPART, "broken"),
        (multipart(), "multipart/form-data", "boundary"),
    ],
)
def test_what_holds_no_image_is_refused(body: bytes, content_type: str, reason: str) -> None:
    with pytest.raises(Refusal, match=reason) as caught:
        image_file(body, content_type)
    assert caught.value.status == 400


def test_half_a_character_is_no_image() -> None:
    for body in (rb'{"image": "\ud800"}', rb'"\udfff"', rb'{"image": {"value": "QUJD\ud800"}}'):
        with pytest.raises(Refusal, match="not an image") as caught:
            image_file(body, "application/json")
        assert caught.value.status == 400


def test_a_form_has_so_many_parts_and_so_many_headers() -> None:
    note = b'--edge\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
    assert image_file(multipart(extra=note * 50), MULTIPART) == JPEG
    with pytest.raises(Refusal, match="over 64 parts") as caught:
        image_file(multipart(extra=note * 100_000), MULTIPART)
    assert caught.value.status == 400
    for header in (b"X: y\r\n" * 100_000, b"X: " + b"y" * 1_000_000 + b"\r\n"):
        body = multipart().replace(b"Content-Type: image/jpeg\r\n", header)
        with pytest.raises(Refusal, match=r"headers|broken") as caught:
            image_file(body, MULTIPART)
        assert caught.value.status == 400


BROKEN_FORM = f"""
from livesegment.protocol.received import Refusal, image_file
try:
    image_file(b"no form", {MULTIPART!r})
except Refusal as refusal:
    print(refusal)
"""


def test_a_broken_form_leaves_no_line_in_the_log_of_who_serves() -> None:
    command = [sys.executable, "-c", BROKEN_FORM]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("the form in the body is broken\n", "")


def test_json_is_read_for_its_image_and_not_for_a_million_other_values() -> None:
    with pytest.raises(Refusal, match="values") as caught:
        image_file(b'{"image": [' + b"{}," * 1_000_000 + b"{}]}", "application/json")
    assert caught.value.status == 400


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".bmp"])
def test_common_pictures_are_decoded_as_bgr(extension: str) -> None:
    picture = np.zeros((30, 50, 3), np.uint8)
    picture[:] = (250, 120, 10)
    image = decode_image(cv2.imencode(extension, picture)[1].tobytes())
    assert image.dtype == np.uint8
    assert image.shape == (30, 50, 3)
    assert np.abs(image.astype(int) - (250, 120, 10)).max() < 8


@pytest.mark.parametrize("shape", [(30, 50), (30, 50, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_transparent_and_deep_pngs_become_bgr(shape: tuple[int, ...], dtype: type) -> None:
    half = np.full(shape, np.iinfo(dtype).max // 2 + 1, dtype)
    image = decode_image(cv2.imencode(".png", half)[1].tobytes())
    assert image.shape == (30, 50, 3)
    assert image.dtype == np.uint8
    assert np.unique(image).tolist() in ([127], [128])


@pytest.mark.parametrize("data", [b"", b"hello", JPEG[:20], JPEG[:3], b"GIF89a" + b"\0" * 40])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        decode_image(data)
    assert caught.value.status == 400


@pytest.mark.parametrize("side", [8_001, 12_000, 30_000])
def test_too_many_pixels_are_refused_from_the_header(side: int) -> None:
    png = bytearray(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    png[16:24] = side.to_bytes(4, "big") * 2
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    with pytest.raises(Refusal, match="pixels") as caught:
        decode_image(bytes(png))
    assert caught.value.status == 413


def test_keys_come_from_query_and_bearer_header() -> None:
    assert offered_keys("a", None) == ["a"]
    assert offered_keys(None, "Bearer b") == ["b"]
    assert offered_keys("a", "bearer  b ") == ["a", "b"]
    assert offered_keys("", "Basic b") == []
    assert offered_keys(None, "Bearer") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("", None),
        ("best", None),
        (" default ", None),
        ("0", 0.0),
        ("0.4", 40.0),
        ("1", 1.0),
        ("40", 40.0),
        ("100", 100.0),
    ],
)
def test_confidence_below_1_is_a_fraction(text: str | None, expected: float | None) -> None:
    assert read_confidence(text) == expected


@pytest.mark.parametrize("text", ["much", "-1", "101", "nan", "inf"])
def test_a_confidence_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="confidence"):
        read_confidence(text)
