"""Which frames are exported, and why."""

import logging
from abc import ABC, abstractmethod
from array import array
from bisect import bisect_left, insort
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from livesegment.class_name import comparable
from livesegment.downscale import fitting
from livesegment.frame import Image
from livesegment.mask import BACKGROUND, Mask
from livesegment.motion.disagreement import LEAST_SHARE, CarriedDisagreement, disagreement
from livesegment.motion.raster import worst_channel
from livesegment.settings import ExportedFramesOptions
from livesegment.sinks.base import Annotated, Role

_log = logging.getLogger(__name__)

_ACROSS = 160
_OTHER_LEVEL = 24  # of 255, in the channel that differs most
CHANGED_PICTURE = 0.25
"""Share of a picture that shows something else when it has changed notably."""
CHANGED_MASKS = 0.5
"""How much masks differ, as `disagreement` counts, that have changed notably."""

_DIGITS = 4
_UNKNOWN = -1.0  # in place of the score of a frame that nothing is known of


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a frame is exported.

    Attributes:
        word: `every`; `first`, `picture` or `masks`, what has changed; `unsure` or `disagrees`.
        score: How much has changed, or how hard the frame is, 0 to 1; None where nothing is
            measured.
    """

    word: str
    score: float | None = None


class FrameChoice(ABC):
    """Says of each frame whether it is exported. Frames come in order."""

    @abstractmethod
    def consider(self, picture: Annotated) -> Reason | None:
        """Return why a frame is exported that has a mask; None: it is not."""

    def settled(self) -> frozenset[int]:
        """Say that all frames were considered, and return which are only now known to be chosen.

        They are considered once more, and are exported then.
        """
        return frozenset()


class EveryNth(FrameChoice):
    """Chooses one frame in so many of those that have a mask, the first among them."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._count = 0

    def consider(self, picture: Annotated) -> Reason | None:  # noqa: ARG002 - it only counts
        """Return why a frame is exported; None: it is not."""
        self._count += 1
        return None if (self._count - 1) % self._every else Reason("every")


class Changed(FrameChoice):
    """Chooses frames that have changed notably since the last one chosen.

    The picture has, where `CHANGED_PICTURE` of its cells differ, 160 of them along its longer side;
    the masks have, where they differ by `CHANGED_MASKS`.
    """

    def __init__(self) -> None:
        self._picture: Image | None = None
        self._mask: Mask | None = None

    def consider(self, picture: Annotated) -> Reason | None:
        """Return what has changed; None: nothing that is notable."""
        assert picture.mask is not None
        size = fitting(picture.frame.frame_size, (_ACROSS, _ACROSS))
        small = picture.frame.downscaled(size)
        mask = replace(picture.mask, certainty=None, instance_ids=None).resized(size)
        reason = self._reason(small, mask)
        if reason is not None:
            self._picture, self._mask = small, mask
        return reason

    def _reason(self, small: Image, mask: Mask) -> Reason | None:
        if self._picture is None or self._mask is None or self._picture.shape != small.shape:
            return Reason("first")
        differs = worst_channel(small, self._picture) > _OTHER_LEVEL
        share = np.count_nonzero(differs) / differs.size
        if share >= CHANGED_PICTURE:
            return Reason("picture", round(share, _DIGITS))
        masks = disagreement(self._mask, mask)
        return Reason("masks", round(masks, _DIGITS)) if masks >= CHANGED_MASKS else None


