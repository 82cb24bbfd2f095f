"""The picture as video, for however many watch: given in order, from a keyframe on."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from livesegment.web.broadcast import Wake, Watched

_MOST_BEHIND_S = 0.5
_BEGINNING = -2  # and less: has seen so many fewer, none of which it can go on from


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """What is to be read before the first picture of an encoder.

    Attributes:
        segment: The init segment.
        codec: What browsers call the coding.
    """

    segment: bytes
    codec: str


@dataclass(frozen=True, slots=True, eq=False)
class Fragment:
    """A picture of a video as it is sent.

    Attributes:
        media: It, as a fragment of an MP4.
        time_s: When it is shown, in seconds since the encoder began.
        is_keyframe: Whether a viewer may begin with it.
        head: Of its encoder.
        number: Rises from one to the next.
    """

    media: bytes
    time_s: float
    is_keyframe: bool
    head: Head
    number: int = 0


class VideoBroadcast(Watched[Fragment]):
    """Holds what is newest of a video; everybody who watches takes it in order.

    A viewer begins with a keyframe, for which the encoder is asked, and one that is behind by more
    than half a second goes on with the next keyframe: nothing else is kept.

    Args:
        on_watched: Called with True when a viewer comes and with False when the last one has gone,
            one call after the other.
    """

    def __init__(self, on_watched: Callable[[bool], None] | None = None) -> None:
        super().__init__(on_watched)
        self._kept: deque[Fragment] = deque()
        self._is_keyframe_wanted = self._has_failed = False

    @property
    def is_waiting(self) -> bool:
        """Whether somebody watches who needs a keyframe to begin with."""
        return self.is_watched and self._is_keyframe_wanted and not self._is_closed

    @property
    def has_failed(self) -> bool:
        """Whether this cannot be encoded on this machine."""
        return self._has_failed

    def publish(self, coded: Fragment) -> None:
        """Give everybody another picture; without viewers it is dropped."""
        with self._lock:
            if not self._wakes or self._is_closed:
                return
            self._numbers += 1
            if coded.is_keyframe:
                self._is_keyframe_wanted = False
            if self._kept and coded.head is not self._kept[-1].head:
                self._kept.clear()
            self._kept.append(replace(coded, number=self._numbers))
            while coded.time_s - self._kept[0].time_s > _MOST_BEHIND_S:
                self._kept.popleft()
            self._wake_all()

    def ask_for_keyframe(self) -> None:
        """Have the next picture be one that a viewer may begin with."""
        self._is_keyframe_wanted = True

    def fail(self) -> None:
        """Let every viewer know that there is no encoder."""
        self._has_failed = True
        self.close()

    def take(self, after: int) -> Fragment | None:
        """Return the fragment after one, or else the newest keyframe that has come since."""
        seen = after if after >= 0 else _BEGINNING - after
        with self._lock:
            fresh = [each for each in self._kept if each.number > seen]
            if fresh and fresh[0].number == after + 1:
                return fresh[0]
            return next((each for each in reversed(fresh) if each.is_keyframe), None)

    def _first_after(self) -> int:
        self._is_keyframe_wanted = True
        return _BEGINNING - self._numbers

    def _joined(self, wake: Wake) -> None:  # noqa: ARG002 - it is woken by the keyframe
        self._tell(is_watched=True)

    def _forget(self) -> None:
        self._kept.clear()
