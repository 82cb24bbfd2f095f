"""Replies as they are kept of models in this process, with what nobody else says so."""

from dataclasses import replace
from typing import Any

import numpy as np

from livesegment.mask import Mask
from livesegment.protocol.painting import Found, paint
from livesegment.rle import read_runs, regions

INSTANCES = "livesegment_instances"
"""Key, beside a flat reply's: run lengths of each instance, in the mask's own size."""

GRAIN = "livesegment_grain"
"""Key, beside those: the mask's grain where it is not 1."""

_COARSEST = 2**16  # pixels; no picture is larger


def kept_grain(mask: Mask) -> dict[str, Any]:
    """Return what a kept reply has beside the mask; nothing where each pixel was decided."""
    return {} if mask.grain == 1 else {GRAIN: mask.grain}


def with_kept_grain(mask: Mask, kept: Any) -> Mask:
    """Return a mask with the grain of a kept reply.

    Args:
        mask: The mask of the reply, in its own size.
        kept: What stands under `GRAIN`.

    Raises:
        ValueError: If it is no number of pixels.
    """
    if type(kept) not in {int, float} or not 1 <= kept <= _COARSEST:
        raise ValueError("its grain is no number from 1 on")
    return replace(mask, grain=float(kept))


def kept_instances(mask: Mask) -> dict[str, Any]:
    """Return what a kept reply has beside the mask; nothing where the mask has no instances."""
    if mask.instance_ids is None:
        return {}
    confidences = dict(enumerate(mask.confidences, 1))
    return {
        INSTANCES: [
            {"confidence": confidences.get(each.id, 1.0), "counts": each.counts}
            for each in regions(mask.instance_ids)
            if each.id
        ]
    }


def with_kept_instances(mask: Mask, kept: Any) -> Mask:
    """Return a mask with the instances of a kept reply, numbered from 1 on.

    Args:
        mask: The mask of the reply, in its own size.
        kept: What stands under `INSTANCES`.

    Raises:
        ValueError: If it is no list of instances in that size.
    """
    if not isinstance(kept, list) or len(kept) > np.iinfo(np.uint16).max:
        raise ValueError("its instances are no list")
    found = [_found(each, mask.frame_size) for each in kept]
    painted = paint(found, mask.frame_size, mask.frame_size)
    confidences = tuple(each.confidence for each in found)
    return replace(mask, instance_ids=painted.instance_ids, confidences=confidences)


def _found(kept: Any, size: tuple[int, int]) -> Found:
    confidence: Any = kept.get("confidence") if isinstance(kept, dict) else None
    if type(confidence) not in {int, float} or not 0 <= confidence <= 1:
        raise ValueError("one of its instances has no confidence from 0 to 1")
    return Found(1, "", float(confidence), read_runs(kept.get("counts"), size))
