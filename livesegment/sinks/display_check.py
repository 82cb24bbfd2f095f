"""Whether a window can be opened, found out without opening one.

OpenCV's Qt ends the whole process where it finds no display, which no `except` can catch.
"""

import ctypes
import os
import re
import sys
from pathlib import Path

import cv2

from livesegment.errors import DisplayUnavailable
from livesegment.opencv import has_windows, installed_wheels, repair


def window_backend() -> str | None:
    """Return what the installed OpenCV opens windows with, such as QT5; None: it opens none."""
    found = re.search(r"^\s*GUI:\s*(\S+)", cv2.getBuildInformation(), re.MULTILINE)
    name = "an unknown toolkit" if found is None else found[1]
    return None if name == "NONE" else name


def check_opencv() -> None:
    """Check that the installed OpenCV can open windows at all.

    Raises:
        DisplayUnavailable: If it is built without windows, with the command that helps.
    """
    if window_backend() is not None:
        return
    wheels = installed_wheels()
    headless = [wheel for wheel in wheels if not has_windows(wheel)]
    if len(wheels) > len(headless) > 0:
        raise DisplayUnavailable(
            f"{' and '.join(wheels)} are both installed and the one without windows is in use: "
            f"{repair(wheels)}, or use --no-window"
        )
    if headless:
        raise DisplayUnavailable(
            f"{headless[0]} cannot open windows: {repair(headless)}, or use --no-window"
        )
    raise DisplayUnavailable(
        "this OpenCV is built without windows: install opencv-python, or use --no-window"
    )


def qt_plugin() -> Path | None:
    """Return what Qt shows windows with in OpenCV's wheels; None: it is none of them."""
    plugin = Path(cv2.__file__).parent / "qt" / "plugins" / "platforms" / "libqxcb.so"
    return plugin if plugin.exists() else None


def check_libraries() -> None:
    """Check that the system has the libraries that the wheels' Qt needs of it.

    It loads Qt, which then goes by what had been loaded before.

    Raises:
        DisplayUnavailable: If one is missing, with the command that helps.
    """
    plugin = qt_plugin()
    if plugin is None:
        return
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        library = str(error).partition(":")[0].rpartition("/")[2]
        advice = "install it"
        if library in {"libSM.so.6", "libICE.so.6"}:
            advice = "run 'apt-get install libsm6', or your system's words for it"
        raise DisplayUnavailable(
            f"OpenCV's windows need {library}: {advice}, or use --no-window"
        ) from None


def open_display() -> tuple[int, int] | None:
    """Check that there is a display to open a window on.

    Returns:
        The screen's (width, height) in pixels; None where that is not known (Windows and macOS,
        which always have a display, or X11 without its library).

    Raises:
        DisplayUnavailable: If there is none.
    """
    if sys.platform in {"win32", "darwin"}:
        return None
    name = os.environ.get("DISPLAY", "")
    if not name:
        if os.environ.get("WAYLAND_DISPLAY"):
            raise DisplayUnavailable(
                "this Wayland session has no X server, which OpenCV's windows need: "
                "enable XWayland, or use --no-window"
            )
        raise DisplayUnavailable(
            "there is no display to open a window on (DISPLAY is not set): use --no-window"
        )
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return None
    size = _screen_size(x11)
    if size is None:
        raise DisplayUnavailable(f"the display {name} does not answer: use --no-window")
    return size


def _screen_size(x11: ctypes.CDLL) -> tuple[int, int] | None:
    x11.XOpenDisplay.argtypes = [ctypes.c_char_p]
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XDefaultScreen.argtypes = [ctypes.c_void_p]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    display = x11.XOpenDisplay(None)
    if not display:
        return None
    screen = x11.XDefaultScreen(display)
    for measure in (x11.XDisplayWidth, x11.XDisplayHeight):
        measure.argtypes = [ctypes.c_void_p, ctypes.c_int]
    size = x11.XDisplayWidth(display, screen), x11.XDisplayHeight(display, screen)
    x11.XCloseDisplay(display)
    return size
