"""The window."""

import os
import sys
from pathlib import Path

import cv2

from livesegment.errors import DisplayUnavailable
from livesegment.frame import Image
from livesegment.sinks.base import Annotated, Sink
from livesegment.sinks.display import check_opencv, open_display

_UNKNOWN_SCREEN = (1280, 800)
_SHARE_OF_SCREEN = 0.9

# The plain window has no toolbar, whose text needs fonts that the wheels of OpenCV lack.
_FLAGS = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL

# GTK and Qt put modifiers such as num lock above the 16 bits of the key itself.
_KEY_BITS = 0xFFFF


def _prepare_qt() -> None:
    """Set what Qt reads when its first window opens."""
    if sys.platform in {"win32", "darwin"}:
        return
    plugins = Path(cv2.__file__).parent / "qt" / "plugins" / "platforms"
    if (plugins / "libqxcb.so").exists():
        # The wheels know X11 only; told to use Wayland by the desktop, Qt would end the process.
        os.environ["QT_QPA_PLATFORM"] = "xcb"


class WindowSink(Sink):
    """Shows pictures in a window of the desktop. Made and used on the main thread only.

    The window opens with the first picture, as large as it is or as the screen allows; the user
    may resize it, the picture keeps its shape.

    Args:
        title: What the window is called.

    Raises:
        DisplayUnavailable: If there is no display, or an OpenCV without windows.
    """

    def __init__(self, title: str = "livesegment") -> None:
        check_opencv()
        self._screen = open_display() or _UNKNOWN_SCREEN
        _prepare_qt()
        self._title = title
        self._shown = False
        self._closed = False

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
            cv2.imshow(self._title, image)
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

    def write(self, picture: Annotated) -> None:
        """Show the annotated picture and handle events, where no loop calls `poll_key`.

        Raises:
            DisplayUnavailable: If the window system fails.
        """
        self.show(picture.image)
        self.poll_key()

    def close(self) -> None:
        """Close the window. May be called twice."""
        was_open = self._shown and self.is_open
        self._closed = True
        if was_open:
            cv2.destroyWindow(self._title)
            cv2.pollKey()

    def _open(self, width: int, height: int) -> None:
        room = [_SHARE_OF_SCREEN * side for side in self._screen]
        scale = min(1.0, room[0] / width, room[1] / height)
        cv2.namedWindow(self._title, _FLAGS)
        cv2.resizeWindow(self._title, max(1, round(width * scale)), max(1, round(height * scale)))
        self._shown = True
