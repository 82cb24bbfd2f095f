"""A segmentation as JSON: of whatever kind it is read, as a semantic model's it is written."""

import base64
import json
from dataclasses import replace
from typing import Any

import numpy as np

from livesegment.errors import BadReply
from livesegment.mask import Mask
from livesegment.protocol.certainty import KEPT, SENT, made_small
from livesegment.protocol.instances import (
    CLASSIFICATION,
    KnownClasses,
    read_instances,
    read_prompted,
)
from livesegment.protocol.kept import (
    GRAIN,
    INSTANCES,
    kept_grain,
    kept_instances,
    with_kept_grain,
    with_kept_instances,
)
from livesegment.protocol.mask_png import encode_mask_png, most_mask_pixels
from livesegment.protocol.semantic import read_semantic

MAX_REPLY_BYTES = 64 * 2**20
"""Longer answers are not read to their end, whatever was sent."""

_MOST_PARTS = 500_000  # of the JSON; three hundred outlines of five hundred corners
_MOST_PARTS_BY_A_MASK = 50_000  # those of a large class map are thousands


def most_reply_bytes(sent_size: tuple[int, int]) -> int:
    """Return how many bytes the reply to a picture has at most.

    That is a megabyte, and base64 of a mask and of its certainties, neither of them packed.

    Args:
        sent_size: (width, height) of the picture that was sent.
    """
    return min(MAX_REPLY_BYTES, 2**20 + 3 * most_mask_pixels(sent_size))


def decode_reply(
    body: bytes,
    *,
    frame_size: tuple[int, int],
    frame_index: int,
    sent_size: tuple[int, int] | None = None,
    known: KnownClasses | None = None,
    url: str = "",
) -> Mask:
    """Return the mask of a reply, of whatever kind; `_read` tells them apart.

    Args:
        body: The body of the answer.
        frame_size: (width, height) of the frame; the mask is brought to it by nearest neighbour.
        frame_index: `Frame.index` of the frame.
        sent_size: (width, height) of what was sent, which bounds the mask; None: as the frame.
        known: What is known of a model whose replies name only the classes that they found, or of
            the prompts; None: nothing.
        url: The address that answered, without its query, for the error.

    Raises:
        BadReply: If the body is no segmentation.
    """
    try:
        mask = _read(_parsed(body), known or KnownClasses(), frame_size, sent_size or frame_size)
    except ValueError as error:
        origin = f" from {url}" if url else ""
        raise BadReply(
            f"the answer{origin} is no segmentation: {error}", url=url, status=200
        ) from error
    return replace(mask, frame_index=frame_index).resized(frame_size)


def _read(
    reply: Any, known: KnownClasses, frame_size: tuple[int, int], sent_size: tuple[int, int]
) -> Mask:
    """Return the mask of a reply by its kind.

    A semantic model's reply has a `segmentation_mask`, flat (the documentation's) or nested under
    `predictions` (newer servers'). Its `image` size is not read: it may be off by one, and the mask
    may have any size. That of an instance model has a list under `predictions`, and one about
    prompts `prompt_results`.
    """
    inner = reply.get("predictions") if isinstance(reply, dict) else None
    if (segmentation := _segmentation(reply)) is not None:
        mask = read_semantic(segmentation, sent_size)
        if (kept := segmentation.get(INSTANCES)) is not None:
            mask = with_kept_instances(mask, kept)
        grain = segmentation.get(GRAIN)
        return mask if grain is None else with_kept_grain(mask, grain)
    if isinstance(inner, list):
        return read_instances(reply, known, frame_size=frame_size, sent_size=sent_size)
    if isinstance(reply, dict) and "prompt_results" in reply:
        return read_prompted(reply, known, frame_size=frame_size, sent_size=sent_size)
    if isinstance(reply, dict) and "predicted_classes" in reply:
        raise ValueError(CLASSIFICATION)
    raise ValueError(
        "it holds no segmentation_mask, and no predictions with outlines; is this a segmentation"
        " model?"
    )


