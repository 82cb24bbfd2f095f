"""A segmentation as JSON: read in both shapes that endpoints speak, written in either."""

import base64
import json
import re
from typing import Any

import numpy as np

from livesegment.class_name import clean_class_map
from livesegment.errors import BadReply
from livesegment.mask import Mask
from livesegment.protocol.base64_text import decode_base64
from livesegment.protocol.mask_png import decode_mask_png, encode_mask_png, most_mask_pixels

MAX_REPLY_BYTES = 64 * 2**20
"""Longer answers are not read to their end, whatever was sent."""

_MOST_PARTS = 50_000  # of the JSON; those of a large class map are thousands


def most_reply_bytes(sent_size: tuple[int, int]) -> int:
    """Return how many bytes the reply to a picture has at most.

    That is a megabyte, and base64 of a mask and of its certainties, neither of them packed.

    Args:
        sent_size: (width, height) of the picture that was sent.
    """
    return min(MAX_REPLY_BYTES, 2**20 + 3 * most_mask_pixels(sent_size))


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


def _predictions(mask: Mask) -> dict[str, Any]:
    return {
        "segmentation_mask": base64.b64encode(encode_mask_png(mask.class_ids)).decode(),
        "class_map": {str(class_id): name for class_id, name in mask.class_map.items()},
    }
