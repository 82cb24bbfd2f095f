"""Who gets the pictures of a live run."""

import logging
import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from livesegment.events.event import Event
from livesegment.frame import Frame, Image
from livesegment.mask import Mask
from livesegment.metrics import DropLog, Metrics
from livesegment.resource import Resource
from livesegment.settings.controls import STYLES, ControlPanel
from livesegment.sinks.base import Annotated, Sink
from livesegment.sources.base import Source

if TYPE_CHECKING:
    from livesegment.live.loop import LiveLoop

logger = logging.getLogger(__name__)

ESCAPE = 27
OPACITY_STEP = 0.1


class Viewer(Protocol):
    """Where the picture is shown and keys are pressed. Used from the main thread only."""

    @property
    def is_open(self) -> bool:
        """Whether the user has left the window open."""

    def show(self, image: Image) -> None:
        """Show a picture, BGR uint8 (H, W, 3)."""

    def poll_key(self) -> int | None:
        """Handle what the window system has to say and return a key, without waiting."""


class View(Protocol):
    """Where pictures are shown to whoever happens to watch, such as a web page.

    `see` and `write` are called on the main thread.
    """

    @property
    def is_watched(self) -> bool:
        """Whether anybody watches."""

    @property
    def is_waiting(self) -> bool:
        """Whether somebody watches who has no picture yet."""

    def see(self, mask: Mask | None) -> None:
        """Take note of every new picture's mask, whether anybody watches or not."""

    def write(self, picture: Annotated) -> None:
        """Take a picture, also one drawn again: copy what is kept, never wait.

        Nothing is drawn, and this not called, while nobody looks at any output.
        """


class Watcher(Protocol):
    """Who follows what a run sees. Called on the main thread: never wait."""

    def see(self, frame: Frame, mask: Mask | None) -> None:
        """Take note of a new picture and the mask that goes on it, of its size."""

    def turn(self) -> None:
        """Look after what does not depend on pictures; called many times a second."""


class Keys:
    """Turns keys into changes of the controls.

    q or Esc quit, space pauses, s takes a snapshot, o, l and h switch overlay, legend and HUD,
    [ and ] change the opacity, 1 to 4 choose the style, r asks the endpoint at once.

    Args:
        panel: What the keys change.
        snapshot: Called for `s`.
        try_now: Called for `r`.
    """

    def __init__(
        self, panel: ControlPanel, snapshot: Callable[[], None], try_now: Callable[[], None]
    ) -> None:
        self._panel = panel
        self._snapshot = snapshot
        self._try_now = try_now
        self.quit = False

    def press(self, key: int) -> None:
        """Do what the key stands for; other keys do nothing."""
        if key == ESCAPE:
            self.quit = True
            return
        character = chr(key) if 0 <= key < 256 else ""
        toggles = {" ": "paused", "o": "show_overlay", "l": "show_legend", "h": "show_hud"}
        steps = {"[": -OPACITY_STEP, "]": OPACITY_STEP}
        if character == "q":
            self.quit = True
        elif character == "s":
            self._snapshot()
        elif character == "r":
            self._try_now()
        elif character in toggles:
            self._panel.toggle(toggles[character])
        elif character in steps:
            self._panel.change(opacity=self._panel.snapshot().opacity + steps[character])
        elif character.isdigit() and 1 <= int(character) <= len(STYLES):
            self._panel.change(style=STYLES[int(character) - 1])


CAPACITY = 32  # about one second of pictures
MOST_BYTES = 256 * 2**20  # 32 pictures of 1080p, but only five of 4K


class BackgroundSink:
    """Feeds a sink from a bounded queue. What does not fit is counted as `frames_unwritten`.

    Args:
        sink: Gets every picture, in order, from the thread that calls `run`.
        metrics: Counts what the sink could not take.
        capacity: Pictures that may wait; fewer if they are large.
    """

    def __init__(self, sink: Sink, metrics: Metrics, capacity: int = CAPACITY) -> None:
        self._sink = sink
        self._metrics = metrics
        self._capacity = capacity
        self._changed = threading.Condition()
        self._pictures: deque[Annotated] = deque()
        self._closed = False
        self._drops = DropLog(
            logger, f"frames not written: {type(sink).__name__} is slower than the source"
        )

    def put(self, picture: Annotated) -> None:
        """Queue a picture, whose image must not change any more; never waits."""
        room = min(self._capacity, MOST_BYTES // (2 * picture.image.nbytes) + 1)
        with self._changed:
            if self._closed or len(self._pictures) >= room:
                self._metrics.count("frames_unwritten")
                self._drops.add()
                return
            self._pictures.append(picture)
            self._changed.notify()

    def run(self) -> None:
        """Write until `close` was called and everything queued is written."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pictures or self._closed)
                if not self._pictures:
                    return
                picture = self._pictures.popleft()
            self._sink.write(picture)

    def close(self) -> None:
        """Take no more pictures; `run` writes those that wait and returns."""
        with self._changed:
            self._closed = True
            self._changed.notify()


class Onlooker(Resource):
    """Sees a run from outside of its loop: its pictures, figures and controls.

    Attributes:
        view: Takes the run's pictures.
    """

    view: View

    @abstractmethod
    def attend(self, loop: "LiveLoop") -> None:
        """Begin to look on. Called once, when the run is about to begin."""

    def hear(self, event: Event) -> None:
        """Take an event of the run; from any thread, never wait."""


OpenOnlooker = Callable[[Source, ControlPanel, Metrics], Onlooker]
"""Makes the onlooker of a run from what the run shows, obeys and counts with."""
