"""The ways to carry masks that are compared: not at all, along plain optical flow, and ours."""

from collections.abc import Callable
from typing import Protocol

import cv2
import numpy as np
from sequences import Ids

from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion import Propagator
from livesegment.motion.raster import Floats

AS_SHOWN = {
    "paste": "the old mask as it is",
    "chain": "moved along chained optical flow",
    "warp": "`--align warp`",
    "copy": "copy of the nearest keyframe",
    "carry": "`annotate --every`",
}
"""What tables call the methods."""


class Method(Protocol):
    """Shows a late mask at the newest frame, as MaskAligner does."""

    def observe(self, frame: Frame) -> None: ...
    def align(self, mask: Mask) -> Mask | None: ...


class Paste:
    """The old mask as it is."""

    def observe(self, frame: Frame) -> None:
        pass

    def align(self, mask: Mask) -> Mask:
        return mask


class _Chain:
    """The motion of the frames that were seen, and where points come from along it."""

    def __init__(self) -> None:
        self.dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self.index = -1
        self._flows: dict[int, Floats] = {}
        self._last: Ids | None = None

    def see(self, gray: Ids, index: int) -> None:
        if self._last is not None:
            self._flows[index] = self.dis.calc(gray, self._last, None)
            self._flows.pop(index - 64, None)
        self._last, self.index = gray, index

    def back_to(self, index: int) -> tuple[Floats, Floats]:
        """Return the pixels of the newest frame, and where they were in an older one."""
        rows, columns = self._flows[self.index].shape[:2]
        grid = followed = _grid(columns, rows)
        for newer in range(self.index, index, -1):
            followed = followed + cv2.remap(
                self._flows[newer], followed, None, cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )  # fmt: skip
        return grid, followed


class PlainChain:
    """What OpenCV gives without further thought: DIS MEDIUM on a small picture, chained.

    It carries one object.
    """

    def __init__(self, width: int = 427) -> None:
        self._chain = _Chain()
        self._width = width

    def observe(self, frame: Frame) -> None:
        height = round(self._width * frame.image.shape[0] / frame.image.shape[1])
        gray = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
        gray = cv2.resize(gray, (self._width, height), interpolation=cv2.INTER_AREA)
        self._chain.see(gray, frame.index)

    def align(self, mask: Mask) -> Mask:
        if mask.frame_index == self._chain.index:
            return mask
        grid, followed = self._chain.back_to(mask.frame_index)
        rows, columns = grid.shape[:2]
        width, height = mask.frame_size
        scale = np.array([width / columns, height / rows], np.float32)
        moved = cv2.resize(followed - grid, (width, height)) * scale
        ids = cv2.remap(
            mask.class_ids * 255, _grid(width, height) + moved, None, cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        return Mask((ids > 127).astype(np.uint8), mask.class_map, self._chain.index)


class FullChain:
    """DIS flow at full size, chained, for a class on every pixel.

    Patches of 5 pixels, 3 apart, without mean normalisation and variational refinement.
    """

    def __init__(self) -> None:
        self._chain = _Chain()
        self._chain.dis.setPatchSize(5)
        self._chain.dis.setPatchStride(3)
        self._chain.dis.setUseMeanNormalization(False)
        self._chain.dis.setVariationalRefinementIterations(0)

    def observe(self, frame: Frame) -> None:
        self._chain.see(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), frame.index)

    def align(self, mask: Mask) -> Mask:
        if mask.frame_index == self._chain.index:
            return mask
        _, followed = self._chain.back_to(mask.frame_index)
        ids = cv2.remap(
            mask.class_ids, followed, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        )
        return Mask(ids, mask.class_map, self._chain.index)


Segment = Callable[[list[Frame], Mask, Mask], list[Mask]]
"""Returns a mask for each frame from the one keyframe's to the other's."""


def copied(frames: list[Frame], first: Mask, last: Mask) -> list[Mask]:
    """Show the nearest keyframe's mask."""
    middle = (len(frames) - 1) / 2
    return [first if place <= middle else last for place in range(len(frames))]


def chained(
    frames: list[Frame], first: Mask, last: Mask, along: Callable[[], Method] = PlainChain
) -> list[Mask]:
    """Move the nearest keyframe's mask along the flow."""
    forward = _chained_from(frames, first, along())
    backward = _chained_from(frames[::-1], last, along())[::-1]
    middle = (len(frames) - 1) / 2
    return [(forward if place <= middle else backward)[place] for place in range(len(frames))]


def _chained_from(frames: list[Frame], mask: Mask, chain: Method) -> list[Mask]:
    # It counts frames upwards; here the first one is the keyframe, whichever way time goes.
    key = Mask(mask.class_ids, mask.class_map, 0)
    shown = []
    for place, frame in enumerate(frames[: len(frames) // 2 + 1]):
        chain.observe(Frame(frame.image, place, frame.pts_s, frame.captured_at_s))
        shown.append(chain.align(key) or key)
    return shown + [key] * (len(frames) - len(shown))


def carried() -> Segment:
    """Return Propagator, new for each segment, as `annotate` has it."""

    def segment(frames: list[Frame], first: Mask, last: Mask) -> list[Mask]:
        masks = Propagator().between(frames, first, last)
        return [mask for mask in masks if mask is not None]

    return segment


def _grid(width: int, height: int) -> Floats:
    return np.dstack(np.meshgrid(np.arange(width), np.arange(height))).astype(np.float32)


def won_back(plain: float, ours: float) -> str:
    """Return how much of what is lost against the truth is won back, as a share."""
    return f"{(ours - plain) / (1 - plain):.0%}"
