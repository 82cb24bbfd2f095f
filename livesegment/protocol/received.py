"""What a server makes of a request: the picture, the keys, the confidence."""

import io
import json
import logging
import math
from typing import Any

import cv2
import numpy as np
from PIL import Image as Pictures
from PIL import UnidentifiedImageError
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from livesegment.errors import LiveSegmentError
from livesegment.frame import Image
from livesegment.protocol.base64_text import decode_base64

# Without a handler, each broken form would be a line on stderr, for whoever sends them.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())

MAX_IMAGE_PIXELS = 64_000_000
"""Larger pictures are refused from their header, before they are unpacked."""

_MOST_PARTS = 64
_MOST_HEADER_BYTES = 64 * 1024
_MOST_VALUES = 1000
"""Of a form, of all its parts, of a JSON: clients send a handful, and each takes time to read."""

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
_HOW_TO_SEND = "send it as base64 text in the body, as the form's part 'file', or as image=URL"


class Refusal(LiveSegmentError):
    """A request that a server does not serve.

    Attributes:
        status: HTTP status of the answer.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def image_file(body: bytes, content_type: str = "") -> bytes:
    """Return the image file that the body of a request carries.

    Clients disagree with their own content types, so that the type counts for multipart only.
    Read are: base64 text, wrapped or not, with or without a `data:` prefix; a multipart form's
    part `file`; base64 as a JSON text or under `image` of a JSON object; the bare file.

    Args:
        body: The whole body.
        content_type: The request's header, empty if there is none.

    Raises:
        Refusal: With status 400 if there is no image to be found.
    """
    kind, options = parse_options_header(content_type)
    if kind == b"multipart/form-data":
        body = _form_part(body, options.get(b"boundary", b""))
    if _is_image_file(body):
        return body
    text = body.strip()
    if not text:
        raise Refusal(400, f"the request holds no image: {_HOW_TO_SEND}")
    if text[:1] in {b'"', b"{"}:
        text = _json_image(text)
    try:
        return decode_base64(text)
    except ValueError as error:
        raise Refusal(400, f"the body is not an image, {error}: {_HOW_TO_SEND}") from error


def _is_image_file(body: bytes) -> bool:
    is_webp = body[:4] == b"RIFF" and body[8:12] == b"WEBP"
    is_bmp = body[:2] == b"BM" and not body[2:10].isalnum()
    return body.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n")) or is_webp or is_bmp


def _json_image(text: bytes) -> bytes:
    if text.count(b",") >= _MOST_VALUES:
        raise Refusal(400, f"the JSON holds over {_MOST_VALUES} values: {_HOW_TO_SEND}")
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the body is broken JSON: {_HOW_TO_SEND}") from error
    # {"image": "..."} and {"image": {"type": "base64", "value": "..."}}
    for name in ("image", "value"):
        if isinstance(value, dict):
            value = value.get(name)
    if not isinstance(value, str):
        raise Refusal(400, f"the JSON holds no base64 text under 'image': {_HOW_TO_SEND}")
    return value.encode("ascii", "replace")  # half a character has no UTF-8; no base64 either way


def _form_part(body: bytes, boundary: bytes) -> bytes:
    """Return the part `file` of a multipart form."""
    if not boundary:
        raise Refusal(400, "the form's content type names no boundary")
    form = _FormParts()
    try:
        parser = MultipartParser(boundary, form.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise Refusal(400, "the form in the body is broken") from error
    if "file" not in form.parts:
        raise Refusal(400, "the form has no part named 'file'")
    return form.parts["file"]


class _FormParts:
    """Collects the parts of a multipart form, whole, by name; raises a Refusal at too many."""

    def __init__(self) -> None:
        self.parts: dict[str, bytes] = {}
        self._begun = 0
        self._header_bytes = 0
        self._header = (bytearray(), bytearray())
        self._name = ""
        self._data = bytearray()

    def callbacks(self) -> dict[str, Any]:
        """Return what the parser is to call."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda *piece: self._add_header(self._header[0], *piece),
            "on_header_value": lambda *piece: self._add_header(self._header[1], *piece),
            "on_header_end": self._end_header,
            "on_part_data": lambda data, start, end: self._data.extend(data[start:end]),
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        self._begun += 1
        if self._begun > _MOST_PARTS:
            raise Refusal(400, f"the form has over {_MOST_PARTS} parts")
        self._name, self._data = "", bytearray()

    def _add_header(self, to: bytearray, data: bytes, start: int, end: int) -> None:
        self._header_bytes += end - start
        if self._header_bytes > _MOST_HEADER_BYTES:
            raise Refusal(400, "the form's parts have too many headers")
        to.extend(data[start:end])

    def _end_header(self) -> None:
        field, value = self._header
        if field.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(value))
            self._name = options.get(b"name", b"").decode(errors="replace")
        self._header = (bytearray(), bytearray())

    def _end(self) -> None:
        self.parts.setdefault(self._name, bytes(self._data))


def decode_image(data: bytes) -> Image:
    """Return the picture of a JPEG, PNG, WebP or BMP file, BGR uint8 (H, W, 3).

    A JPEG's orientation is applied; transparency is dropped; 16 bits become 8.

    Raises:
        Refusal: With status 400 if it is no such picture, 413 if it has too many pixels.
    """
    try:
        with Pictures.open(io.BytesIO(data), formats=_FORMATS) as header:
            width, height = header.size
    except (Pictures.DecompressionBombError, Pictures.DecompressionBombWarning) as error:
        raise Refusal(413, "the image has too many pixels") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Refusal(400, "the image is not a readable JPEG, PNG, WebP or BMP file") from error
    if width * height > MAX_IMAGE_PIXELS:
        limit = MAX_IMAGE_PIXELS // 1_000_000
        raise Refusal(413, f"the image has {width}x{height} pixels; {limit} million are the limit")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise Refusal(400, "the image is damaged") from error
    if image is None:
        raise Refusal(400, "the image is damaged")
    return image.astype(np.uint8, copy=False)


def offered_keys(api_key: str | None, authorization: str | None) -> list[str]:
    """Return the keys of a request: of its query and of its `Authorization: Bearer` header."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return [key for key in ((api_key or "").strip(), bearer) if key]


def read_confidence(text: str | None) -> float | None:
    """Return a request's confidence as 0 to 100; None where the request leaves it open.

    Below 1 it is a fraction, from 1 on a percentage, as the local inference servers read it. The
    words `best` and `default` leave it open as well.

    Raises:
        Refusal: With status 400 if it is no number from 0 to 100.
    """
    if text is None or text.strip() in {"", "best", "default"}:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 100:
        raise Refusal(400, "confidence is a number from 0 to 100, best or default")
    return number * 100 if number < 1 else number
