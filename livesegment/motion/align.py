"""Late masks, carried to the newest frame."""

import math
from typing import cast

import cv2
import numpy as np
from threadpoolctl import ThreadpoolController

from livesegment.errors import OptionsError
from livesegment.frame import Frame
from livesegment.mask import ClassIds, Mask
from livesegment.motion.budget import Budget
from livesegment.motion.cut import CutDetector
from livesegment.motion.decisions import Decisions
from livesegment.motion.dense import FLOW_PIXELS, carry_dense, picture_flow
from livesegment.motion.features import Situation, features
from livesegment.motion.flow import Field, FlowEstimator, chain
from livesegment.motion.history import History, Seen, small_size
from livesegment.motion.key import Key, Outline
from livesegment.motion.prepared import PreparedMasks
from livesegment.motion.raster import Bytes, nearest, shrink, stretch
from livesegment.motion.refine import STRIDE, Refiner
from livesegment.motion.region import around, neighbourhood, whole
from livesegment.motion.render import render
from livesegment.motion.rigid import rigid_shift, shifted
from livesegment.motion.working import WorkingPicture

_MOST_FRAMES = 256
_FULL_BUDGET_MS = 15.0
_FIXED_MS = 4.0
_MS_FOR_A_MEGAPIXEL = 2.5
_FULL_MS = 10.0
_LEAST_SHARE = 0.1
# What the full budget pays for, in pixels. Beyond what is fixed, time is proportional to them.
_FLOW_PIXELS = 32_000
_CHAIN_PIXELS = 7_000
_DECISION_PIXELS = 16_000
_FINEST = 0.5


