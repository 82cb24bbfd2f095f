"""The window, and the keys that are pressed in it."""

import ctypes
import os
import sys
from contextlib import suppress

import cv2

from livesegment.downscale import fitting, made_to_fit
from livesegment.errors import DisplayUnavailable
from livesegment.frame import Image
from livesegment.opencv import opencv_version
from livesegment.output import LiveRun, Output, Shown, Wants
from livesegment.profile import stage
from livesegment.settings.controls import ALIGNMENTS, STYLES
from livesegment.settings.keys import shown_keys
from livesegment.sinks.display_check import check_libraries, check_opencv, open_display, qt_plugin
from livesegment.sinks.letterbox import with_margins

ESCAPE = 27
OPACITY_STEP = 0.1
_F1 = 0xFFBE  # as X11 numbers it, and so GTK's and Qt's windows; others tell nothing of it

KEYS = shown_keys("window")
"""What each key does, as it is shown in the window."""


def press(key: int, run: LiveRun) -> None:
    """Do what a key stands for; other keys do nothing.

    q or Esc quit, space pauses, s takes a snapshot, o, l and h switch overlay, legend and HUD,
    a goes on to the next way in which a late mask meets its picture (warp, delay, paste), [ and ]
    change the opacity, 1 to 4 choose the style, r asks the endpoint at once, ? or F1 show the keys.

    Args:
        key: The character's code, as `Window.poll_key` returns it.
        run: What is shown.
    """
    character = "?" if key == _F1 else chr(key) if 0 <= key < 256 else ""
    toggles = {" ": "paused", "o": "show_overlay", "l": "show_legend", "h": "show_hud"}
    toggles |= {"?": "show_keys"}
    steps = {"[": -OPACITY_STEP, "]": OPACITY_STEP}
    controls = run.controls
    if key == ESCAPE or character == "q":
        run.stop()
    elif character == "s":
        run.take_snapshot()
    elif character == "r":
        run.try_now()
    elif character == "a":
        at = ALIGNMENTS.index(controls.snapshot().align)
        controls.change(align=ALIGNMENTS[(at + 1) % len(ALIGNMENTS)])
    elif character in toggles:
        controls.toggle(toggles[character])
    elif character in steps:
        controls.change(opacity=controls.snapshot().opacity + steps[character])
    elif character.isdecimal() and 1 <= int(character) <= len(STYLES):
        controls.change(style=STYLES[int(character) - 1])


_UNKNOWN_SCREEN = (1280, 800)
_SHARE_OF_SCREEN = 0.9

# Windows of macOS are measured in points, which are two pixels wide on most of its screens.
_PIXELS_A_POINT = 2 if sys.platform == "darwin" else 1

# Before 4.12, Qt's window shows a picture of another size than the one before in that size, in the
# middle, and takes where that is for the window.
_FITS_PICTURES = opencv_version() >= (4, 12)

# The plain window has no toolbar, whose text needs fonts that the wheels of OpenCV lack. The
# picture keeps its shape by margins of its own: the window system's are white.
_FLAGS = cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL

# GTK and Qt put modifiers such as num lock above the 16 bits of the key itself.
_KEY_BITS = 0xFFFF


def _prepare_qt() -> None:
    """Set what Qt reads when its first window opens."""
    if sys.platform in {"win32", "darwin"}:
        return
    if qt_plugin() is not None:
        # The wheels know X11 only; told to use Wayland by the desktop, Qt would end the process.
        os.environ["QT_QPA_PLATFORM"] = "xcb"
        # By the function XSetEventQueueOwner Qt tells Xlib that it reads the events itself. That of
        # the wheels' own libX11-xcb writes it where an older libX11 has it; the system's, if it
        # is newer, is not told, takes some of the first events away, and with that of its mapping
        # missing Qt paints nothing in the window, ever. What is global is found before that.
        with suppress(OSError):
            ctypes.CDLL("libX11-xcb.so.1", mode=ctypes.RTLD_GLOBAL)


