"""A segmentation as JSON: read in both shapes that endpoints speak, written in either."""

import base64
import io
import json
import re
import struct
from typing import Any

import cv2
import numpy as np
from PIL import Image

from livesegment.class_name import clean_class_map
from livesegment.errors import BadReply
from livesegment.mask import ClassIds, Mask
from livesegment.protocol.base64_text import decode_base64

_MOST_MASK_PIXELS = 64_000_000
_ANY_MASK_PIXELS = 2048 * 2048
_TIMES_WHAT_WAS_SENT = 4

MAX_REPLY_BYTES = 64 * 2**20
"""Longer answers are not read to their end, whatever was sent."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3
_COLOUR_TYPES = {2: "colours", 4: "grey with transparency", 6: "colours with transparency"}
_HEADER_END = 33  # of the signature and the first chunk, IHDR
_CHUNK = struct.Struct(">I4s")  # length and kind; a checksum follows the content
_KEPT_CHUNKS = frozenset((b"PLTE", b"IDAT", b"IEND"))
_BEST_RATIO = 1032  # of deflate: zlib, technical details
_ANY_DATA = 32 * 2**20
_MOST_PARTS = 50_000  # of the JSON; those of a large class map are thousands


def most_mask_pixels(sent_size: tuple[int, int]) -> int:
    """Return how many pixels the mask of a picture has at most.

    Servers answer in the size of what was sent, or in their model's. So it has four times as many
    pixels as that, and 2048x2048 for a smaller picture; more is refused before it is unpacked, as
    few bytes of PNG can hold very many.

    Args:
        sent_size: (width, height) of the picture that was sent.
    """
    width, height = sent_size
    wanted = max(_ANY_MASK_PIXELS, _TIMES_WHAT_WAS_SENT * width * height)
    return min(_MOST_MASK_PIXELS, wanted)


def most_reply_bytes(sent_size: tuple[int, int]) -> int:
    """Return how many bytes the reply to a picture has at most.

    That is a megabyte, and base64 of a mask and of its certainties, neither of them packed.

    Args:
        sent_size: (width, height) of the picture that was sent.
    """
    return min(MAX_REPLY_BYTES, 2**20 + 3 * most_mask_pixels(sent_size))


def encode_mask_png(class_ids: ClassIds) -> bytes:
    """Return class ids, uint8 (H, W), as an 8-bit grey PNG."""
    _, png = cv2.imencode(".png", class_ids)
    return png.tobytes()


def decode_mask_png(png: bytes, sent_size: tuple[int, int]) -> ClassIds:
    """Return the class ids of a PNG, uint8 (H, W).

    8-bit grey is read as it is; palette indices are kept; grey of 1, 2, 4 and 16 bits counts by
    its stored numbers, unscaled.
    Source: PNG specification, W3C 2003, 11.2.2 (the IHDR chunk).

    Args:
        png: The file.
        sent_size: (width, height) of the picture that it is about.

    Raises:
        ValueError: If it is no single-channel PNG, is damaged, larger than `most_mask_pixels`, or
            holds ids above 255.
    """
    if len(png) < _HEADER_END or not png.startswith(_SIGNATURE) or png[12:16] != b"IHDR":
        raise ValueError("the mask is not a PNG")
    width, height, depth, colour_type = struct.unpack_from(">IIBB", png, 16)
    if width * height > most_mask_pixels(sent_size):
        raise ValueError(
            f"the mask is said to be {width}x{height}, too large for a picture of"
            f" {sent_size[0]}x{sent_size[1]}"
        )
    if colour_type not in {_GREY, _PALETTE}:
        kind = _COLOUR_TYPES.get(colour_type, f"colour type {colour_type}")
        raise ValueError(f"the mask is a PNG of {kind}, not of one channel")
    png = _bare(png)
    is_usual = (depth, colour_type) == (8, _GREY) and _unpacks_soon(png, width * height)
    ids = _grey_8(png) if is_usual else _indexed(png, depth, colour_type)
    if ids is None or ids.shape != (height, width):
        raise ValueError("the mask is a damaged PNG")
    return ids


def _bare(png: bytes) -> bytes:
    """Return a PNG without what it says beside its pixels.

    A second head would count in place of the one that was looked at; profiles, texts and films
    may be bombs of their own.
    """
    kept = [png[:_HEADER_END]]
    at = _HEADER_END
    while at + _CHUNK.size <= len(png):
        length, kind = _CHUNK.unpack_from(png, at)
        end = at + _CHUNK.size + length + 4
        if kind in _KEPT_CHUNKS:
            kept.append(png[at:end])
        at = end
    return b"".join(kept)


def _unpacks_soon(png: bytes, pixels: int) -> bool:
    """Tell whether a PNG holds, however it is packed, little more than its pixels.

    OpenCV unpacks also what stands behind them, up to 300 MB in 300 kB; Pillow stops there.
    """
    return len(png) * _BEST_RATIO <= _ANY_DATA + 4 * pixels


def _grey_8(png: bytes) -> ClassIds | None:
    # OpenCV unpacks this, the common kind, in two thirds of Pillow's time.
    ids = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    return None if ids is None else ids.astype(np.uint8, copy=False)


def _indexed(png: bytes, depth: int, colour_type: int) -> ClassIds:
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            values = np.array(image)
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises on broken files
        raise ValueError("the mask is a damaged PNG") from error
    if values.max(initial=0) > 255:
        raise ValueError("the mask is a 16-bit PNG with numbers above 255, which are no class ids")
    if colour_type == _GREY and depth in {2, 4}:
        # Pillow stretches these to 0..255.
        values = values // (255 // (2**depth - 1))
    ids: ClassIds = values.astype(np.uint8)
    return ids


_INTEGER = re.compile(r"\s*-?[0-9]{1,9}\s*")


def decode_reply(
    body: bytes,
    *,
    frame_size: tuple[int, int],
    frame_index: int,
    sent_size: tuple[int, int] | None = None,
    url: str = "",
) -> Mask:
    """Return the mask of a reply, flat (the documentation's) or nested (newer servers').

    The reply's own `image` size is not read: it may be off by one, and the mask may have any size.

    Args:
        body: The body of the answer.
        frame_size: (width, height) of the frame; the mask is brought to it by nearest neighbour.
        frame_index: `Frame.index` of the frame.
        sent_size: (width, height) of what was sent, which bounds the mask; None: as the frame.
        url: The address that answered, without its query, for the error.

    Raises:
        BadReply: If the body is no segmentation.
    """
    try:
        segmentation = _segmentation(body)
        class_map = read_class_map(segmentation.get("class_map", {}))
        class_ids = decode_mask_png(
            _mask_bytes(segmentation["segmentation_mask"]), sent_size or frame_size
        )
    except ValueError as error:
        origin = f" from {url}" if url else ""
        raise BadReply(
            f"the answer{origin} is no segmentation: {error}", url=url, status=200
        ) from error
    return Mask(class_ids, class_map, frame_index).resized(frame_size)


def _segmentation(body: bytes) -> dict[str, Any]:
    if not looks_like_html(body) and _parts(body) > _MOST_PARTS:
        raise ValueError(
            "it has more parts than any segmentation; is this a semantic-segmentation model?"
        )
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        kind = "an HTML page" if looks_like_html(body) else "no JSON"
        # Without the cause, which holds the whole body: an endpoint may echo the key in it.
        raise ValueError(f"it is {kind if body.strip() else 'empty'}") from None
    if isinstance(reply, dict) and isinstance(reply.get("predictions"), dict):
        reply = reply["predictions"]
    if not isinstance(reply, dict) or "segmentation_mask" not in reply:
        raise ValueError("it holds no segmentation_mask; is this a semantic-segmentation model?")
    return reply


def _parts(body: bytes) -> int:
    """Return how many parts a JSON has at most: taken apart, each is some fifty bytes and more."""
    if len(body) <= _MOST_PARTS:
        return len(body)
    found = np.frombuffer(body, np.uint8)
    return sum(int(np.count_nonzero(found == ord(each))) for each in ",[{")


def _mask_bytes(encoded: Any) -> bytes:
    if not isinstance(encoded, str):
        raise ValueError("its segmentation_mask is not a text")  # noqa: TRY004
    try:
        return decode_base64(encoded.encode())
    except ValueError as error:
        raise ValueError(f"its segmentation_mask cannot be read: {error}") from error


def read_class_map(names: Any) -> dict[int, str]:
    """Return the class map of a JSON, clean: names of the ids 0 to 255.

    Args:
        names: Whatever stands in its place.

    Raises:
        ValueError: If that is no object of names by their ids.
    """
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise ValueError("its class_map is not an object of names")
    if not all(_INTEGER.fullmatch(class_id) for class_id in names):
        raise ValueError("its class_map has a key that is no class id")
    return clean_class_map({int(class_id): name for class_id, name in names.items()})


def looks_like_html(body: bytes) -> bool:
    """Tell whether a body is markup rather than data: a proxy's page, a login form."""
    return body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def flat_reply(mask: Mask) -> dict[str, Any]:
    """Return the documentation's reply for a mask: a grey PNG, the class map, the size."""
    width, height = mask.frame_size
    return {**_predictions(mask), "image": {"width": width, "height": height}}


