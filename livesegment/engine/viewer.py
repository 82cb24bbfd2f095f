"""The window as the live loop sees it, and what its keys do."""

from collections.abc import Callable
from typing import Protocol

from livesegment.controls import STYLES, ControlPanel
from livesegment.frame import Frame, Image
from livesegment.mask import Mask
from livesegment.sinks.base import Annotated

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
    [ and ] change the opacity, 1 to 4 choose the style.

    Args:
        panel: What the keys change.
        snapshot: Called for `s`.
    """

    def __init__(self, panel: ControlPanel, snapshot: Callable[[], None]) -> None:
        self._panel = panel
        self._snapshot = snapshot
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
        elif character in toggles:
            self._panel.toggle(toggles[character])
        elif character in steps:
            self._panel.change(opacity=self._panel.snapshot().opacity + steps[character])
        elif character.isdigit() and 1 <= int(character) <= len(STYLES):
            self._panel.change(style=STYLES[int(character) - 1])
