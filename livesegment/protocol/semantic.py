"""Replies of semantic models: a class for every pixel as a PNG, and the names of the classes."""

import re
from typing import Any

from livesegment.class_name import clean_class_map
from livesegment.mask import Mask
from livesegment.protocol.base64_text import decode_base64
from livesegment.protocol.certainty import read_certainty
from livesegment.protocol.mask_png import decode_mask_png

_INTEGER = re.compile(r"\s*-?[0-9]{1,9}\s*")


def read_semantic(segmentation: dict[str, Any], sent_size: tuple[int, int]) -> Mask:
    """Return the mask of a semantic model's reply, in the size of its PNG, about frame 0.

    Args:
        segmentation: With a PNG under `segmentation_mask`, and another one under
            `confidence_mask` if the model says how sure it is.
        sent_size: (width, height) of what was sent, which bounds the mask.

    Raises:
        ValueError: If it is broken, or holds too much.
    """
    class_map = read_class_map(segmentation.get("class_map", {}))
    ids = decode_mask_png(_mask_bytes(segmentation["segmentation_mask"]), sent_size)
    return Mask(ids, class_map, certainty=read_certainty(segmentation, ids.shape, sent_size))


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