class Window(Output):
    """Shows a run in a window of the desktop. Made and used on the main thread only.

    The window opens with the first picture, as large as it is or as the screen allows; the user
    may resize it, the picture keeps its shape, with dark margins. Keys change the run's controls;
    the run ends when the user closes the window.

    Args:
        title: What the window is called.

    Raises:
        DisplayUnavailable: If there is no display, an OpenCV without windows, or one whose windows
            need what the system lacks.
    """

    wants = Wants.WINDOW

    def __init__(self, title: str = "livesegment") -> None:
        check_opencv()
        self._screen = open_display() or _UNKNOWN_SCREEN
        _prepare_qt()
        check_libraries()
        self._title = title
        self._shown = False
        self._closed = False
        self._shown_in: tuple[int, int] | None = None
        self._run: LiveRun | None = None

    def on_start(self, run: LiveRun) -> None:
        """Show a run."""
        self._run = run

    def on_frame(self, shown: Shown) -> None:
        """Show a picture.

        Raises:
            DisplayUnavailable: If the window system fails.
        """
        assert shown.image is not None
        with stage("window"):
            self.show(shown.image)

    def on_tick(self) -> None:
        """Let the window handle its events, and do what the user wants."""
        assert self._run is not None
        with stage("window"):
            is_open, key = self.is_open, self.poll_key()
        if not is_open:
            self._run.stop()
        elif key is not None:
            press(key, self._run)

    @property
    def largest_size(self) -> tuple[int, int] | None:
        """What the window shows; before it opens, what fits on the screen."""
        if not self._shown or not _FITS_PICTURES:
            return self._room
        if not self.is_open:
            return None
        _, _, width, height = cv2.getWindowImageRect(self._title)
        if width <= 0 or height <= 0:
            return None
        return _PIXELS_A_POINT * width, _PIXELS_A_POINT * height

    @property
    def is_waiting(self) -> bool:
        """Whether the window has another size than its picture was made for."""
        return self._shown and self.largest_size != self._shown_in

    @property
    def _room(self) -> tuple[int, int]:
        return int(_SHARE_OF_SCREEN * self._screen[0]), int(_SHARE_OF_SCREEN * self._screen[1])

    @property
    def is_open(self) -> bool:
        """Whether the user has left the window open; also True before the first picture."""
        if self._closed or not self._shown:
            return not self._closed
        try:
            return cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:
            # Qt raises once its last window is gone.
            return False

    def show(self, image: Image) -> None:
        """Show a picture; a window that the user has closed stays closed.

        It appears with the next `poll_key`.

        Args:
            image: BGR uint8 (H, W, 3).

        Raises:
            DisplayUnavailable: If the window system fails.
        """
        if not self.is_open:
            return
        try:
            if not self._shown:
                self._open(image.shape[1], image.shape[0])
            self._shown_in = size = self.largest_size
            # The window system would make it smaller too, at several times the cost.
            fitted = made_to_fit(image, size)
            cv2.imshow(self._title, with_margins(fitted, size) if _FITS_PICTURES else fitted)
        except cv2.error as error:
            raise DisplayUnavailable("OpenCV could not show the window: use --no-window") from error

    def poll_key(self) -> int | None:
        """Let the window handle its events and return a key that was pressed, without waiting.

        Returns:
            The character's code for letters, digits and signs, 27 for Esc; None: no key.
        """
        if not self.is_open or not self._shown:
            return None
        key = cv2.pollKey()
        return None if key < 0 else key & _KEY_BITS

    def close(self) -> None:
        """Close the window. May be called twice."""
        was_open = self._shown and self.is_open
        self._closed = True
        if was_open:
            cv2.destroyWindow(self._title)
            cv2.pollKey()

    def _open(self, width: int, height: int) -> None:
        cv2.namedWindow(self._title, _FLAGS)
        cv2.resizeWindow(self._title, *fitting((width, height), self._room))
        self._shown = True
