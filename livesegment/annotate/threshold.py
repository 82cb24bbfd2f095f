"""Kept replies at a higher threshold than they were asked with: drawn again without a call.

A model's certainty of each pixel, or of each instance, is kept with its reply. What is below a
higher threshold becomes background, as it would at the endpoint; what fell below a lower one is not
in the reply.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from livesegment.mask import VOID, Mask
from livesegment.protocol.certainty import least_certainty
from livesegment.protocol.reply import has_certainty

_CONFIDENCE = re.compile(r"\(confidence ([^\s,()]+)")
_WORDS = ("best", "default")


@dataclass(frozen=True, slots=True)
class Raised:
    """A threshold that is put up for kept replies.

    Attributes:
        asked: The confidence that they were asked with, 0 to 100.
        wanted: The one to draw them with, in whole percents.
    """

    asked: float
    wanted: int

    def applied(self, mask: Mask) -> Mask | None:
        """Return a mask at the higher threshold; None if it does not say how sure its model is."""
        if mask.certainty is None:
            return self._surer_instances(mask)
        low = mask.certainty < least_certainty(self.wanted)
        # A class list need not have a background: then it is what endpoints answer, too.
        ground = min(mask.background, default=VOID)
        instances = mask.instance_ids
        if instances is not None:
            instances = np.where(low, 0, instances).astype(np.uint16)
        is_class = ~np.isin(mask.class_ids, list(mask.unclassed))
        return replace(
            mask,
            class_ids=np.where(low & is_class, ground, mask.class_ids).astype(np.uint8),
            certainty=np.where(low, 0, mask.certainty).astype(np.uint8),
            instance_ids=instances,
        )

    def _surer_instances(self, mask: Mask) -> Mask | None:
        """Return a mask without the instances of which the model is less sure.

        What such an instance covered is covered by none that is surer: they were painted by that.
        """
        instances = mask.instance_ids
        if instances is None:
            return None
        most = int(instances.max())
        confidences = [*mask.confidences[:most], *(most - len(mask.confidences)) * [1.0]]
        is_low = np.array([False, *(each < self.wanted / 100 for each in confidences)])
        low = is_low[instances]
        ground = min(mask.background, default=VOID)
        return replace(
            mask,
            class_ids=np.where(low, ground, mask.class_ids).astype(np.uint8),
            instance_ids=np.where(low, 0, instances).astype(np.uint16),
        )


def raised_threshold(
    kept: Mapping[str, str], wanted: Mapping[str, str], reply: bytes | None
) -> tuple[Raised | None, str]:
    """Find out whether kept replies serve a run that wants another confidence.

    Args:
        kept: What the replies depend on; see `reply_identity`.
        wanted: What those of the run would depend on.
        reply: One of them.

    Returns:
        How they serve; and, where they do not, why, if the confidence is all that differs.
    """
    found = [_CONFIDENCE.search(each.get("model", "")) for each in (kept, wanted)]
    if found[0] is None or found[1] is None or _others(kept) != _others(wanted):
        return None, ""
    asked, asks = found[0][1], found[1][1]
    if asked in _WORDS or asks in _WORDS:
        word = asked if asked in _WORDS else asks
        return None, f"what confidence '{word}' is, only the endpoint knows"
    try:
        lower, higher = float(asked), float(asks)
    except ValueError:
        return None, ""
    if higher < lower:
        return None, "what fell below a threshold is not in the replies, so it can only be put up"
    if not higher.is_integer():
        return None, "kept replies say how sure the model is in whole percents"
    if reply is None or not has_certainty(reply):
        return None, "its replies do not say how sure the model is of each pixel (confidence_mask)"
    return Raised(lower, int(higher)), ""


def _others(identity: Mapping[str, str]) -> dict[str, str]:
    """Return an identity without its confidence."""
    return {name: _CONFIDENCE.sub("(", value) for name, value in identity.items()}
