"""Who looks on at a live run, and what each is given."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from livesegment.frame import Frame, Image
from livesegment.mask import Mask
from livesegment.metrics import LiveStatus, Metrics
from livesegment.resource import Resource
from livesegment.settings.controls import ControlPanel


class Wants(IntEnum):
    """What an output is given at the moment; more is drawn from one to the next.

    Attributes:
        FRAMES: Every new frame and its mask. Nothing is drawn while nobody wants more.
        DRAWN: The newest picture with the overlay and not a word on it, for who writes beside it
            what there is to say; otherwise as `SHOWN`.
        RECORDED: Every new frame, with a picture of it that nobody draws on any more: it may be
            kept. The overlay and its legend are drawn, nothing else.
        SHOWN: The newest picture, for somebody to look at: also drawn again, when the controls or
            the mask changed while the source stands still, and with a notice across it where there
            is one. It is valid only during `on_frame`: an output that keeps it copies it.
        WINDOW: The same, with the HUD.
    """

    FRAMES = 0
    DRAWN = 1
    RECORDED = 2
    SHOWN = 3
    WINDOW = 4

    @property
    def is_newest(self) -> bool:
        """Whether what is looked at is the newest picture, however often it is drawn."""
        return self in (Wants.DRAWN, Wants.SHOWN, Wants.WINDOW)


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A frame of a live run, as it may be seen: what is redacted is in none of it.

    Attributes:
        frame: The frame, with nothing in its image that may not be seen.
        mask: The mask that goes on it, of its size, or smaller where `largest_size` allows it for
            all outputs; None: nothing is to be drawn.
        counted: The mask by which classes are counted. The same, but also there while a picture is
            hidden whole, so it is not to be shown or kept.
        image: The frame with everything drawn that the output wants, BGR uint8 (H, W, 3); None
            where it wants no picture. It is of the frame's size, or smaller where `largest_size`
            allows it.
        is_new: Whether the frame has not been given before; else it is only drawn again.
        answer: What the model said, of which `counted` was made: of its own frame and size, with
            what is lost on the way, such as instances. Not to be shown or kept either.
    """

    frame: Frame
    mask: Mask | None
    counted: Mask | None
    image: Image | None
    is_new: bool = True
    answer: Mask | None = None


class LiveRun(Protocol):
    """A live run, as far as its outputs may know it. For any thread, but for `take_snapshot`."""

    @property
    def title(self) -> str:
        """What people call the source; no credentials."""

    @property
    def controls(self) -> ControlPanel:
        """How the picture is drawn, to be read and changed."""

    @property
    def metrics(self) -> Metrics:
        """What the run counts."""

    def status(self) -> LiveStatus:
        """Return what the run is at."""

    def stop(self) -> None:
        """Ask the run to end soon."""

    def try_now(self) -> None:
        """Have the endpoint asked at once, though it wants to be left alone."""

    def take_snapshot(self) -> None:
        """Save the picture of the moment, without HUD. On the main thread only."""

    def remark(self, text: str) -> None:
        """Have a few words shown in the window for a moment, in place of those before."""

    def start_worker(self, name: str, work: Callable[[], None], stop: Callable[[], None]) -> None:
        """Run work on a thread of its own; an exception there ends the run and is its error.

        Args:
            name: What it is called in the log.
            work: The run's end waits until it is done.
            stop: Called after the last picture, for `work` to come to an end.
        """


class Output(Resource):
    """Looks on at a live run. One of one's own needs only `on_frame`.

    The `on_` methods are called on the main thread, which shows pictures: they never wait. What
    takes time is put into a `Buffer`, for a thread of its own.
    """

    @property
    def wants(self) -> Wants:
        """What it is to be given; asked for every picture."""
        return Wants.SHOWN

    @property
    def largest_size(self) -> tuple[int, int] | None:
        """(width, height) in pixels of what it can show; None: pictures of any size.

        A much larger picture is made smaller before anything is drawn on it, if that is large
        enough for every output that gets it; a mask that was moved is then given as large as that.
        Asked for every picture.
        """
        return None

    @property
    def is_waiting(self) -> bool:
        """Whether somebody looks who has no picture yet: the last one is drawn again at once."""
        return False

    def on_start(self, run: LiveRun) -> None:
        """Get ready: the run is about to begin. Called once.

        Raises:
            LiveSegmentError: If it cannot; the run does not begin.
        """

    @abstractmethod
    def on_frame(self, shown: Shown) -> None:
        """Take a frame, in their order."""

    def on_tick(self) -> None:
        """Look after what does not depend on frames; called many times a second."""
