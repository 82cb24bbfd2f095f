"""Bodies of good answers, and of such as are not what they should be."""

import base64
import io
import json
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

from livesegment.mask import Mask
from livesegment.protocol.reply import flat_reply, nested_reply

SIZE = (320, 240)
CLASSES = {0: "background", 1: "thing", 2: "other"}


def ids(size: tuple[int, int] = SIZE) -> np.ndarray:
    """Return class ids with something in the middle."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(x / width - 0.5, y / height - 0.5) < 0.3
    return inside.astype(np.uint8)


def png(pixels: np.ndarray, **more: Any) -> bytes:
    """Return pixels as a PNG."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **more)
    return file.getvalue()


def palette_png() -> bytes:
    """Return a mask whose ids are a palette's indices."""
    image = Image.fromarray(ids(), "P")
    image.putpalette([0, 0, 0, 255, 0, 0])
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def claiming_png(width: int, height: int, data: bytes = b"\0") -> bytes:
    """Return a grey PNG that says to be of a size, whatever it holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    end = _chunk(b"IDAT", zlib.compress(data)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + end


def reply(mask: Any = None, class_map: Any = None, **more: Any) -> bytes:
    """Return a reply as the documentation has it, but for what is given in its place."""
    document: dict[str, Any] = {**flat_reply(Mask(ids(), CLASSES)), **more}
    if mask is not None:
        is_file = isinstance(mask, bytes)
        document["segmentation_mask"] = base64.b64encode(mask).decode() if is_file else mask
    if class_map is not None:
        document["class_map"] = class_map
    return json.dumps(document).encode()


GOOD = reply()
NESTED = json.dumps(nested_reply(Mask(ids(), CLASSES), inference_id="x", time_s=0.1)).encode()
PAGE = b"<!DOCTYPE html><html><body>Bad luck</body></html>"

SAID_OTHERWISE: dict[str, bytes] = {
    "nested": NESTED,
    "mask in a palette": reply(palette_png()),
    "mask of 16 bits": reply(png(ids().astype(np.uint16))),
    "mask of 1 bit": reply(png(ids().astype(bool))),
    "mask of another size": reply(png(ids((512, 512)))),
    "mask of 1x1": reply(png(np.ones((1, 1), np.uint8))),
    "ids without a name": reply(png(ids() * 255)),
    "no names at all": reply(class_map={}),
    "ids far from 0 to 255": reply(class_map={"-7": "x", "256": "y", "999999999": "z", "1": "a"}),
    "a name of 5 MB": reply(class_map={"0": "background", "1": 5_000_000 * "x"}),
    "names that are no text": reply(class_map={"0": "\ud800", "1": "a\nb\x1b[2J\u202e"}),
    "blanks of 2 MB": 2_000_000 * b" " + GOOD,
    "a mask with 300 MB behind it": reply(claiming_png(320, 240, bytes(300 * 2**20))),
    "UTF-16": GOOD.decode().encode("utf-16"),
    "image of another size": reply(image={"width": -1, "height": "NaN"}),
}
"""Masks all the same: what real servers say, or what does no harm."""

NO_MASK: dict[str, bytes] = {
    "an empty body": b"",
    "an HTML page": PAGE,
    "truncated JSON": GOOD[:200],
    "JSON that is no object": b"[1, 2, 3]",
    "no mask in it": b'{"outputs": []}',
    "an instance model's reply": b'{"predictions": [{"x": 1, "points": []}]}',
    "JSON nested 100,000 deep": 100_000 * b"[",
    "JSON of 20,000 brackets": 20_000 * b'{"a":[' + b"1",
    "digits without end": b'{"segmentation_mask": ' + 1_000_000 * b"9" + b"}",
    "zero bytes": 100_000 * b"\0",
    "random bytes": np.random.default_rng(3).bytes(50_000),
    "a mask that is null": b'{"segmentation_mask": null, "class_map": {}}',
    "a mask that is a number": reply(7),
    "a mask that is no base64": reply("****"),
    "an empty mask": reply(""),
    "a JPEG for a mask": reply(b"\xff\xd8\xff\xe0" + bytes(500)),
    "a mask of three colours": reply(png(np.zeros((240, 320, 3), np.uint8))),
    "a damaged mask": reply(png(ids())[:-60] + bytes(60)),
    "a mask said to be 0x0": reply(claiming_png(0, 0)),
    "a mask said to be 60,000x60,000": reply(claiming_png(60_000, 60_000)),
    "ids above 255": reply(png(np.full((240, 320), 700, np.uint16))),
    "a class map that is a list": reply(class_map=["background"]),
    "a class map of numbers": reply(class_map={"0": 1}),
    "class ids that are no numbers": reply(class_map={"NaN": "x", "1e9": "y"}),
    "a class id of 5,000 digits": reply(class_map={5000 * "9": "x"}),
}
"""What holds no mask that could be drawn."""


def huge_mask() -> bytes:
    """Return a reply whose mask has 8000x8000 pixels."""
    return reply(png(np.zeros((8000, 8000), np.uint8)))


def huge_class_map() -> bytes:
    """Return a reply with a million classes."""
    return reply(class_map={number: f"class {number}" for number in range(1_000_000)})