class MaskAligner:
    """Carries a mask of an older frame to the newest one, along the motion seen between them.

    The motion in the neighbourhood of the objects is estimated frame by frame and chained. Near
    the objects' edges a small network then decides what belongs to them, from the moved mask, the
    colours, the motion, what looks alike in the mask's own frame, and the decision about the frame
    before. Each true mask that arrives is compared with what was decided for its frame, so that
    the network adapts to the video.

    The objects are everything but the ground: the background where it occurs, else the most
    frequent class. Borders between objects move with the motion, unless the colours clearly say
    otherwise. Classes never mix into new ids. Carried masks tell no instances apart.

    Where classes meet each other rather than a background (`is_dense`) there are no objects to
    tell from a ground: they all move along the motion of the whole picture.

    Frames of more than 854x480 pixels are worked on at about that size, and the carried mask is
    drawn at theirs: it moves by whole pixels of that size at the finest. What need not be moved
    is returned as it was given, at full resolution.

    One thread observes and aligns; any other may prepare masks.

    Args:
        budget_ms: What `observe` and `align` together may spend on a frame, in milliseconds of
            one core of a common server; it sets the resolution of the work, which falls where
            the measured time is above it.
        max_age_s: Masks older than this, in media time, are not aligned. Memory holds the frames
            of this span, 256 at most.
        refiner: What decides at the edges; None: the one that comes with the package.

    Raises:
        OptionsError: If an option is not above 0.
    """

    def __init__(
        self,
        *,
        budget_ms: float = _FULL_BUDGET_MS,
        max_age_s: float = 2.0,
        refiner: Refiner | None = None,
    ) -> None:
        for name, value in (("budget_ms", budget_ms), ("max_age_s", max_age_s)):
            if not (math.isfinite(value) and value > 0):
                raise OptionsError(f"{name} is a number above 0, not {value}")
        self._budget_ms = budget_ms
        self._budget = Budget(budget_ms / 1000)
        self._max_age_s = max_age_s
        self._refiner = refiner or Refiner.load()
        self._decisions = Decisions(self._refiner, _MOST_FRAMES)
        self._blas = ThreadpoolController().select(user_api="blas")
        self._working = WorkingPicture((0, 0))
        self._history = History(max_age_s, _MOST_FRAMES)
        self._prepared = PreparedMasks()
        self._set_effort()
        self.reset()

    def _set_effort(self) -> None:
        """Choose the resolution of the work from the budget and the size of the picture."""
        width, height = self._working.size
        fixed_ms = _FIXED_MS + _MS_FOR_A_MEGAPIXEL * width * height / 1e6
        share = min(1.0, max(_LEAST_SHARE, (self._budget_ms - fixed_ms) / _FULL_MS))
        share *= self._budget.share
        self._share = share
        self._flow = FlowEstimator(round(_FLOW_PIXELS * share), refines=False)
        self._whole_flow = picture_flow(round(FLOW_PIXELS * share))
        self._chain_pixels = round(_CHAIN_PIXELS * share)
        self._decision_pixels = round(_DECISION_PIXELS * share)

    def reset(self) -> None:
        """Forget the frames and masks seen so far; what was learned from them stays."""
        self._history.clear()
        self._cut = CutDetector()
        self._key: Key | None = None
        self._is_dense = False
        self._shown: ClassIds | None = None
        self._decisions.clear()

    def observe(self, frame: Frame) -> None:
        """Take the next frame that is shown.

        Indices may have gaps but rise: a lower one, another frame size or a scene cut begin anew.
        The newest frame given again changes nothing.
        """
        if self._budget.next_frame():
            self._set_effort()
        with self._budget.spending():
            self._observe(frame)

    def _observe(self, frame: Frame) -> None:
        newest = self._history.newest
        is_other = frame.frame_size != self._working.frame_size
        if is_other or (newest and frame.index < newest.index):
            self.reset()
            self._working = WorkingPicture(frame.frame_size)
            self._set_effort()
        elif newest and frame.index == newest.index:
            return
        image = self._working.picture(frame)
        small = shrink(image, small_size(*self._working.size))
        if self._cut.is_cut(small):
            cut, self._cut = self._cut, CutDetector()
            self.reset()
            self._cut = cut
        gray = cast(Bytes, cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
        previous = self._history.newest
        flow = None
        if previous is not None:
            flow = self._motion(gray, previous.gray)
        self._image = image
        self._history.add(Seen(frame.index, frame.pts_s, gray, small, flow))

    def _motion(self, gray: Bytes, previous: Bytes) -> Field:
        if self._is_dense:
            return self._whole_flow.estimate(gray, previous, whole(self._working.size))
        where = whole(self._working.size) if self._shown is None else neighbourhood(self._shown)
        return self._flow.estimate(gray, previous, where)

    def prepare(self, mask: Mask) -> None:
        """Find out what a mask says by itself, so that `align` need not; from any thread."""
        self._prepared.prepare(mask, self._working.size)

    def align(self, mask: Mask, size: tuple[int, int] | None = None) -> Mask | None:
        """Return a mask of an older frame as it is at the newest observed one.

        Args:
            mask: Of any size; `frame_index` names its frame. The same mask may be given again
                for the next frame; a newer one also teaches.
            size: (width, height) in pixels from which on a mask is large enough; None: the frame's.

        Returns:
            A mask of the frame's size, or smaller if `size` is, with the newest frame's index; None
            when the mask's frame is not remembered: too old, before a cut, dropped or not observed
            yet.
        """
        # The matrices are small: more threads would spin beside each other, and beside ours.
        with self._budget.spending(), self._blas.limit(limits=1):
            return self._align(mask, size or self._working.frame_size)

    def _align(self, given: Mask, size: tuple[int, int]) -> Mask | None:
        newest, source = self._history.newest, self._history.get(given.frame_index)
        if newest is None or source is None:
            return None
        if newest.pts_s - source.pts_s > self._max_age_s:
            return None
        prepared = self._prepared.get(given, self._working.size)
        outline = prepared.outline
        self._expect(is_dense=outline is None)
        if outline is None:
            carried = self._carry_dense(prepared.mask, source, newest)
        else:
            carried = self._carry_objects(outline, source, newest)
        return self._working.enlarged(carried, prepared, size)

    def _carry_objects(self, outline: Outline, source: Seen, newest: Seen) -> Mask:
        key = self._study(outline, source)
        if source is newest:
            self._shown = key.objects
            return key.mask
        class_ids = self._carry(key, source, newest)
        shown = (class_ids != key.ground).view(np.uint8)
        # An object that is lost from sight may come back where it was.
        self._shown = shown if shown.any() else key.objects
        grain = max(key.mask.grain, self._decisions.grain(newest.index))
        return Mask(class_ids, key.mask.class_map, newest.index, grain=grain)

    def _expect(self, *, is_dense: bool) -> None:
        """Estimate the motion of the next frames as masks with or without a ground need it."""
        if is_dense and not self._is_dense:
            self._key = self._shown = None
            self._decisions.clear()
        self._is_dense = is_dense

    def _carry_dense(self, mask: Mask, source: Seen, newest: Seen) -> Mask:
        if source is newest:
            return mask
        flows = self._history.flows_back_to(source.index)
        ids = carry_dense(mask, flows, source, newest, self._image, self._share)
        return Mask(ids, mask.class_map, newest.index, grain=mask.grain)

    def _study(self, outline: Outline, source: Seen) -> Key:
        known = self._key
        if known is not None and known.given is outline.given:
            return known
        key = Key.seen(outline, source.small)
        if known is None or key.frame_index > known.frame_index:
            self._decisions.teach(key)
        elif key.frame_index < known.frame_index:
            self._decisions.forget_mistakes()
        self._key = key
        return key

    def _carry(self, key: Key, source: Seen, newest: Seen) -> ClassIds:
        assert newest.flow is not None, "a mask older than the newest frame has motion since"
        followed = self._history.first_flow_after(source.index).region
        appeared = not key.extent.inside(followed)
        region = around(newest.flow.region, key.extent) if appeared else newest.flow.region
        coarse = region.grid(region.grid_size(self._chain_pixels, _FINEST))
        moved = chain(self._history.flows_back_to(source.index), coarse)
        shift = rigid_shift(newest.gray, source.gray, key.objects, region, moved)
        if shift == (0, 0):
            return key.mask.class_ids
        if shift is not None:
            return shifted(key.mask.class_ids, shift)
        size = region.grid_size(self._decision_pixels, _FINEST, STRIDE)
        situation = Situation(
            region=region,
            moved=stretch(moved, size),
            small=newest.small,
            key=key,
            key_small=source.small,
            age=newest.index - source.index,
            earlier=self._decisions.earlier(self._history, key, region, moved, size),
        )
        decision = self._refiner.decide(features(situation))
        if appeared:
            there = region.displaced(moved, size)
            decision = decision.without_corrections(~followed.holds(there))
        class_ids = render(situation, decision, moved, self._image)
        shown = nearest((class_ids != key.ground).view(np.uint8), newest.small.shape[1::-1])
        self._decisions.add(newest.index, decision, region, shown)
        return class_ids