def _segmentation(reply: Any) -> dict[str, Any] | None:
    """Return what of a reply has a `segmentation_mask`; None: nothing has."""
    inner = reply.get("predictions") if isinstance(reply, dict) else None
    for each in (inner, reply):
        if isinstance(each, dict) and "segmentation_mask" in each:
            return each
    return None


def has_certainty(body: bytes) -> bool:
    """Tell whether a reply, or one that was kept, says how sure its model is.

    That is of each pixel, or of each instance.
    """
    try:
        reply = _parsed(body)
    except ValueError:
        return False
    if (segmentation := _segmentation(reply)) is not None:
        return any(segmentation.get(name) is not None for name in (SENT, KEPT))
    is_object = isinstance(reply, dict)
    return is_object and any(isinstance(reply.get(each), list) for each in _LISTS)


def packed_reply(body: bytes, frame_size: tuple[int, int]) -> bytes:
    """Return a reply in fewer bytes, to be kept, of which `decode_reply` makes the same mask.

    Certainties are rounded down to whole percents (`certainty.made_small`), and what a reply says
    in both forms is kept in one. A reply of another kind, or without these, stays as it came.

    Args:
        body: The body of an answer.
        frame_size: (width, height) of the frame, which bounds its masks.
    """
    try:
        reply = _parsed(body)
        segmentation = _segmentation(reply)
    except ValueError:
        return body
    if segmentation is None:
        return body
    small = made_small(segmentation, frame_size)
    if segmentation is not reply:
        once = {name: value for name, value in reply.items() if name not in _FLAT}
        small = {**once, "predictions": small}
    elif small is segmentation:
        return body
    try:
        return json.dumps(small).encode()
    except RecursionError:  # what it says beside the segmentation is just not too deep to be read
        return body


def _parsed(body: bytes) -> Any:
    most = _MOST_PARTS_BY_A_MASK if b'"segmentation_mask"' in body else _MOST_PARTS
    if not looks_like_html(body) and _parts(body) > most:
        raise ValueError("it has more parts than any segmentation; is this a segmentation model?")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        kind = "an HTML page" if looks_like_html(body) else "no JSON"
        # Without the cause, which holds the whole body: an endpoint may echo the key in it.
        raise ValueError(f"it is {kind if body.strip() else 'empty'}") from None


def _parts(body: bytes) -> int:
    """Return how many parts a JSON has at most: taken apart, each is some fifty bytes and more."""
    if len(body) <= _MOST_PARTS_BY_A_MASK:
        return len(body)
    found = np.frombuffer(body, np.uint8)
    return sum(int(np.count_nonzero(found == ord(each))) for each in ",[{")


def looks_like_html(body: bytes) -> bool:
    """Tell whether a body is markup rather than data: a proxy's page, a login form."""
    return body[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def flat_reply(mask: Mask) -> dict[str, Any]:
    """Return the documentation's reply for a mask: a grey PNG, the class map, the size."""
    width, height = mask.frame_size
    return {**_predictions(mask), "image": {"width": width, "height": height}}


def kept_reply(mask: Mask) -> dict[str, Any]:
    """Return the reply to keep of a model in this process: a flat one, with all that a mask knows.

    Instances are numbered anew when it is read; all else comes back as it is.
    """
    return {**flat_reply(mask), **kept_instances(mask), **kept_grain(mask)}


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


_LISTS = ("predictions", "prompt_results")
_FLAT = ("segmentation_mask", "class_map", SENT)


def _predictions(mask: Mask) -> dict[str, Any]:
    said: dict[str, Any] = {
        "segmentation_mask": base64.b64encode(encode_mask_png(mask.class_ids)).decode(),
        "class_map": {str(class_id): name for class_id, name in mask.class_map.items()},
    }
    if mask.certainty is not None:
        certainty = encode_mask_png(mask.certainty)
        said[SENT] = base64.b64encode(certainty).decode()
    return said
