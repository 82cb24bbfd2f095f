"""What the window's tests run in processes of their own; no test itself."""

import ctypes
import sys

import cv2
import numpy as np

from livesegment.errors import DisplayUnavailable
from livesegment.sinks.window import Window


def show() -> None:
    """Show a picture, tell every key; end with q or when the user closes the window."""
    image = np.zeros((800, 1600, 3), np.uint8)
    image[:, :800], image[:, 800:] = (0, 0, 255), (0, 255, 0)
    with Window("a window") as window:
        assert window.is_open
        assert window.poll_key() is None
        for _ in range(50):
            window.show(image)
            assert window.poll_key() is None
        print("shown", flush=True)
        key = None
        while window.is_open and key != ord("q"):
            window.show(image)
            key = window.poll_key()
            if key is not None:
                print("key", key, flush=True)
        if not window.is_open:
            window.show(image)
            assert window.poll_key() is None
            assert not window.is_open
            print("closed by the user", flush=True)
    window.close()
    assert not window.is_open


class DlInfo(ctypes.Structure):
    """Dl_info of dladdr(3)."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("symbol", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


def events() -> None:
    """Tell the file of the function by which Qt tells Xlib that it reads the events itself."""
    Window("a window")
    program, found = ctypes.CDLL(None), DlInfo()
    taken = ctypes.cast(program.XSetEventQueueOwner, ctypes.c_void_p)
    assert program.dladdr(taken, ctypes.byref(found))
    print(found.file.decode(), flush=True)


def headless(folder: str) -> None:
    """Ask for a window where OpenCV's build says that it has none.

    The build's text is what the headless wheel says of itself; that wheel cannot be installed
    beside the other.
    """
    sys.path[:] = [folder, *(path for path in sys.path if "site-packages" not in path)]
    text = cv2.getBuildInformation()
    start = text.index("GUI:")
    words = (
        text[: start + 4] + "                           NONE\n" + text[text.index("\n", start) :]
    )
    cv2.getBuildInformation = lambda: words
    Window()


class ClientMessage(ctypes.Structure):
    """XClientMessageEvent of Xlib, with the padding of XEvent."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("padding", ctypes.c_long * 24),
    )


def click_close(window: int) -> None:
    """Send what a window manager sends when the user clicks the window's X."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.restype = ctypes.c_ulong
    x11.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    x11.XSendEvent.argtypes = [
        ctypes.c_void_p,
        ctypes.c_ulong,
        ctypes.c_int,
        ctypes.c_long,
        ctypes.c_void_p,
    ]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    display = x11.XOpenDisplay(None)
    event = ClientMessage(33, 0, 1, display, window, x11.XInternAtom(display, b"WM_PROTOCOLS", 0))
    event.format = 32
    event.data[0] = x11.XInternAtom(display, b"WM_DELETE_WINDOW", 0)
    assert x11.XSendEvent(display, window, 0, 0, ctypes.byref(event))
    x11.XCloseDisplay(display)


if __name__ == "__main__":
    try:
        if sys.argv[1] == "show":
            show()
        elif sys.argv[1] == "events":
            events()
        elif sys.argv[1] == "headless":
            headless(sys.argv[2])
        else:
            click_close(int(sys.argv[2]))
    except DisplayUnavailable as error:
        print(f"DisplayUnavailable: {error}")
