"""Class ids as PNG files: the grey value or the palette index is the id."""

import io
import struct

import cv2
import numpy as np
from PIL import Image

from livesegment.mask import ClassIds

MAX_MASK_PIXELS = 64_000_000
"""Larger masks are refused before they are unpacked: few bytes of PNG can hold very many."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3
_COLOUR_TYPES = {2: "colours", 4: "grey with transparency", 6: "colours with transparency"}
_HEADER_END = 29


def encode_mask_png(class_ids: ClassIds) -> bytes:
    """Return class ids, uint8 (H, W), as an 8-bit grey PNG."""
    _, png = cv2.imencode(".png", class_ids)
    return png.tobytes()


def decode_mask_png(png: bytes) -> ClassIds:
    """Return the class ids of a PNG, uint8 (H, W).

    8-bit grey is read as it is; palette indices are kept; grey of 1, 2, 4 and 16 bits counts by
    its stored numbers, unscaled.
    Source: PNG specification, W3C 2003, 11.2.2 (the IHDR chunk).

    Raises:
        ValueError: If it is no single-channel PNG, is damaged, very large, or holds ids above 255.
    """
    if len(png) < _HEADER_END or not png.startswith(_SIGNATURE) or png[12:16] != b"IHDR":
        raise ValueError("the mask is not a PNG")
    width, height, depth, colour_type = struct.unpack_from(">IIBB", png, 16)
    if width * height > MAX_MASK_PIXELS:
        raise ValueError(f"the mask is said to be {width}x{height}, which is too large to be true")
    if colour_type not in {_GREY, _PALETTE}:
        kind = _COLOUR_TYPES.get(colour_type, f"colour type {colour_type}")
        raise ValueError(f"the mask is a PNG of {kind}, not of one channel")
    ids = _grey_8(png) if (depth, colour_type) == (8, _GREY) else _indexed(png, depth, colour_type)
    if ids is None or ids.shape != (height, width):
        raise ValueError("the mask is a damaged PNG")
    return ids


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
