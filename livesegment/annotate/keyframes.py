"""Which frames a segmenter is asked about."""

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from livesegment.errors import OptionsError
from livesegment.frame import Frame
from livesegment.motion.difference import SceneChange, Stillness
from livesegment.settings import KeyframeOptions
from livesegment.sinks.base import Role

MOST_BETWEEN = 64
"""Frames between two keyframes that wait for the second one, at the most."""


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """A frame and what becomes of it.

    Attributes:
        frame: The frame.
        role: Where its mask comes from.
        begins_scene: Nothing can be carried here from the frames before; None: nobody has looked.
    """

    frame: Frame
    role: Role
    begins_scene: bool | None = False


class KeyframeChooser:
    """Gives each frame its role.

    It looks one frame ahead, since the last one is a keyframe, unless all are.

    Args:
        options: What makes a frame a keyframe; the first of a scene is one in any case.
        planned: Indices of the keyframes, in place of one in so many; None: no plan.
    """

    def __init__(self, options: KeyframeOptions, planned: frozenset[int] | None = None) -> None:
        self._options = options
        self._planned = planned
        self._asks_for_all = planned is None and options.asks_for_all
        self._scene = SceneChange()
        self._stillness = Stillness()
        self._waiting: Frame | None = None
        self._since: int | None = None  # frames since one whose mask is certain

    def add(self, frame: Frame) -> Chosen | None:
        """Take the next frame and return one whose role is known now; None: none is."""
        if self._asks_for_all:
            return Chosen(frame, Role.ASKED, begins_scene=None)
        before, self._waiting = self._waiting, frame
        return None if before is None else self._choose(before, is_last=False)

    def end(self) -> Chosen | None:
        """Return the last frame; None where there is none any more."""
        last, self._waiting = self._waiting, None
        return None if last is None else self._choose(last, is_last=True)

    def _choose(self, frame: Frame, *, is_last: bool) -> Chosen:
        skip_still = self._options.skip_still
        begins_scene = self._scene.step(frame.image).is_cut or self._since is None
        if skip_still and not begins_scene and self._stillness.is_still(frame.image):
            self._since = 0
            return Chosen(frame, Role.STILL)
        # A part goes on asking as the whole does, as far as frames before it can be known.
        behind = frame.index % self._options.every if self._since is None else 0
        self._since = 0 if self._since is None else self._since + 1
        if not (begins_scene or is_last or self._is_due(frame)):
            return Chosen(frame, Role.CARRIED)
        self._since = behind
        if skip_still:
            self._stillness.mark(frame.image)
        return Chosen(frame, Role.ASKED, begins_scene)

    def _is_due(self, frame: Frame) -> bool:
        if self._planned is not None:
            return frame.index in self._planned
        return self._since is None or self._since >= self._options.every


def plan_keyframes(frames: Iterable[Frame], budget: int) -> frozenset[int]:
    """Look through a source and put a number of keyframes where the picture changes most.

    The first frame, the last, and the first of each scene are taken. Then the stretch between two
    keyframes that costs most is halved, again and again; its cost is how much the picture changes
    on the way, times its length, because an error is carried as far as the next keyframe.

    Args:
        frames: The frames, in order.
        budget: How many keyframes.

    Returns:
        The indices of the keyframes.

    Raises:
        OptionsError: If the cuts alone need more.
    """
    indices, amounts, cuts = _look_through(frames)
    if not indices:
        return frozenset()
    chosen = {0, len(indices) - 1} | cuts
    if len(chosen) > budget:
        raise OptionsError(
            f"--budget {budget} is too small: the cuts and the last frame need {len(chosen)} calls"
        )
    chosen.update(_divided(amounts, sorted(chosen), cuts, budget - len(chosen)))
    return frozenset(indices[place] for place in chosen)


def _look_through(frames: Iterable[Frame]) -> tuple[list[int], list[float], set[int]]:
    """Return each frame's index and how much it changed, and the places of the cuts."""
    indices, amounts, cuts, scene = [], [], set(), SceneChange()
    for place, frame in enumerate(frames):
        change = scene.step(frame.image)
        indices.append(frame.index)
        amounts.append(change.amount)
        if change.is_cut:
            cuts.add(place)
    return indices, amounts, cuts


def _divided(
    amounts: Sequence[float], chosen: Sequence[int], cuts: set[int], more: int
) -> Iterator[int]:
    """Yield places between those chosen, the most needed first."""
    # How far the picture has come, by the frame; a cut is no way to go.
    way = [0.0]
    for place in range(1, len(amounts)):
        way.append(way[-1] + (0.0 if place in cuts else amounts[place]))

    def cost(begin: int, end: int) -> tuple[float, int, int]:
        return -(way[end] - way[begin]) * (end - begin), begin, end

    # Before a cut nothing comes from the other side: the way ends at the frame before it.
    stretches = [cost(begin, end - (end in cuts)) for begin, end in pairwise(chosen)]
    heapq.heapify(stretches)
    while more > 0 and stretches:
        _, begin, end = heapq.heappop(stretches)
        if end - begin < 2 or way[begin] == way[end]:
            continue  # nothing between, or nothing that changes
        middle = _halfway(way, begin, end)
        yield middle
        more -= 1
        heapq.heappush(stretches, cost(begin, middle))
        heapq.heappush(stretches, cost(middle, end))


def _halfway(way: Sequence[float], begin: int, end: int) -> int:
    """Return the frame after which as much of the way is left as was gone before."""
    middle = bisect_left(way, (way[begin] + way[end]) / 2, begin, end)
    return min(max(middle, begin + 1), end - 1)
