"""What is remembered of the frames that went by."""

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass

from livesegment.frame import Image
from livesegment.motion.flow import Field
from livesegment.motion.raster import Bytes

SMALL = 0.5
"""Size of the small pictures, along one side."""


def small_size(width: int, height: int) -> tuple[int, int]:
    """Return the (width, height) in the small picture of what has these in the full one."""
    return max(1, round(width * SMALL)), max(1, round(height * SMALL))


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is kept of one frame.

    Attributes:
        index: `Frame.index`.
        pts_s: Media time in seconds.
        gray: The picture in grey, full resolution.
        small: The picture made smaller by `SMALL`, BGR.
        flow: Motion back to the frame seen before it; None for the first of a scene.
    """

    index: int
    pts_s: float
    gray: Bytes
    small: Image
    flow: Field | None


class History:
    """The frames of the current scene, as far back as a mask may come from.

    Args:
        max_age_s: Frames older than this are forgotten.
        max_frames: As are those beyond this number, whatever their time.
    """

    def __init__(self, max_age_s: float, max_frames: int) -> None:
        self._max_age_s = max_age_s
        self._max_frames = max_frames
        self._frames: OrderedDict[int, Seen] = OrderedDict()

    @property
    def newest(self) -> Seen | None:
        """The frame added last; None when there is none."""
        return next(reversed(self._frames.values()), None)

    def __len__(self) -> int:
        return len(self._frames)

    def get(self, index: int) -> Seen | None:
        """Return what is kept of a frame; None for one that is unknown or forgotten."""
        return self._frames.get(index)

    def clear(self) -> None:
        """Forget everything: a new scene begins."""
        self._frames.clear()

    def add(self, seen: Seen) -> None:
        """Add the newest frame and forget those that are too old now."""
        self._frames[seen.index] = seen
        while len(self._frames) > 1:
            oldest = next(iter(self._frames.values()))
            young = seen.pts_s - oldest.pts_s <= self._max_age_s
            if young and len(self._frames) <= self._max_frames:
                break
            self._frames.popitem(last=False)

    def first_flow_after(self, index: int) -> Field:
        """Return the motion of the frame that came next after a remembered one.

        Raises:
            KeyError: If there is none.
        """
        first = deque(self.flows_back_to(index), maxlen=1)
        if not first:
            raise KeyError(index)
        return first[0]

    def flows_back_to(self, index: int) -> Iterator[Field]:
        """Yield the motion of each frame after `index`, the newest first."""
        for seen in reversed(self._frames.values()):
            if seen.index <= index or seen.flow is None:
                return
            yield seen.flow
