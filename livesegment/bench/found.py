"""What was measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from livesegment.bench.plan import Picture
from livesegment.calls.reply_window import ReplyWindow


@dataclass(frozen=True, slots=True)
class Asked:
    """Calls of one kind.

    Attributes:
        at_once: Requests under way.
        round_trips_s: Seconds from the picture to its mask, of those that count.
        calls: Calls made, those included that do not count.
        errors: What failed, in the endpoint's order.
        asked_for_less: Whether the endpoint asked for patience or for fewer calls.
    """

    at_once: int
    round_trips_s: Sequence[float]
    calls: int
    errors: Sequence[str] = ()
    asked_for_less: bool = False

    @property
    def round_trip_s(self) -> float:
        """The usual one: the median of calls one at a time; of those that share, as `live` does."""
        times_s = self.round_trips_s
        if self.at_once == 1:
            return median(times_s)
        window = ReplyWindow(len(times_s), settling=0)
        for each in times_s:
            window.add(each, self.at_once)
        return window.round_trip_s()

    @property
    def calls_per_s(self) -> float:
        """Answers a second while so many are under way (Little's law)."""
        return self.at_once / self.round_trip_s


@dataclass(frozen=True, slots=True)
class Tried:
    """One way to send a picture, one call at a time.

    Attributes:
        picture: How it is sent.
        size: (width, height) of what is sent.
        sent_bytes: Length of the request's body; None where nothing is sent.
        asked: What came of it.
    """

    picture: Picture
    size: tuple[int, int]
    sent_bytes: int | None
    asked: Asked


@dataclass(slots=True)
class Found:
    """What was measured so far.

    Attributes:
        most_calls: Calls that may be made.
        calls: Calls made.
        fps: Frames a second of the source, or what is usual where it does not say.
        frame_size: (width, height) of its pictures.
        has_end: Whether the source has an end.
        first_s: Seconds of the first call, which opens the connection or warms the model up.
        tried: Each way to send a picture; the usual one is the first.
        loads: Requests at once, rising, with the usual picture.
        is_whole: Whether everything was tried that was worth it.
        why_not: Why not, in words; empty: it was.
    """

    most_calls: int
    calls: int = 0
    fps: float = 30.0
    frame_size: tuple[int, int] = (0, 0)
    has_end: bool = False
    first_s: float | None = None
    tried: list[Tried] = field(default_factory=list)
    loads: list[Asked] = field(default_factory=list)
    is_whole: bool = False
    why_not: str = ""