def nested_reply(mask: Mask, *, inference_id: str, time_s: float) -> dict[str, Any]:
    """Return the reply of newer servers for a mask.

    Args:
        mask: The mask.
        inference_id: A name for this inference, any unique text.
        time_s: Seconds that the inference took.
    """
    width, height = mask.frame_size
    return {
        "inference_id": inference_id,
        "time": time_s,
        "image": {"width": width, "height": height},
        "predictions": {**_predictions(mask), "present_class_ids": sorted(mask.pixel_counts())},
    }


def both_reply(mask: Mask, *, inference_id: str, time_s: float) -> dict[str, Any]:
    """Return a reply that is flat and nested at once, so that every client reads it.

    Those that know the flat form look for `segmentation_mask` beside `image`, and pass over
    `predictions`; those that know the nested one look into `predictions`, and no further.

    Args:
        mask: The mask.
        inference_id: As `nested_reply` takes it.
        time_s: As `nested_reply` takes it.
    """
    nested = nested_reply(mask, inference_id=inference_id, time_s=time_s)
    flat = {name: nested["predictions"][name] for name in _FLAT if name in nested["predictions"]}
    return {**nested, **flat}


_FLAT = ("segmentation_mask", "class_map", "confidence_mask")


def _predictions(mask: Mask) -> dict[str, Any]:
    said: dict[str, Any] = {
        "segmentation_mask": base64.b64encode(encode_mask_png(mask.class_ids)).decode(),
        "class_map": {str(class_id): name for class_id, name in mask.class_map.items()},
    }
    if mask.certainty is not None:
        certainty = encode_mask_png(mask.certainty)
        said["confidence_mask"] = base64.b64encode(certainty).decode()
    return said
