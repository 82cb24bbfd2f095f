"""Masks of keyframes, carried to the frames between them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from threadpoolctl import ThreadpoolController

from livesegment.frame import Frame
from livesegment.mask import ClassIds, Mask
from livesegment.motion.carry import Carried, Picture, carry, doubts
from livesegment.motion.cut import CutDetector
from livesegment.motion.dense import between_dense, is_dense
from livesegment.motion.flow import Field
from livesegment.motion.fuse import fuse
from livesegment.motion.key import Key, study
from livesegment.motion.refine import STRIDE, Decision, Refiner, truth_on
from livesegment.motion.rigid import rigid_shift, shifted
from livesegment.motion.sides import Side, both, side_features

DECISION_PIXELS = 20_000
FINEST = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Keyframe:
    """A frame whose mask is given."""

    frame: Frame
    given: Mask
    picture: Picture
    key: Key

    def with_ground(self, ground: int) -> Self:
        """Return the same with this class around the objects."""
        if ground == self.key.ground:
            return self
        key = study(self.given, self.frame.frame_size, self.picture.small, ground)
        return replace(self, key=key)


@dataclass(frozen=True, slots=True, eq=False)
class _Way:
    """A mask on its way from a keyframe to the other one, or to a cut.

    Attributes:
        keyframe: Where it comes from.
        carried: The mask at each frame after that, in the order of the way.
        doubt: How doubtful the motion is there; empty if nothing went the other way.
    """

    keyframe: _Keyframe
    carried: list[Carried]
    doubt: list[Field]

    def side(self, age: int) -> Side | None:
        """Return what it says of a frame so far from the keyframe; None: nothing."""
        if not 0 < age <= len(self.carried):
            return None
        doubt = self.doubt[age - 1] if self.doubt else None
        return Side(self.carried[age - 1], self.keyframe.picture, doubt)


class Propagator:
    """Carries masks from keyframes to the frames between them, from both sides along the motion.

    From each keyframe its mask is carried frame by frame towards the other one, as MaskAligner
    does it, with more time for each frame. What arrives there is compared with the mask that is
    known there, so that the edge refiner adapts to the video. Then the decisions of both sides,
    weighted by distance in time, are corrected by a second network that has seen both keyframes.

    The objects are everything but the ground: the background where it occurs, else the most
    frequent class of the first mask. Where classes meet each other rather than a background
    (`is_dense`), each pixel takes the class that arrives there from the side whose picture looks
    more like this one. Classes never mix into new ids. The same calls in the same order give the
    same masks. Carried masks tell no instances apart.

    Not thread-safe: one thread carries the masks of one video.

    Args:
        refiner: What decides at the edges, from one side; None: the one of the package.
    """

    def __init__(self, *, refiner: Refiner | None = None) -> None:
        self._refiner = refiner or Refiner.load()
        self._fuser = Refiner.load("side_fuser")
        self._blas = ThreadpoolController().select(user_api="blas")
        self._shared: _Keyframe | None = None
        self._arrived: Side | None = None

    def between(
        self, frames: Sequence[Frame], first: Mask | None, last: Mask | None
    ) -> list[Mask | None]:
        """Return a mask for each frame.

        Call it for one segment of a video after another: what is known of a keyframe that ended
        one and begins the next is used again.

        Args:
            frames: A keyframe, the frames between, another keyframe; all of one size.
            first: The mask of the first frame, of any size; None: it is no keyframe.
            last: The mask of the last frame, likewise.

        Returns:
            For keyframes the given masks at the frames' size, for the others what was carried
            there, from one side where only one is known. None where nothing is known: neither
            mask is given, or cuts lie before and after the frame.
        """
        # The matrices are small: more threads would spin beside each other, and beside ours.
        with self._blas.limit(limits=1):
            return self._between(frames, first, last)

    def _between(
        self, frames: Sequence[Frame], first: Mask | None, last: Mask | None
    ) -> list[Mask | None]:
        masks: list[Mask | None] = [None] * len(frames)
        if not frames or (first is None and last is None):
            return masks
        pictures = [self._picture(frame) for frame in frames]
        if all(mask is None or is_dense(mask, mask.pixel_counts()) for mask in (first, last)):
            self._shared = self._arrived = None
            return _dense(frames, pictures, first, last)
        start = self._keyframe(frames[0], first, pictures[0])
        end = self._keyframe(frames[-1], last, pictures[-1])
        arrived = self._arrived if start is self._shared else None
        self._shared, self._arrived = end, None
        start, end = _of_one_ground(start, end)
        known = [keyframe.key for keyframe in (start, end) if keyframe]
        if not any(key.objects.any() for key in known):
            # Archives are full of empty scenes: nothing is looked for in them.
            return _empty(frames, known)
        ways = forward, backward = self._ways(start, end, pictures)
        if start and forward and backward:
            opposite = backward.side(len(frames) - 1)
            if arrived and opposite:
                self._teach_fuser(arrived, opposite, start)
            self._arrived = forward.side(len(frames) - 1)
        for place, frame in enumerate(frames):
            ages = place, len(frames) - 1 - place
            sides = [way.side(age) for way, age in zip(ways, ages, strict=True) if way]
            near_first = sorted((side for side in sides if side), key=_age)
            if near_first:
                masks[place] = self._fused(near_first, pictures[place], frame.index)
        if start:
            masks[0] = start.key.mask
        if end:
            masks[-1] = end.key.mask
        return masks

    def _picture(self, frame: Frame) -> Picture:
        shared = self._shared
        return shared.picture if shared and shared.frame is frame else Picture.of(frame)

    def _keyframe(self, frame: Frame, mask: Mask | None, picture: Picture) -> _Keyframe | None:
        if mask is None:
            return None
        shared = self._shared
        if shared and shared.frame is frame and shared.given is mask:
            return shared
        key = study(mask, frame.frame_size, picture.small)
        return _Keyframe(frame, mask, picture, key)

    def _ways(
        self, start: _Keyframe | None, end: _Keyframe | None, pictures: list[Picture]
    ) -> tuple[_Way | None, _Way | None]:
        """Carry the masks towards each other, each as far as its scene goes."""
        cuts = _cuts(pictures)
        forward = backward = None
        if start:
            scene = pictures[: cuts[0]] if cuts else pictures
            forward = _Way(start, carry(start.key, scene, self._refiner), [])
        if end:
            scene = pictures[cuts[-1] :] if cuts else pictures
            backward = _Way(end, carry(end.key, scene[::-1], self._refiner), [])
        if forward is None or backward is None or cuts:
            return forward, backward
        for way, other in ((forward, backward), (backward, forward)):
            self._teach(way, other.keyframe.key)
            way.doubt.extend(doubts(way.carried, other.carried))
        return forward, backward

    def _teach(self, way: _Way, arrived_at: Key) -> None:
        """Compare what arrived at the other keyframe with its true mask."""
        if way.carried:
            arrived = way.carried[-1]
            truth = truth_on(arrived.region, arrived.decision, arrived_at.objects)
            self._refiner.learn(arrived.decision, truth)

    def _teach_fuser(self, before: Side, after: Side, keyframe: _Keyframe) -> None:
        """Compare what a keyframe's neighbours on both sides say about it with its true mask."""
        sides = sorted((before, after), key=_age)
        region = both([side.carried for side in sides])
        decision = self._decided(sides, keyframe.picture)
        self._fuser.learn(decision, truth_on(region, decision, keyframe.key.objects))

    def _fused(self, sides: list[Side], picture: Picture, frame_index: int) -> Mask:
        """Return the mask of a frame from one side, or from two with the nearer one first."""
        carried = [side.carried for side in sides]
        near, region = carried[0], both(carried)
        names = {k: v for one in reversed(carried) for k, v in one.key.mask.class_map.items()}
        moved, objects = near.moved_over(region), near.key.objects
        shift = rigid_shift(picture.gray, sides[0].source.gray, objects, region, moved)
        if shift is not None:
            moved_ids = shifted(near.key.mask.class_ids, shift)
            return Mask(moved_ids, names, frame_index, grain=near.key.mask.grain)
        decision = self._decided(sides, picture) if len(sides) == 2 else near.decision
        grain = max(near.key.mask.grain, decision.grain(region))
        return Mask(fuse(carried, decision, picture), names, frame_index, grain=grain)

    def _decided(self, sides: list[Side], picture: Picture) -> Decision:
        size = both([side.carried for side in sides]).grid_size(DECISION_PIXELS, FINEST, STRIDE)
        return self._fuser.decide(side_features(picture, sides, size))


