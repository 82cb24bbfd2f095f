"""Gives the frames between keyframes their masks, on several threads, in order."""

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from livesegment.annotate.keyframes import MOST_BETWEEN, Chosen
from livesegment.buffer import Buffer
from livesegment.frame import Frame
from livesegment.mask import Mask
from livesegment.motion.propagate import Propagator
from livesegment.profile import stage
from livesegment.sinks.base import Role

MOST_AT_ONCE = 16
"""Segments carried at once, at the most."""


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """A frame with its mask.

    Attributes:
        frame: The frame.
        mask: Its mask; None where there is none to be had.
        role: Where the mask comes from.
        begins_scene: As of `Chosen`.
    """

    frame: Frame
    mask: Mask | None
    role: Role
    begins_scene: bool | None = False


class _Segment:
    """The frames between two keyframes, and the keyframes.

    Args:
        frames: A keyframe or a frame that has its mask already, those between, another keyframe.
        first: The mask of the first.
        last: The mask of the last; None: it is none of a keyframe, but to be carried as well.
        has_end: Whether the last is not to be carried.
    """

    def __init__(
        self, frames: list[Frame], first: Mask | None, last: Mask | None, *, has_end: bool
    ) -> None:
        self._frames = frames
        self._first, self._last = first, last
        self._has_end = has_end
        self._done = threading.Event()
        self._carried: list[Masked] | None = None
        self._error: BaseException | None = None
        self.nbytes = sum(frame.nbytes for frame in frames)

    @property
    def is_done(self) -> bool:
        """Whether `carried` need not wait."""
        return self._done.is_set()

    def carry(self) -> None:
        """Find the masks. An error is raised by `carried`."""
        try:
            # A propagator for each: whatever it learns is the same then, whoever comes first.
            with stage("align"):
                masks = Propagator().between(self._frames, self._first, self._last)
            end = -1 if self._has_end else None
            between = zip(self._frames[1:end], masks[1:end], strict=True)
            self._carried = [Masked(frame, mask, Role.CARRIED) for frame, mask in between]
        except BaseException as error:  # noqa: BLE001 - raised where the frames' turn is
            self._error = error
        finally:
            self._frames = []
            self._done.set()

    def give_up(self) -> None:
        """Let nobody wait for it."""
        self._done.set()

    def carried(self) -> list[Masked]:
        """Wait for the frames between with their masks; none if it was given up."""
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._carried or []


class Carrier:
    """Holds frames back until the keyframe after them is known, and gives them masks.

    As many segments between keyframes are carried at once as threads call `run`; without one each
    is carried at once, by whoever adds its end. The masks are the same for any number of threads.

    At most `MOST_BETWEEN` frames wait for a keyframe. Where more lie between two, those get what is
    carried from the one before.

    Args:
        asks_for_all: Whether every frame is a keyframe: then none is held for those to come.
        at_once: How many threads call `run`; 0: none.
        most_bytes: Says how many bytes the pictures of segments in work may take, given one of
            their frames; one segment is in work however large it is.
        wanted: Indices of the frames whose masks somebody wants; None: all. Others may have none.
    """

    def __init__(
        self,
        *,
        asks_for_all: bool = False,
        at_once: int = 0,
        most_bytes: Callable[[Frame], int] = lambda _: sys.maxsize,
        wanted: frozenset[int] | None = None,
    ) -> None:
        self._asks_for_all = asks_for_all
        self._at_once = at_once
        self._most_bytes = most_bytes
        self._wanted = wanted
        self._jobs: Buffer[_Segment] = Buffer("wait", at_once + 1)
        self._lock = threading.Lock()
        self._queue: deque[Masked | _Segment] = deque()
        self._is_stopped = False
        self._before: tuple[Frame, Mask | None] | None = None
        self._asked: Mask | None = None
        self._held: list[Frame] = []

    def run(self) -> None:
        """Carry segments until `stop`."""
        while (segment := self._jobs.get()) is not None:
            segment.carry()

    def stop(self) -> None:
        """End `run`, and give up what has not been carried; from any thread."""
        self._jobs.abort()
        with self._lock:
            self._is_stopped = True
            for item in self._queue:
                if isinstance(item, _Segment):
                    item.give_up()

    def add(self, chosen: Chosen, mask: Mask | None) -> Iterator[Masked]:
        """Take the next frame and yield those that have a mask now, in order.

        Args:
            chosen: The frame and its role.
            mask: What the segmenter said about a keyframe.
        """
        frame = chosen.frame
        if self._asks_for_all:
            yield Masked(frame, mask, chosen.role, chosen.begins_scene)
            return
        if chosen.role is Role.CARRIED:
            self._held.append(frame)
            if len(self._held) == MOST_BETWEEN:
                # What comes after them is carried from the last of them.
                yield from self._begin(None, is_needed=True)
                for masked in self._ready(0):
                    self._before = masked.frame, masked.mask
                    yield masked
            return
        if chosen.role is Role.STILL:
            mask = self._asked and replace(self._asked, frame_index=frame.index)
        else:
            self._asked = mask
        if self._held:
            yield from self._begin(None if chosen.begins_scene else (frame, mask))
        self._before = frame, mask
        self._put(Masked(frame, mask, chosen.role, chosen.begins_scene))
        yield from self._ready(self._at_once + 1)

    def end(self) -> Iterator[Masked]:
        """Yield all that are left, also those that wait for a keyframe which will not come."""
        if self._held:
            yield from self._begin(None)
        yield from self._ready(0)

    def _begin(
        self, after: tuple[Frame, Mask | None] | None, *, is_needed: bool = False
    ) -> Iterator[Masked]:
        """Have the frames carried that are held; yield what must be finished for that."""
        if not (is_needed or self._wanted is None or self._is_wanted(self._wanted)):
            for frame in self._held:
                self._put(Masked(frame, None, Role.CARRIED))
            self._held = []
            return
        assert self._before is not None, "the first frame of all is a keyframe"
        first, mask_before = self._before
        frames = [first, *self._held, *([] if after is None else [after[0]])]
        self._held = []
        last = None if after is None else after[1]
        segment = _Segment(frames, mask_before, last, has_end=after is not None)
        most = self._most_bytes(first)
        while self._in_work() and self._in_work_bytes() + segment.nbytes > most:
            yield from self._ready(self._in_work() - 1)
        self._put(segment)
        if not self._at_once:
            segment.carry()
        else:
            self._jobs.put(segment)

    def _is_wanted(self, wanted: frozenset[int]) -> bool:
        return any(frame.index in wanted for frame in self._held)

    def _in_work(self) -> int:
        return sum(isinstance(each, _Segment) for each in self._queue)

    def _in_work_bytes(self) -> int:
        return sum(each.nbytes for each in self._queue if isinstance(each, _Segment))

    def _put(self, item: Masked | _Segment) -> None:
        with self._lock:
            self._queue.append(item)
            if self._is_stopped and isinstance(item, _Segment):
                item.give_up()

    def _ready(self, most: int) -> Iterator[Masked]:
        """Yield from the front what is done, and wait for more until so many segments are left."""
        while self._queue:
            item = self._queue[0]
            if isinstance(item, _Segment) and not item.is_done and self._in_work() <= most:
                return
            carried = item.carried() if isinstance(item, _Segment) else [item]
            with self._lock:
                self._queue.popleft()
            yield from carried
