"""Class ids as PNG files: single-channel, bounded before they are unpacked."""

import io
import struct

import cv2
import numpy as np
from PIL import Image

from livesegment.mask import ClassIds

_MOST_MASK_PIXELS = 64_000_000
_ANY_MASK_PIXELS = 2048 * 2048
_TIMES_WHAT_WAS_SENT = 4

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3
_COLOUR_TYPES = {2: "colours", 4: "grey with transparency", 6: "colours with transparency"}
_HEADER_END = 33  # of the signature and the first chunk, IHDR
_CHUNK = struct.Struct(">I4s")  # length and kind; a checksum follows the content
_KEPT_CHUNKS = frozenset((b"PLTE", b"IDAT", b"IEND"))
_BEST_RATIO = 1032  # of deflate: zlib, technical details
_ANY_DATA = 32 * 2**20


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