def _age(side: Side) -> int:
    return side.carried.age


def _dense(
    frames: Sequence[Frame], pictures: list[Picture], first: Mask | None, last: Mask | None
) -> list[Mask | None]:
    """Return masks with a class on every pixel, each side's as far as its scene goes."""
    first, last = (mask and mask.resized(frames[0].frame_size) for mask in (first, last))
    cuts = _cuts(pictures)
    if cuts:
        lost: list[ClassIds | None] = [None] * (cuts[-1] - cuts[0])
        before = between_dense(pictures[: cuts[0]], first, None)
        carried = [*before, *lost, *between_dense(pictures[cuts[-1] :], None, last)]
    else:
        carried = between_dense(pictures, first, last)
    known = [mask for mask in (last, first) if mask is not None]
    names = {k: v for mask in known for k, v in mask.class_map.items()}
    grain = max(mask.grain for mask in known)
    masks = [
        None if ids is None else Mask(ids, names, frame.index, grain=grain)
        for ids, frame in zip(carried, frames, strict=True)
    ]
    masks[0], masks[-1] = first or masks[0], last or masks[-1]
    return masks


def _cuts(pictures: list[Picture]) -> list[int]:
    """Return the places of pictures that begin another scene than the one before."""
    detector = CutDetector()
    return [place for place, one in enumerate(pictures) if detector.is_cut(one.small)]


def _empty(frames: Sequence[Frame], keys: list[Key]) -> list[Mask | None]:
    """Return masks of nothing but ground."""
    masks: list[Mask | None] = []
    for place, frame in enumerate(frames):
        key = keys[0] if place <= (len(frames) - 1) / 2 else keys[-1]
        masks.append(Mask(key.mask.class_ids, key.mask.class_map, frame.index))
    return masks


def _of_one_ground(
    start: _Keyframe | None, end: _Keyframe | None
) -> tuple[_Keyframe | None, _Keyframe | None]:
    """Return the keyframes with the same class as the ground.

    A picture that objects fill has no ground of its own.
    """
    if start is None or end is None or start.key.ground == end.key.ground:
        return start, end
    is_bare = end.key.ground in end.key.mask.background
    ground = end.key.ground if is_bare else start.key.ground
    return start.with_ground(ground), end.with_ground(ground)