class Hardest(FrameChoice):
    """Chooses the frames that are hardest for the model, among those that it was asked about.

    A frame is as hard as the model is unsure of it, where its replies say so (`doubt`). Where they
    do not, as much as its mask differs from that of the frame asked before or after it, carried
    along the motion from the one to the other: one of the two is wrong, or both are.

    Of each frame that was asked about, 17 bytes are kept: pictures and masks are read once more.

    Args:
        count: How many frames.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._carried = CarriedDisagreement()
        self._indices, self._scenes = array("q"), array("i")
        self._scores, self._is_unsure = array("f"), array("b")
        self._chosen: dict[int, Reason] | None = None

    def consider(self, picture: Annotated) -> Reason | None:
        """Take note of how hard a frame is; once all are known, return why one is exported."""
        if self._chosen is not None:
            return self._chosen.get(picture.frame.index)
        assert picture.mask is not None
        if picture.role in (None, Role.ASKED):
            self._note(picture, picture.mask)
        return None

    def settled(self) -> frozenset[int]:
        """Choose, and return the frames chosen; fewer where nothing is known of the others."""
        every = np.array(self._scores, np.float64)
        known = np.flatnonzero(every != _UNKNOWN)
        scores = every[known].round(_DIGITS)
        if (unknown := every.size - known.size) and known.size < self._count:
            _log.warning(
                "how hard %s cannot be told: the replies do not say how sure the model is, and no"
                " other frame that was asked about shows the same scene",
                "1 frame is" if unknown == 1 else f"{unknown} frames are",
            )
        chosen = spread(scores, np.array(self._scenes, np.int32)[known], self._count)
        self._chosen = {
            self._indices[known[each]]: Reason(
                "unsure" if self._is_unsure[known[each]] else "disagrees", float(scores[each])
            )
            for each in chosen
        }
        return frozenset(self._chosen)

    def _note(self, picture: Annotated, mask: Mask) -> None:
        unsure = doubt(mask)
        differs = None
        if mask.certainty is None:
            differs = self._carried.compare(picture.frame, mask, picture.scene)
        else:
            self._carried.forget()
        self._indices.append(picture.frame.index)
        self._scenes.append(picture.scene)
        self._scores.append(_UNKNOWN if unsure is None else unsure)
        self._is_unsure.append(unsure is not None)
        if differs is not None:
            for place in (-2, -1):
                if differs > self._scores[place]:
                    self._scores[place], self._is_unsure[place] = differs, False


def doubt(mask: Mask) -> float | None:
    """Return how unsure a model is of a picture, 0 to 1; None where it does not say.

    It is the number of pixels that it expects to be wrong, beside the number of those with a class:
    the edge of something large is no doubt, something that may be there is. Where no class is
    called background, a certainty of 0 means that nothing was found.
    """
    size = mask.class_ids.size
    if mask.certainty is not None:
        sure = cv2.sumElems(mask.certainty)[0] / 255
        nothing = 0 if _has_background(mask) else size - cv2.countNonZero(mask.certainty)
        wrong = size - nothing - sure
    elif mask.instance_ids is not None and mask.confidences:
        areas = np.bincount(mask.instance_ids.ravel())[1 : 1 + len(mask.confidences)]
        wrong = float((areas * (1 - np.array(mask.confidences[: areas.size]))).sum())
    else:
        return None
    counts = mask.pixel_counts()
    classed = sum(count for each, count in counts.items() if each not in mask.unclassed)
    return float(wrong / (wrong + classed + LEAST_SHARE * size))


def _has_background(mask: Mask) -> bool:
    return any(comparable(name) == BACKGROUND for name in mask.class_map.values())


def spread(scores: npt.NDArray[np.float64], scenes: npt.NDArray[np.int32], count: int) -> list[int]:
    """Return the places of the highest scores, of which none of one scene are close together.

    The highest is taken first, and of equal ones the earlier. Two of one scene lie at least half as
    far apart as `count` places would that were spread evenly: so many are always found, and no
    scene has more than about twice its share.

    Args:
        scores: Of each frame, in order, float64 (frames,).
        scenes: The number of each frame's scene, int32 (frames,).
        count: How many to take, if there are so many.
    """
    apart = max(1, len(scores) // (2 * count))
    taken: list[int] = []
    for found in np.argsort(-scores, kind="stable"):
        if len(taken) == count:
            break
        place = int(found)
        near = bisect_left(taken, place)
        if all(
            abs(place - other) >= apart or scenes[place] != scenes[other]
            for other in taken[max(0, near - 1) : near + 1]
        ):
            insort(taken, place)
    return taken


def open_choice(options: ExportedFramesOptions) -> FrameChoice | None:
    """Return what chooses; None: every frame is exported."""
    if options.export_every is not None:
        return EveryNth(options.export_every)
    if options.export_uncertain is not None:
        return Hardest(options.export_uncertain)
    return Changed() if options.export_changed else None
