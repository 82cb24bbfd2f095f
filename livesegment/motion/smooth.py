"""Masks whose edges stand still where the picture does."""

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.frame import Frame
from livesegment.mask import ClassIds, Mask
from livesegment.motion.change import ChangeDetector, ChangeMap

_FULL_TRUST = 255
# In seconds. Compared on masks of a real model (how many pixels flicker) and on true masks with
# rough edges (how well the smoothed ones fit): less trust at first lets them flicker, more
# freezes whichever edge came first.
_OVERRULED_AFTER_S = 0.4
_TRUSTED_AFTER_S = 0.1
_TRUST_AT_FIRST_S = 0.05
_TICKS_PER_S = 250


class MaskSmoother:
    """Keeps the class of a pixel until the picture changes there or the masks insist.

    Every pixel has trust in the class it shows. A mask that agrees raises it; one that disagrees
    lowers it and wins when none is left: at once where the picture has changed, so that moving
    edges do not lag, and after 0.4 s of disagreement at most where it is still, so that no error
    stays. Where masks come late, what they say of a change comes late too, and is taken at once
    until then. A cut, a moving camera, another frame size, other classes or a lower frame index
    begin anew: the mask is shown as it came.

    Not thread-safe: one thread smooths.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget what was shown: the next mask is taken as it comes."""
        self._last: Frame | None = None
        self._shown: Mask | None = None

    def smooth(self, frame: Frame, mask: Mask, age_s: float = 0.0) -> Mask:
        """Return the mask to draw on a frame; call it for every frame shown, in order.

        Args:
            frame: The picture.
            mask: What would be drawn on it without smoothing, of the frame's size.
            age_s: How much older the picture is that was segmented, in seconds; more than 1 is
                taken for 1.

        Returns:
            A mask of the same size, classes and frame index; each pixel has the class given now
            or the one shown before.

        Raises:
            ValueError: If the mask is not of the frame's size.
        """
        if mask.frame_size != frame.frame_size:
            raise ValueError(
                f"a mask of {mask.frame_size} is not for a frame of {frame.frame_size}"
            )
        last, shown = self._last, self._shown
        self._last = frame
        class_ids = mask.class_ids
        if last is None or shown is None or not _continues(last, frame, shown, mask):
            self._begin(frame)
        else:
            elapsed_s = frame.pts_s - last.pts_s
            changed = self._change.changed(frame.image)
            if changed is None:
                self._trust.fill(0)
                self._since_change.fill(0)
            else:
                self._distrust(changed, elapsed_s, age_s)
                class_ids = self._decide(shown.class_ids, mask.class_ids, elapsed_s)
        self._shown = Mask(class_ids, mask.class_map, mask.frame_index, grain=mask.grain)
        return self._shown

    def _begin(self, frame: Frame) -> None:
        self._change = ChangeDetector(frame.image)
        self._trust: npt.NDArray[np.uint8] = np.zeros(frame.image.shape[:2], np.uint8)
        self._since_change = np.zeros_like(self._trust)
        self._agrees = np.empty_like(self._trust)
        self._amount = np.empty_like(self._trust)

    def _distrust(self, changed: ChangeMap, elapsed_s: float, age_s: float) -> None:
        """Drop all trust where no mask can yet have seen the last change."""
        since, ticks, unsettled = self._since_change, self._amount, self._agrees
        ticks.fill(_clipped(elapsed_s * _TICKS_PER_S, 1, 255))
        cv2.add(since, ticks, dst=since)
        cv2.subtract(since, changed, dst=since)
        # Below 255, where the ticks stop, so that every pixel settles.
        age = _clipped(age_s * _TICKS_PER_S, 0, 250)
        cv2.threshold(since, age, 255, cv2.THRESH_BINARY_INV, dst=unsettled)
        cv2.subtract(self._trust, unsettled, dst=self._trust)

    def _decide(self, shown: ClassIds, given: ClassIds, elapsed_s: float) -> ClassIds:
        """Return what was shown, with the class given where trust is used up."""
        trust, agrees, amount = self._trust, self._agrees, self._amount
        cv2.compare(given, shown, cv2.CMP_EQ, dst=agrees)
        gain = _trust(elapsed_s * _OVERRULED_AFTER_S / _TRUSTED_AFTER_S)
        cv2.threshold(agrees, 0, gain, cv2.THRESH_BINARY, dst=amount)
        cv2.add(trust, amount, dst=trust)
        cv2.threshold(agrees, 0, _trust(elapsed_s), cv2.THRESH_BINARY_INV, dst=amount)
        cv2.subtract(trust, amount, dst=trust)
        # Whoever agrees has gained trust: only overruled pixels have none.
        overruled = amount
        first = _trust(_TRUST_AT_FIRST_S)
        cv2.threshold(trust, 0, first, cv2.THRESH_BINARY_INV, dst=overruled)
        cv2.add(trust, overruled, dst=trust)
        # Whoever got the array shown before may have kept it.
        class_ids = shown.copy()
        cv2.copyTo(given, overruled, class_ids)
        return class_ids


def _trust(seconds: float) -> int:
    """Return the trust that disagreement uses up in a time."""
    return _clipped(_FULL_TRUST * seconds / _OVERRULED_AFTER_S, 1, _FULL_TRUST)


def _clipped(value: float, least: int, most: int) -> int:
    return min(max(least, round(value)), most)


def _continues(last: Frame, frame: Frame, shown: Mask, mask: Mask) -> bool:
    return (
        frame.frame_size == last.frame_size
        and frame.index >= last.index
        and mask.class_map == shown.class_map
    )
